"""Transcripts: a history that is continued reads as one that is written anew."""

from dataclasses import replace
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pantheon.context import transcripts
from pantheon.context.quotes import Parts, PastTurn, Recap
from pantheon.context.transcripts import WORTH_KEEPING, compose, transcript
from tests.context.test_quotes import said, speaker

KEYS = ("ann", "bob", "cid")


def turn(index: int, *keys: str) -> PastTurn:
    answers = tuple(said(key, f"{key} {index}") for key in keys)
    return PastTurn(index, said(None, f"Q{index}"), answers, id=uuid4())


def parts(history: list[PastTurn], recap: Recap | None = None) -> Parts:
    return Parts(recap, (), tuple(history), said(None, "Now?"), ())


def anew(history: list[PastTurn]) -> list[PastTurn]:
    """Return the same turns as another process reads them."""
    return [replace(past) for past in history]


@settings(max_examples=40)
@given(
    st.lists(st.lists(st.sampled_from(KEYS), max_size=4), min_size=4, max_size=12),
    st.lists(st.integers(1, 100), min_size=1, max_size=6),
    st.booleans(),
)
def test_continued_is_written_anew(talk: list[list[str]], lengths: list[int], recap: bool) -> None:
    history = [turn(i, *talk[i % len(talk)]) for i in range(1, 101)]
    before = Recap(uuid4(), "all", 1, 9, "Before.") if recap else None
    for length in lengths:
        for key in KEYS:
            who = speaker(key=key)
            told = compose(who, parts(history[:length], before))
            assert told == compose(who, parts(anew(history[:length]), before))


def test_only_new_turns_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    written = []
    quote = transcripts.quote
    monkeypatch.setattr(
        transcripts, "quote", lambda who, said: written.append(said.text) or quote(who, said)
    )
    history = [turn(i, "bob") for i in range(WORTH_KEEPING + 2)]
    compose(speaker(), parts(history[:-1]))
    written.clear()
    compose(speaker(), parts(history))
    assert written == [f"Q{len(history) - 1}", f"bob {len(history) - 1}", "Now?"]


@pytest.mark.parametrize("at", [0, 30, WORTH_KEEPING])
def test_a_turn_that_has_changed_is_read_as_it_is_now(at: int) -> None:
    history = [turn(i, "ann", "bob") for i in range(WORTH_KEEPING + 1)]
    compose(speaker(), parts(history))
    history[at] = replace(history[at], answers=(said("bob", "taken back"),))
    told = "\n".join(message.content for message in compose(speaker(), parts(history)))
    assert "taken back" in told
    assert f"ann {at}\n" not in f"{told}\n"


def test_each_agent_has_its_own() -> None:
    history = [turn(i, *KEYS) for i in range(WORTH_KEEPING)]
    for key in KEYS:
        messages = transcript(speaker(key=key), tuple(history)).messages
        assert messages[1].content == f"{key} 0"
    assert transcript(speaker(labelled=False), tuple(history)).messages[0].content == "Q0"
