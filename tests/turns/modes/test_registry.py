"""Every mode: step keys are a function of the state, each seat answers once, in its order."""

from typing import Any

import pytest

from pantheon.turns.modes.registry import ALIASES, MODES
from pantheon.turns.types import Frozen, Seat, StepPlan, Stop

SEATING = ("direct", "manual", "roundtable")


def frozen(count: int, order: str) -> Frozen:
    seats = tuple(
        Seat(f"id{i}", f"a{i}", f"A{i}", 1, "demo/fast", i + 1, f"p{i}", {}, {})
        for i in range(count)
    )
    return Frozen(seats, None, order, {}, in_room=True)


def run(mode: str, state: Frozen, failing: set[str] | None = None) -> list[list[StepPlan]]:
    done: dict[str, Any] = {}
    batches = []
    while not isinstance(batch := MODES[mode].next_batch(state, done, None), Stop):
        batches.append(batch)
        done |= dict.fromkeys(plan.key for plan in batch)
    return batches


@pytest.mark.parametrize("mode", SEATING)
def test_each_seat_answers_once_in_position_order(mode: str) -> None:
    batches = run(mode, frozen(12, "sequence"))
    assert [len(batch) for batch in batches] == [1] * 12
    plans = [plan for batch in batches for plan in batch]
    assert [plan.agent_key for plan in plans] == [f"a{i}" for i in range(12)]
    assert [(plan.round, plan.position) for plan in plans] == [(1, i + 1) for i in range(12)]
    assert plans[10].key == "s10:a10"


def test_parallel_runs_all_at_once() -> None:
    assert [len(batch) for batch in run("manual", frozen(7, "parallel"))] == [7]


@pytest.mark.parametrize("mode", SEATING)
def test_what_is_done_is_not_planned_again(mode: str) -> None:
    state = frozen(3, "sequence")
    done: dict[str, Any] = {"s0:a0": None, "s1:a1": None}
    batch = MODES[mode].next_batch(state, done, None)
    assert not isinstance(batch, Stop)
    assert [plan.key for plan in batch] == ["s2:a2"]
    done["s2:a2"] = None
    assert MODES[mode].next_batch(state, done, None) == Stop()
    assert MODES[mode].next_batch(state, {}, "turn_seconds") == Stop("turn_seconds", whole=False)


def test_tag_is_another_name_of_manual() -> None:
    assert ALIASES == {"tag": "manual"}
    assert set(MODES) == {*SEATING, "orchestrator"}
