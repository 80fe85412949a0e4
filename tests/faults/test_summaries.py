"""Ended while a summary is made: the next worker goes on, a stored one is not asked for again."""

from typing import Any
from uuid import UUID

import pytest

from tests.faults.books import check
from tests.faults.processes import Process
from tests.faults.world import World

POINTS = (
    "step.before_attempt",
    "step.attempt_committed",
    "step.answered",
    "step.before_close",
    "step.before_commit",
    "step.closed",
)
CRASHED = 99
SHORT = 30
LONG = "We talk about the plan and what has to be done for it, at some length, in plain words. "


async def ask(here: World, api: Process, session_id: UUID, times: int) -> Any:
    """POST so long a question, wait for its turn's end where a worker is there; return the turn."""
    answer = await here.client.post(
        f"{api.url}/api/v1/sessions/{session_id}/turns",
        json={"input": f"It costs {times * 37} EUR. {LONG * times}"},
        headers={"Prefer": "wait=30"} if times == SHORT else {},
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.mark.parametrize("point", POINTS)
async def test_a_worker_that_ends_at_a_summary_loses_nothing(here: World, point: str) -> None:
    api = await here.start("api")
    session_id = await here.session("direct", "minutes")
    worker = await here.start("worker")
    for _ in range(4):
        assert (await ask(here, api, session_id, SHORT))["status"] == "completed"
    await here.end(worker)
    # With this one the agent's window of 8,192 tokens gets too full.
    turn = await ask(here, api, session_id, 140)
    crashed = await here.start("worker", crash_at=point)
    assert await crashed.ended == CRASHED
    await here.start("worker")
    await here.until("SELECT finished_at IS NOT NULL FROM turns WHERE id = %s", UUID(turn["id"]))
    seen = await here.view(api, turn)
    summary, answer = seen["steps"]
    assert (seen["status"], summary["kind"], summary["status"], answer["status"]) == (
        "completed", "summary", "completed", "completed",
    )  # fmt: skip
    assert seen["context"]["summarised"]
    kept = await here.rows("SELECT count(*) FROM summaries")
    assert kept == [(1,)]
    asked_again = point not in ("step.before_attempt", "step.closed")
    assert summary["attempts"] == 1 + asked_again
    outcomes = await here.rows(
        "SELECT outcome FROM llm_call_events WHERE purpose = 'summary' ORDER BY number"
    )
    assert outcomes == [("lost",), ("completed",)] if asked_again else [("completed",)]
    await check(here)
