"""Tests of `pantheon.turns.modes.types`: seats that answer once each."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantheon.turns.modes.types import Seating
from pantheon.turns.types import Frozen, StepPlan, Stop
from tests.turns.modes.test_registry import frozen
from tests.turns.rows import row

SEATING = Seating("some")


def key(plan: StepPlan) -> str:
    """Return a plan's key."""
    return plan.key


def test_a_step_key_is_a_function_of_the_seats():
    plans = SEATING.plan(frozen(11, "sequence"))
    assert plans[10] == StepPlan("s10:a10", "answer", 1, 11, "a10")
    assert plans == SEATING.plan(Frozen.load(frozen(11, "sequence").dump()))
    # By place, never by key: as text, s10 sorts before s2.
    assert sorted(plans, key=lambda plan: (plan.round, plan.position)) == plans
    assert sorted(plans, key=key) != plans


@given(
    seats=st.integers(1, 15),
    order=st.sampled_from(["parallel", "sequence"]),
    done=st.sets(st.integers(0, 14)),
)
def test_what_is_left_is_asked_for_and_nothing_else(seats, order, done):
    state = frozen(seats, order)
    plans = SEATING.plan(state)
    had = {plan.key for i, plan in enumerate(plans) if i in done}
    left = [plan for plan in plans if plan.key not in had]
    batch = SEATING.next_batch(state, dict.fromkeys(had), None)
    if not left:
        assert batch == Stop()
    else:
        assert batch == (left if order == "parallel" else left[:1])


@pytest.mark.parametrize("order", ["parallel", "sequence"])
def test_keys_of_other_turns_change_nothing(order):
    state = frozen(2, order)
    other = dict.fromkeys(("s7:zoe", "synth"))
    assert SEATING.next_batch(state, other, None) == SEATING.next_batch(state, {}, None)


def test_the_users_word_stands_between_agents():
    state = replace(frozen(3, "sequence"), approve="each_agent")
    plans = SEATING.plan(state)
    done = {plans[0].key: row(plans[0])}
    (word,) = SEATING.next_batch(state, done, None)
    assert (word.key, word.kind, word.agent_key) == ("approve1", "approval", None)
    done[word.key] = row(word, decision={"action": "approve"})
    assert SEATING.next_batch(state, done, None) == [plans[1]]
    for action, reason in (("stop", "stopped"), ("expire", "approval_expired")):
        done[word.key] = row(word, decision={"action": action})
        assert SEATING.next_batch(state, done, None) == Stop(reason, whole=False)
    done |= {plan.key: row(plan) for plan in plans}
    assert SEATING.next_batch(state, done, None) == Stop()
