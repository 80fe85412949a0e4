"""Tests of `pantheon.turns.types`."""

import orjson

from pantheon.turns.types import Frozen, Seat, StepStatus, TurnStatus

SEAT = Seat(
    agent_id="id0",
    key="critic",
    name="Critic",
    color=3,
    model="lab/m1",
    position=1,
    prompt_id="p0",
    parameters={"temperature": 0.2},
    context={"policy": "last", "last_turns": 3},
)


def test_what_is_frozen_comes_back_from_its_json():
    frozen = Frozen((SEAT,), "Decide.", "sequence", {"parallel": 2}, in_room=True)
    assert Frozen.load(orjson.loads(orjson.dumps(frozen.dump()))) == frozen
    assert frozen.seat("critic") is SEAT


def test_which_states_are_ends():
    ends = {status for status in TurnStatus if status.terminal}
    assert ends == {"completed", "partial", "failed", "cancelled"}
    assert {status for status in StepStatus if not status.terminal} == {"pending", "running"}
