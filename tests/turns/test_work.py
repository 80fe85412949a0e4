"""Tests of `pantheon.turns.work`: when a run ends, and storing until it is stored."""

import asyncio
from dataclasses import replace

import psycopg
import pytest

from pantheon.base.errors import INVALID, UNAVAILABLE, Problem
from pantheon.events.event_log import LeaseLost
from pantheon.turns.types import StepPlan, StepStatus, Stop
from pantheon.turns.work import Control
from tests.turns.rows import row
from tests.turns.under_lease import at_work, steps_of


@pytest.fixture
async def work(idle, who):
    """The work of a round table of two."""
    return await at_work(idle, who, "demo/fast", "demo/fast")


def finish(work, count: int) -> None:
    """Give the first `count` steps their results, in memory."""
    for step in steps_of(work)[:count]:
        work.steps[step.step_key] = replace(step, status=StepStatus.completed)


async def test_steps_follow_each_other_to_the_end(work):
    keys = []
    for done in range(3):
        finish(work, done)
        batch = work.next_batch()
        keys.append([plan.key for plan in batch] if not isinstance(batch, Stop) else batch.reason)
    assert keys == [["s0:a0"], ["s1:a1"], None]
    finish(work, 1)
    last = replace(steps_of(work)[1], status=StepStatus.completed)
    assert work.next_batch(last) == Stop()


async def test_a_step_that_nobody_wants_any_more_has_to_be_ended(work):
    finish(work, 2)
    plan = StepPlan("route2", "route", 2, 0, "manager")
    work.steps["route2"] = row(plan, "pending")
    assert work.next_batch() == Stop(whole=False)
    assert work.next_batch(row(plan)) == Stop()


@pytest.mark.parametrize(
    ("steer", "reason"),
    [
        (lambda work: work.control.stop("cancel"), "cancel"),
        (lambda work: work.control.stop("drain"), "drain"),
        (lambda work: work.control.stop("lease_lost"), "lease_lost"),
        (lambda work: work.control.cancel("now"), "cancel"),
        (lambda work: work.control.cancel("after_step"), "cancel"),
        (lambda work: setattr(work.control, "draining", True), "drain"),
        (lambda work: setattr(work, "ends_at", 0), "turn_seconds"),
    ],
)
async def test_what_ends_a_run_before_its_next_step(work, steer, reason):
    steer(work)
    assert work.next_batch() == Stop(reason, whole=False)


@pytest.mark.parametrize("wish", ["cancel_after_step", "draining"])
async def test_a_wish_that_comes_after_the_last_step_changes_nothing(work, wish):
    finish(work, 2)
    setattr(work.control, wish, True)
    assert work.next_batch() == Stop()


async def test_a_lost_lease_outdoes_every_other_halt():
    control = Control()
    call = asyncio.create_task(asyncio.Event().wait())
    control.calls.add(call)  # type: ignore[arg-type]
    control.stop("cancel")
    control.stop("drain")
    assert control.halt == "cancel"
    control.stop("lease_lost")
    assert control.halt == "lease_lost"
    assert control.halted.is_set()
    with pytest.raises(asyncio.CancelledError):
        await call


async def test_limits_of_a_step(work):
    assert work.step_seconds == 180
    work.frozen = replace(work.frozen, limits={"step_seconds": 7})
    assert work.step_seconds == 7


@pytest.mark.parametrize(
    "error",
    [psycopg.OperationalError("gone"), psycopg.errors.DeadlockDetected(), UNAVAILABLE("away")],
)
async def test_what_is_stored_is_repeated_until_it_commits(work, error):
    tries = []

    async def write(conn):
        tries.append(await conn.execute("UPDATE turns SET faults = faults + 1 RETURNING faults"))
        if len(tries) < 3:
            raise error
        return (await tries[-1].fetchone())[0]

    assert await work.persist(write) == 1
    assert len(tries) == 3


@pytest.mark.parametrize("error", [LeaseLost(), INVALID("no"), psycopg.errors.CheckViolation()])
async def test_what_cannot_become_true_is_not_repeated(work, error):
    tries = []

    async def write(_):
        tries.append(1)
        raise error

    with pytest.raises(type(error)):
        await work.persist(write)
    assert len(tries) == 1


async def test_a_drain_bounds_the_repetition(work):
    async def write(_):
        raise UNAVAILABLE("away")

    work.control.settle_until = asyncio.get_running_loop().time()
    with pytest.raises(Problem, match="away"):
        await work.persist(write)


async def test_a_cancelled_caller_does_not_cut_a_transaction_short(work):
    begun, go, stored = asyncio.Event(), asyncio.Event(), []

    async def write(_):
        begun.set()
        await go.wait()
        stored.append(1)

    storing = asyncio.create_task(work.persist(write))
    await begun.wait()
    storing.cancel()
    await asyncio.sleep(0)
    assert not storing.done()
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await storing
    assert stored == [1]


async def test_the_first_turn_of_a_session_has_no_history(work):
    assert await work.load_history() == ()
