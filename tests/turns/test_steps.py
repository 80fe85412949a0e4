"""Tests of `pantheon.turns.steps`."""

from decimal import Decimal
from uuid import UUID

import pytest

from pantheon.base import ids
from pantheon.providers.types import TokenUsage
from pantheon.sessions import messages
from pantheon.turns import steps
from pantheon.turns.steps import Spent
from pantheon.turns.types import StepRow, StepStatus
from tests.make import make_turn

SPENT = Spent(TokenUsage(120, 100, 30, 10), False, Decimal("0.001"), 1_000, 50, 200)
UNPRICED = Spent(TokenUsage(10, 0, 5, 0), True, None, 0, 70, 300)


@pytest.fixture
async def turn(conn, who):
    """A turn of three steps."""
    return await make_turn(conn, who)


async def step_of(conn, who, turn, number: int = 0) -> StepRow:
    """Return a step as it stands now."""
    return await steps.load(conn, who.workspace_id, UUID(turn["steps"][number]["id"]))


async def test_attempts_are_counted_as_they_leave(conn, who, turn):
    step = await step_of(conn, who, turn)
    assert (step.status, step.attempts, step.started_at) == ("pending", 0, None)
    read = [{"step_id": str(ids.new()), "status": "completed"}]
    first = await steps.start(conn, step, read, ["pruned"])
    second = await steps.start(conn, first, [], [])
    assert (first.status, first.attempts, first.read) == ("running", 1, read)
    assert first.context_actions == ["pruned"]
    assert (second.attempts, second.read, second.started_at) == (2, [], first.started_at)


async def test_calls_add_up_and_the_last_closes(conn, who, turn):
    step = await steps.start(conn, await step_of(conn, who, turn), [], [])
    await steps.spend(conn, step, UNPRICED)
    message_id, session_id = ids.new(), UUID(turn["session_id"])
    await messages.add(
        conn, who.workspace_id, message_id, session_id, step.turn_id, "Yes.", 2,
        step_id=step.id, agent_key=step.agent_key,
    )  # fmt: skip
    ended = await steps.finish(
        conn, step, StepStatus.completed, message_id=message_id, error=None, spent=SPENT
    )
    assert ended is not None
    assert (ended.status, ended.message_id, ended.finished_at is not None) == (
        "completed", message_id, True,
    )  # fmt: skip
    assert (ended.calls, ended.unpriced_calls, ended.estimated) == (2, 1, True)
    assert (ended.input_tokens, ended.cached_input_tokens) == (130, 100)
    assert (ended.output_tokens, ended.reasoning_tokens) == (35, 10)
    assert (ended.cost_usd, ended.charged_microcredits) == (Decimal("0.001"), 1_000)
    assert (ended.time_to_first_token_ms, ended.latency_ms) == (50, 200)


async def test_a_result_is_given_once(conn, who, turn):
    step = await step_of(conn, who, turn)
    error = {"code": "demo_failure", "title": "T"}
    ended = await steps.finish(
        conn, step, StepStatus.failed, message_id=None, error=error, spent=None
    )
    assert ended is not None
    assert (ended.error, ended.calls) == (error, 0)
    again = await steps.finish(
        conn, step, StepStatus.completed, message_id=None, error=None, spent=SPENT
    )
    assert again is None
    assert await step_of(conn, who, turn) == ended


async def test_what_was_lost_or_paused_waits_again(conn, who, turn):
    first, second = [await step_of(conn, who, turn, n) for n in range(2)]
    for step in (first, second):
        await steps.start(conn, step, [], [])
    await steps.lose(conn, who.workspace_id, [first.id])
    await steps.pause(conn, second)
    lost, paused = [await step_of(conn, who, turn, n) for n in range(2)]
    assert (lost.status, lost.attempts, lost.lost_attempts, lost.calls) == ("pending", 1, 1, 1)
    assert (paused.status, paused.attempts, paused.lost_attempts) == ("pending", 1, 0)


async def test_only_what_is_open_is_ended(conn, who, turn):
    done = await step_of(conn, who, turn, 1)
    await steps.finish(conn, done, StepStatus.failed, message_id=None, error={}, spent=None)
    ended = await steps.end_open(conn, who.workspace_id, done.turn_id, StepStatus.skipped)
    assert [(step.step_key, step.status) for step in ended] == [
        (turn["steps"][0]["key"], "skipped"),
        (turn["steps"][2]["key"], "skipped"),
    ]
    await steps.lose(conn, who.workspace_id, [step.id for step in ended])
    assert (await step_of(conn, who, turn)).status == "skipped"
