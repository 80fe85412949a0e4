"""Tests of `pantheon.turns.freeze`: who answers, in which mode and order, or why nobody does."""

from dataclasses import replace
from typing import Any

import pytest

from pantheon.base import ids
from pantheon.base.errors import INVALID, Problem
from pantheon.providers.registry import UNKNOWN_MODEL
from pantheon.rooms.limits import DEFAULTS
from pantheon.turns.freeze import LONGEST_TEXT, NO_AGENTS, NO_VALID_MENTION, check_input, freeze
from pantheon.turns.place import Place
from pantheon.turns.types import Frozen, TurnInput
from tests.make import demo_providers


def agent(key: str, **given: Any) -> dict[str, Any]:
    """Return an agent of a roster, as the database tells it."""
    told = {
        "agent_id": f"id-{key}",
        "key": key,
        "name": key.title(),
        "color": 1,
        "model": "demo/fast",
        "prompt_id": f"prompt-{key}",
        "parameters": {},
        "context": {"policy": "everything"},
        "muted": False,
        "seated": True,
    }
    return {**told, **given}


ROOM = Place(
    id=ids.new(),
    room_id=ids.new(),
    head_turn_id=None,
    head_index=0,
    turn_count=0,
    name=None,
    room_mode="roundtable",
    goal="Decide.",
    mentions="override",
    tag_order="parallel",
    limits={"step_seconds": 60},
    roster=[agent("ann"), agent("bob"), agent("cleo"), agent("dan", muted=True)],
)
ALONE = replace(ROOM, room_id=None, room_mode=None, mentions=None, tag_order=None, limits={})


def frozen(place: Place, text: str = "Well?", **wanted: Any) -> tuple[str, list[str], Frozen]:
    """Freeze a turn; return its mode, its keys in their order, and all of it."""
    mode, kept, _ = freeze(place, demo_providers(), TurnInput(text, **wanted))
    assert [seat.position for seat in kept.seats] == list(range(1, len(kept.seats) + 1))
    return mode, [seat.key for seat in kept.seats], kept


def refused(place: Place, text: str = "Well?", **wanted: Any) -> Problem:
    """Return why a turn is refused."""
    with pytest.raises(Problem) as caught:
        freeze(place, demo_providers(), TurnInput(text, **wanted))
    return caught.value


ALL = ["ann", "bob", "cleo"]


@pytest.mark.parametrize(
    ("mentions", "wanted", "text", "mode", "keys", "order"),
    [
        ("override", {}, "Well?", "roundtable", ALL, "sequence"),
        ("override", {}, "@cleo, @Ann?", "manual", ["cleo", "ann"], "parallel"),
        ("override", {}, "Ask `@ann` at a@bob.example", "roundtable", ALL, "sequence"),
        ("override", {"mode": "roundtable"}, "@cleo?", "roundtable", ALL, "sequence"),
        ("override", {"agents": ("bob",)}, "Well?", "manual", ["bob"], "parallel"),
        ("override", {"agents": ("BOB",)}, "@cleo?", "manual", ["cleo", "bob"], "parallel"),
        ("override", {"mode": "tag"}, "@all", "manual", ALL, "parallel"),
        ("override", {"order": "sequence"}, "@bob @ann", "manual", ["bob", "ann"], "sequence"),
        ("first", {}, "@cleo?", "roundtable", ["cleo", "ann", "bob"], "sequence"),
        ("first", {"mode": "manual"}, "@cleo?", "manual", ["cleo"], "parallel"),
        ("ignore", {}, "@cleo?", "roundtable", ALL, "sequence"),
    ],
)
def test_mode_and_order(mentions, wanted, text, mode, keys, order):
    found, chosen, kept = frozen(replace(ROOM, mentions=mentions), text, **wanted)
    assert (found, chosen, kept.order) == (mode, keys, order)


def test_an_agent_alone_is_asked_directly_and_reads_no_tags():
    mode, keys, kept = frozen(replace(ALONE, roster=[agent("ann")]), "@nobody?")
    assert (mode, keys, kept.in_room) == ("direct", ["ann"], False)
    assert refused(replace(ALONE, roster=[agent("ann")]), mode="manual").kind is INVALID


def test_nobody_valid_is_refused_with_the_keys_there_are():
    problem = refused(ROOM, "@cloe?", mode="manual")
    assert problem.kind is NO_VALID_MENTION
    assert problem.extra == {"valid_keys": ALL, "near_keys": ["cleo"]}
    assert refused(ROOM, mode="manual").kind is NO_VALID_MENTION
    assert refused(ROOM, "@ann?", agents=("zoe",)).kind is NO_VALID_MENTION


def test_a_near_key_does_not_route_and_an_unknown_one_warns():
    mode, kept, warnings = freeze(ROOM, demo_providers(), TurnInput("@ann and @cloe and @dan?"))
    assert (mode, [seat.key for seat in kept.seats]) == ("manual", ["ann"])
    assert [warning["code"] for warning in warnings] == ["unknown_mention", "agent_muted"]


def test_who_is_muted_answers_in_no_mode():
    assert frozen(ROOM, "@all")[1] == ALL
    assert refused(ROOM, "@dan", mode="manual").kind is NO_VALID_MENTION
    silent = replace(ROOM, roster=[agent("dan", muted=True)])
    assert refused(silent).kind is NO_AGENTS
    assert refused(replace(ROOM, roster=[])).kind is NO_AGENTS


@pytest.mark.parametrize(
    "wanted",
    [
        {"mode": "direct"},
        {"approve": "plan"},
        {"mode": "Roundtable"},
        {"mode": "roundtable", "order": "parallel"},
        {"mode": "roundtable", "agents": ("ann",)},
        {"models": {"zoe": "demo/fast"}},
        {"limits": {"step_seconds": 0}},
        {"limits": {"sideways": 1}},
    ],
)
def test_what_does_not_go_together_is_refused(wanted):
    assert refused(ROOM, **wanted).kind is INVALID


def test_models_are_replaced_by_key_and_have_to_be_there():
    _, _, kept = frozen(ROOM, models={"bob": "demo/analyst"})
    assert [seat.model for seat in kept.seats] == ["demo/fast", "demo/analyst", "demo/fast"]
    assert refused(ROOM, models={"bob": "demo/nobody"}).kind is UNKNOWN_MODEL


def test_a_turn_may_tighten_the_limits_of_its_room_only():
    wanted = {"step_seconds": 90, "turn_seconds": 300, "rounds": 9}
    _, _, kept = frozen(ROOM, limits=wanted)
    assert kept.limits == {**DEFAULTS, "step_seconds": 60, "turn_seconds": 300}
    tight = frozen(ROOM, limits={"step_seconds": 5})[2].limits
    assert tight == {**DEFAULTS, "step_seconds": 5}


@pytest.mark.parametrize(
    "text", ["", " \n\t", "x" * (LONGEST_TEXT + 1), "a\x00b", "a\ud800b"]
)  # fmt: skip
def test_what_is_no_text_is_refused(text):
    with pytest.raises(Problem) as caught:
        check_input(TurnInput(text))
    assert caught.value.kind is INVALID


def test_the_longest_text_is_taken():
    check_input(TurnInput("x" * LONGEST_TEXT))
    with pytest.raises(Problem, match="at most"):
        check_input(TurnInput("x" * (LONGEST_TEXT + 1)))
