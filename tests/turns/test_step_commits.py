"""Tests of `pantheon.turns.step_commits`: each transaction of a step, whole, once, and fenced."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from pantheon.accounts.roles import Who
from pantheon.base import ids
from pantheon.context.quotes import Quote
from pantheon.events.event_log import LeaseLost
from pantheon.ops.runtime import Runtime
from pantheon.providers.types import Failure, Finished, TokenUsage
from pantheon.turns.ask import Ask, Opened, prepare_ask
from pantheon.turns.call import Reply
from pantheon.turns.step_commits import (
    close_attempt,
    close_for_retry,
    create_step,
    end_step,
    error_of,
    let_go,
    open_attempt,
    pause_step,
)
from pantheon.turns.types import StepPlan, StepRow, StepStatus
from pantheon.turns.work import Work
from tests.turns.drive import log_of, rows
from tests.turns.under_lease import at_work, steps_of

FAILURE = Failure("provider_error", "The provider failed", "It said 500.", retryable=True)
STEPS = "SELECT step_key, status, attempts, lost_attempts FROM steps ORDER BY round, position"
CALLS = "SELECT outcome, error_code FROM llm_call_events ORDER BY attempt_id"


@pytest.fixture
async def work(idle: Runtime, who: Who) -> Work:
    """The work of a round table of two."""
    return await at_work(idle, who, "demo/fast", "demo/fast")


def first(work: Work) -> StepRow:
    """Return the first step."""
    return steps_of(work)[0]


def reply(text: str = "Yes.") -> Reply:
    """Return an answer that came whole."""
    return Reply(text=text, finished=Finished("stop", TokenUsage(10, 0, 2, 0)), left=True)


def asked(work: Work, step: StepRow) -> Ask:
    """Return what a step asks."""
    ask = prepare_ask(
        work.providers, work.frozen, work.prompts, work.steps, step, (), Quote(None, "Q?", 1),
        ids.new(),
    )  # fmt: skip
    assert isinstance(ask, Ask)
    return ask


async def opened(work: Work, step: StepRow) -> Opened:
    """Record an attempt of a step."""
    return await open_attempt(work, step, asked(work, step))


async def log(runtime: Runtime, who: Who, work: Work) -> list[tuple[str, Any]]:
    """Return the turn's log behind its beginning, after checking its numbers."""
    ref = {"id": str(work.turn.id), "session_id": str(work.turn.session_id), "index": 1}
    events = await log_of(runtime, who, ref)
    assert [event.seq for event, _ in events] == list(range(1, len(events) + 1))
    return [(event.type, data) for event, data in events if not event.type.startswith("turn.cr")]


async def test_an_attempt_is_recorded_before_it_leaves(work, idle, who):
    one = await opened(work, first(work))
    assert (one.attempt.number, first(work).status, first(work).attempts) == (1, "running", 1)
    ((kind, data),) = await log(idle, who, work)
    assert (kind, data["attempt"], data["step"]["status"]) == ("step.started", 1, "running")
    assert await rows(idle, who, "SELECT id FROM llm_call_attempts") == [(one.attempt.id,)]


async def test_an_attempt_whose_commit_had_no_reply_is_the_same_attempt(work, idle, who):
    step = first(work)
    one, again = await opened(work, step), await opened(work, step)
    assert one.attempt.id == again.attempt.id
    assert [kind for kind, _ in await log(idle, who, work)] == ["step.started"]
    assert await rows(idle, who, "SELECT count(*) FROM llm_call_attempts") == [(1,)]


async def test_an_answer_is_stored_with_its_call_and_what_comes_next(work, idle, who):
    step = first(work)
    await close_attempt(work, first(work), StepStatus.completed, await opened(work, step), reply())
    ended = first(work)
    assert (ended.status, ended.content, ended.input_tokens) == ("completed", "Yes.", 10)
    assert await rows(idle, who, CALLS) == [("completed", None)]
    said = "SELECT content FROM messages WHERE step_id = %s"
    assert await rows(idle, who, said, step.id) == [("Yes.",)]
    assert [kind for kind, _ in await log(idle, who, work)] == ["step.started", "step.completed"]
    assert not work.finished


async def test_an_answer_whose_commit_had_no_reply_is_stored_once(work, idle, who):
    attempt = await opened(work, first(work))
    step = first(work)
    for _ in range(2):
        await close_attempt(work, step, StepStatus.completed, attempt, reply())
    assert (first(work).status, first(work).content) == ("completed", "Yes.")
    assert await rows(idle, who, CALLS) == [("completed", None)]
    assert len(await log(idle, who, work)) == 2


async def test_the_last_answer_ends_the_turn_in_its_transaction(work, idle, who):
    for step in steps_of(work):
        attempt = await opened(work, step)
        await close_attempt(work, work.steps[step.step_key], StepStatus.completed, attempt, reply())
    assert work.finished
    kinds = [kind for kind, _ in await log(idle, who, work)]
    assert kinds[-2:] == ["step.completed", "turn.completed"]
    assert await rows(idle, who, "SELECT status, lease_owner FROM turns") == [("completed", None)]


async def test_a_failure_stands_in_the_step_and_keeps_the_text(work, idle, who):
    attempt = await opened(work, first(work))
    broken = Reply(text="Ye", failure=FAILURE, left=True)
    await close_attempt(work, first(work), StepStatus.failed, attempt, broken)
    failed = first(work)
    assert (failed.status, failed.content) == ("failed", "Ye")
    assert failed.error == error_of(FAILURE, 1)
    assert failed.error["detail"] == "It said 500."
    assert await rows(idle, who, CALLS) == [("failed", "provider_error")]


async def test_a_step_without_a_call_has_no_row_in_the_ledger(work, idle, who):
    await end_step(work, first(work), StepStatus.completed, error=None, text="Known.")
    assert (first(work).content, first(work).calls) == ("Known.", 0)
    assert await rows(idle, who, CALLS) == []


async def test_before_another_attempt_the_failed_one_is_told_and_closed(work, idle, who):
    step = first(work)
    attempt = await opened(work, step)
    for _ in range(2):
        # The second time as after a commit without a reply.
        await close_for_retry(work, first(work), attempt, Reply(failure=FAILURE), 1.5)
    assert await rows(idle, who, CALLS) == [("failed", "provider_error")]
    kind, data = (await log(idle, who, work))[-1]
    assert (kind, data["wait_ms"], data["error"]["code"]) == (
        "step.retrying", 1500, "provider_error",
    )  # fmt: skip
    assert (await rows(idle, who, STEPS))[0] == (step.step_key, "running", 1, 0)
    await opened(work, first(work))
    kinds = [kind for kind, _ in await log(idle, who, work)]
    assert kinds == ["step.started", "step.retrying", "step.restarted"]


async def test_a_call_that_a_drain_cut_is_lost_and_its_step_waits(work, idle, who):
    await opened(work, first(work))
    await let_go(work, first(work))
    assert (await rows(idle, who, STEPS))[0] == ("s0:a0", "pending", 1, 1)
    assert await rows(idle, who, CALLS) == [("lost", "worker_lost")]


async def test_a_step_that_waited_for_its_next_attempt_is_put_back(work, idle, who):
    attempt = await opened(work, first(work))
    await close_for_retry(work, first(work), attempt, Reply(failure=FAILURE), 60)
    await pause_step(work, first(work))
    assert (await rows(idle, who, STEPS))[0] == ("s0:a0", "pending", 1, 0)


async def test_a_step_that_is_wanted_now_is_added_once(work, idle, who):
    plan = StepPlan("route2", "route", 2, 0, "a0")
    await create_step(work, plan)
    row = work.steps["route2"]
    await create_step(work, plan)
    assert work.steps["route2"] == row
    assert (await rows(idle, who, STEPS))[-1] == ("route2", "pending", 0, 0)


WRITES: dict[str, Callable[[Work, Opened], Awaitable[object]]] = {
    "create": lambda work, _: create_step(work, StepPlan("route2", "route", 2, 0, "a0")),
    "open": lambda work, _: opened(work, steps_of(work)[1]),
    "close": lambda work, own: close_attempt(work, first(work), StepStatus.completed, own, reply()),
    "retry": lambda work, own: close_for_retry(work, first(work), own, Reply(failure=FAILURE), 1),
    "let go": lambda work, _: let_go(work, first(work)),
    "pause": lambda work, _: pause_step(work, first(work)),
}


@pytest.mark.parametrize("write", WRITES)
async def test_who_has_lost_the_lease_writes_nothing(work, idle, who, write):
    own = await opened(work, first(work))
    before = [await rows(idle, who, query) for query in (STEPS, CALLS)], await log(idle, who, work)
    work.turn = replace(work.turn, lease_epoch=work.turn.lease_epoch - 1)
    with pytest.raises(LeaseLost):
        await WRITES[write](work, own)
    after = [await rows(idle, who, query) for query in (STEPS, CALLS)], await log(idle, who, work)
    assert after == before
