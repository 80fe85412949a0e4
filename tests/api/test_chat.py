"""Tests of `pantheon.api.chat`: whom a model names, what is known again, and the one text."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantheon.api.chat import (
    BEGUN_ANEW,
    Pieces,
    Said,
    Target,
    chat_usage,
    fingerprint,
    question_of,
    reply_of,
    target_of,
    with_earlier,
)
from pantheon.base.errors import Problem
from pantheon.turns.mentions import find_mentions

ROOM = "0197c0de-0000-7000-8000-000000000001"


@pytest.mark.parametrize(
    ("model", "target"),
    [
        (f"room:{ROOM}", Target(UUID(ROOM))),
        (f"room:{ROOM}/manual", Target(UUID(ROOM), "manual")),
        ("agent:critic-2", Target(agent_key="critic-2")),
    ],
)
def test_whom_a_model_names(model: str, target: Target) -> None:
    assert target_of(model) == target


@pytest.mark.parametrize(
    "model", ["", "gpt-4o", "room:", f"room:{'-' * 36}", f"room:{ROOM}/", "agent:Critic", "agent:"]
)
def test_what_names_nobody(model: str) -> None:
    with pytest.raises(Problem) as caught:
        target_of(model)
    assert caught.value.kind.code == "not_found"


def test_a_conversation_is_known_by_all_that_was_said() -> None:
    said = [Said("user", "Hi"), Said("assistant", "Hello. ")]
    known = fingerprint("m", said)
    assert known == fingerprint("m", [Said("user", "Hi "), Said("assistant", "Hello.")])
    for other in (
        fingerprint("n", said),
        fingerprint("m", said[:1]),
        fingerprint("m", [*said, Said("user", "")]),
        fingerprint("m", [Said("assistant", "Hi"), Said("user", "Hello.")]),
        fingerprint("m", [Said("user", "HiHello."), Said("assistant", "")]),
    ):
        assert other != known


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=4))
def test_what_was_said_before_calls_nobody(texts: list[str]) -> None:
    earlier = [Said("user", f"@a0 {text}") for text in texts]
    told = with_earlier([*earlier, Said("user", "And now?")])
    assert told.endswith("And now?")
    assert find_mentions(told, ["a0"]).keys == ()
    assert all(said.text in told for said in earlier)
    assert with_earlier([Said("user", "@a0 now?")]) == "@a0 now?"


@pytest.mark.parametrize("messages", [[], [Said("user", "Hi"), Said("assistant", "Hello")]])
def test_without_a_question_there_is_no_answer(messages: list[Said]) -> None:
    with pytest.raises(Problem) as caught:
        question_of(messages)
    assert caught.value.kind.code == "validation_error"


def step(position: int, text: str | None, **given: Any) -> dict[str, Any]:
    told = {
        "id": f"s{position}", "round": 1, "position": position, "kind": "answer",
        "status": "completed", "agent": {"name": f"A{position}"}, "error": None,
        "message": None if text is None else {"id": "m", "content": text},
    }  # fmt: skip
    return {**told, **given}


def turn(*steps: dict[str, Any], mode: str = "roundtable", seats: int = 2) -> dict[str, Any]:
    return {"mode": mode, "roster": [{}] * seats, "steps": list(steps)}


FAILED = {"status": "failed", "error": {"title": "Out of time"}}


@pytest.mark.parametrize(
    ("answered", "text"),
    [
        (turn(step(1, "Yes."), seats=1), "Yes."),
        (turn(step(1, "Yes."), step(2, "No.")), "**A1**\n\nYes.\n\n**A2**\n\nNo."),
        (
            turn(step(1, None, **FAILED), step(2, "No.")),
            "**A1**\n\n(A1 could not answer: Out of time.)\n\n**A2**\n\nNo.",
        ),
        (
            turn(step(1, "Half", **FAILED), step(2, None, status="skipped")),
            "**A1**\n\nHalf\n\n(A1 could not answer: Out of time.)",
        ),
        (turn(step(0, None, kind="route"), step(1, "x"), step(3, "S", kind="synthesis")), "S"),
        (
            turn(step(1, "x"), step(3, None, kind="synthesis", **FAILED)),
            "**A1**\n\nx\n\n**A3**\n\n(A3 could not answer: Out of time.)",
        ),
        (turn(step(1, None, status="cancelled")), ""),
    ],
)
def test_several_answers_are_one_text(answered: dict[str, Any], text: str) -> None:
    assert reply_of(answered) == text


def delta(of: str, text: str, offset: int) -> tuple[str, dict[str, Any]]:
    return "step.delta", {"step_id": of, "text": text, "offset": offset}


def play(*events: tuple[str, dict[str, Any]]) -> list[str]:
    pieces = Pieces()
    given = [pieces.take(name, data) for name, data in events]
    assert pieces.said == "".join(given)
    return given


def test_who_is_faster_waits_to_be_shown() -> None:
    waiting = [step(n, None, status="pending") for n in (1, 2)]
    over = [step(1, "One."), step(2, "Two.")]
    assert play(
        ("turn.created", {"turn": turn(*waiting)}),
        ("step.started", {"step": step(2, "", status="running")}),
        delta("s2", "Two.", 0),
        ("step.completed", {"step": over[1]}),
        ("step.started", {"step": step(1, "", status="running")}),
        delta("s1", "On", 0),
        delta("s1", "e.", 2),
        ("step.completed", {"step": over[0]}),
        ("turn.completed", {"turn": turn(*over)}),
    ) == ["", "", "", "", "", "**A1**\n\nOn", "e.", "\n\n**A2**\n\nTwo.", ""]


def test_a_step_that_begins_anew_takes_nothing_back() -> None:
    running = step(1, "", status="running")
    assert play(
        ("turn.created", {"turn": turn(running, seats=1)}),
        delta("s1", "Half of", 0),
        ("step.restarted", {"step": running}),
        delta("s1", "Half", 0),
        delta("s1", " as much", 4),
        ("turn.completed", {"turn": turn(step(1, "Half as much"), seats=1)}),
    ) == ["", "Half of", "", "", f"{BEGUN_ANEW}Half as much", ""]


def test_of_a_manager_only_the_synthesis_is_shown() -> None:
    agent = step(1, "Mine.")
    last = step(9, "", kind="synthesis", status="running")
    assert play(
        ("turn.created", {"turn": turn(mode="orchestrator")}),
        ("step.completed", {"step": agent}),
        ("step.started", {"step": last}),
        delta("s9", "All in all", 0),
        ("turn.completed", {"turn": turn(agent, step(9, "All in all.", kind="synthesis"))}),
    ) == ["", "", "", "All in all", "."]


def test_a_synthesis_that_fails_shows_the_agents_at_the_end() -> None:
    agent, last = step(1, "Mine."), step(9, None, kind="synthesis", **FAILED)
    given = play(
        ("turn.created", {"turn": turn(mode="orchestrator")}),
        ("step.completed", {"step": agent}),
        ("step.failed", {"step": last}),
        ("turn.completed", {"turn": turn(agent, last)}),
    )
    assert given[:3] == [""] * 3
    assert given[3].startswith("**A1**\n\nMine.")


def test_usage_in_their_words() -> None:
    usage = {
        "input_tokens": 10,
        "output_tokens": 5,
        "cached_input_tokens": 4,
        "reasoning_tokens": 2,
    }
    assert chat_usage(usage) == {
        "prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 2},
    }  # fmt: skip
