"""Tests of `pantheon.turns.finalize`: what a turn's end is, and that it comes once."""

from dataclasses import replace
from typing import Any

import pytest

from pantheon.accounts.roles import Who
from pantheon.ops.runtime import Runtime
from pantheon.turns import steps
from pantheon.turns.finalize import finalize_turn, status_of
from pantheon.turns.types import StepStatus
from pantheon.turns.work import Work
from tests.turns.drive import log_of, rows, view
from tests.turns.under_lease import at_work, steps_of


async def end_step(work: Work, number: int, status: StepStatus) -> None:
    """Give a step its result, in the rows and in memory."""
    step = steps_of(work)[number]
    async with work.db.transaction(work.turn.workspace_id) as conn:
        error = {"code": "c", "title": "T"} if status is StepStatus.failed else None
        row = await steps.finish(conn, step, status, message_id=None, error=error, spent=None)
    assert row is not None
    work.steps[row.step_key] = row


async def told(runtime: Runtime, who: Who, work: Work) -> dict[str, Any]:
    """Return the turn as everybody sees it, after checking its log."""
    ref = {"id": str(work.turn.id), "session_id": str(work.turn.session_id), "index": 1}
    turn = await view(runtime, who, ref)
    log = await log_of(runtime, who, ref)
    assert [event.seq for event, _ in log] == list(range(1, turn["version"] + 1))
    assert turn["finished_at"] is None or log[-1][1]["turn"] == turn
    return {**turn, "log": [event.type for event, _ in log]}


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        (["completed", "completed"], "completed"),
        (["completed", "skipped"], "completed"),
        (["completed", "failed"], "partial"),
        (["completed", "cancelled"], "partial"),
        (["failed", "skipped"], "failed"),
        (["skipped", "skipped"], "failed"),
        ([], "failed"),
    ],
)
async def test_status_of_answers(idle, who, answers, status):
    work = await at_work(idle, who, "demo/fast", "demo/fast")
    found = [
        replace(step, status=answer)
        for step, answer in zip(steps_of(work), answers, strict=False)
    ]  # fmt: skip
    assert status_of(found) == status
    # What is no answer never makes a turn worse.
    others = [replace(step, kind="summary", status="failed") for step in found]
    assert status_of([*found, *others]) == status


async def test_a_cancel_ends_what_is_open(idle, who):
    work = await at_work(idle, who, "demo/fast", "demo/fast", "demo/fast")
    await end_step(work, 0, StepStatus.completed)
    await finalize_turn(work, "cancel")
    turn = await told(idle, who, work)
    assert (turn["status"], turn["stop_reason"], turn["error"]) == ("cancelled", None, None)
    assert [step["status"] for step in turn["steps"]] == ["completed", "cancelled", "cancelled"]
    assert turn["log"] == [
        "turn.created", "step.cancelled", "step.cancelled", "turn.completed",
    ]  # fmt: skip
    assert work.finished


async def test_a_cap_skips_the_rest_and_makes_nothing_worse(idle, who):
    work = await at_work(idle, who, "demo/fast", "demo/fast")
    await end_step(work, 0, StepStatus.completed)
    await finalize_turn(work, "turn_seconds")
    turn = await told(idle, who, work)
    assert (turn["status"], turn["stop_reason"]) == ("completed", "turn_seconds")
    assert [step["status"] for step in turn["steps"]] == ["completed", "skipped"]


async def test_what_broke_a_turn_stands_on_it(idle, who):
    work = await at_work(idle, who, "demo/fast", "demo/fast")
    await end_step(work, 0, StepStatus.completed)
    error = {"code": "internal_error", "title": "T", "detail": "D", "status": 500}
    await finalize_turn(work, None, error)
    turn = await told(idle, who, work)
    assert (turn["status"], turn["error"]) == ("failed", error)


async def test_the_end_comes_once_and_from_the_holder_of_the_lease_only(idle, who):
    work = await at_work(idle, who, "demo/fast")
    await rows(idle, who, "UPDATE turns SET lease_epoch = lease_epoch + 1 RETURNING id")
    await finalize_turn(work, "cancel")
    assert not work.finished
    assert (await told(idle, who, work))["log"] == ["turn.created"]
    work.turn = replace(work.turn, lease_epoch=work.turn.lease_epoch + 1)
    await finalize_turn(work, "cancel")
    once = await told(idle, who, work)
    assert once["status"] == "cancelled"
    await finalize_turn(work, None)
    assert await told(idle, who, work) == once
