"""Tests of `pantheon.worker.main`: claims, leases that are kept, and drains."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest

from pantheon.base import ids
from pantheon.base.settings import Settings
from pantheon.ops.runtime import Runtime, open_runtime
from pantheon.worker.main import run_worker
from tests import make
from tests.turns.drive import ended, rows, send, session_with, until, view

TURN = "SELECT status, lease_epoch, lease_owner IS NULL, takeovers FROM turns"
CALLS = "SELECT agent_key, outcome FROM llm_call_events ORDER BY attempt_id"

# About two seconds, a word at a time.
SLOW = "demo/analyst"


@asynccontextmanager
async def at_work(runtime: Runtime) -> AsyncIterator[asyncio.Event]:
    """Have a worker; the event stops it, as the end of the block does."""
    stopping = asyncio.Event()
    running = asyncio.create_task(
        run_worker(runtime, kind="worker", instance=ids.new(), stopping=stopping)
    )
    try:
        yield stopping
    finally:
        stopping.set()
        await asyncio.wait_for(running, 10)


@pytest.fixture
def settings(tmp_path, request) -> Settings:
    """Settings of a test with its own; a lease of a second by default."""
    given = {"lease_seconds": 1, "grace_seconds": 5} | getattr(request, "param", {})
    return Settings(data_dir=tmp_path, **given)


async def test_what_waits_is_taken_and_the_worker_is_known_meanwhile(idle, who):
    turn = await send(idle, who, await session_with(idle, who, "demo/fast", mode="roundtable"))
    assert turn["status"] == "queued"
    async with at_work(idle):
        assert (await ended(idle, who, turn))["status"] == "completed"
        assert await rows(idle, who, "SELECT kind FROM workers") == [("worker",)]
    assert await rows(idle, who, "SELECT kind FROM workers") == []
    assert idle.slots.worker_id is None


@pytest.mark.parametrize("settings", [{"lease_seconds": 0.4}], indirect=True)
async def test_a_lease_is_kept_for_longer_than_it_lasts(idle, who, settings, server):
    turn = await send(idle, who, await session_with(idle, who, SLOW, mode="roundtable"))
    async with (
        open_runtime(settings, server, environment={}) as other,
        at_work(idle),
        at_work(other),
    ):
        turn = await ended(idle, who, turn)
    assert turn["steps"][0]["latency_ms"] > 1_000
    assert await rows(idle, who, TURN) == [("completed", 1, True, 0)]
    assert await rows(idle, who, CALLS) == [("a0", "completed")]


@pytest.mark.parametrize("settings", [{"worker_concurrency": 2}], indirect=True)
async def test_so_many_turns_at_once_and_no_more(idle, who):
    async with idle.db.transaction(who.workspace_id) as conn:
        agent = await make.make_agent(conn, who, "ann", model=SLOW)
        sessions = [await make.make_session(conn, who, agent=agent) for _ in range(3)]
    turns = [await send(idle, who, UUID(session["id"])) for session in sessions]
    async with at_work(idle):
        await until(idle, who, turns[1], "step.started")
        statuses = [(await view(idle, who, turn))["status"] for turn in turns]
        assert statuses == ["running", "running", "queued"]
        found = [await ended(idle, who, turn) for turn in turns]
    assert {turn["status"] for turn in found} == {"completed"}


async def test_a_drain_lets_the_step_end_and_gives_the_rest_back(idle, who):
    session_id = await session_with(idle, who, SLOW, "demo/fast", mode="roundtable")
    turn = await send(idle, who, session_id)
    async with at_work(idle) as stopping:
        await until(idle, who, turn, "step.started")
        stopping.set()
    assert await rows(idle, who, TURN) == [("queued", 1, True, 0)]
    assert await rows(idle, who, CALLS) == [("a0", "completed")]
    async with at_work(idle):
        assert (await ended(idle, who, turn))["status"] == "completed"
    assert await rows(idle, who, CALLS) == [("a0", "completed"), ("a1", "completed")]


@pytest.mark.parametrize("settings", [{"grace_seconds": 0}], indirect=True)
async def test_what_outlasts_the_grace_is_cut_and_asked_anew(idle, who):
    turn = await send(idle, who, await session_with(idle, who, SLOW, mode="roundtable"))
    async with at_work(idle) as stopping:
        await until(idle, who, turn, "step.delta")
        stopping.set()
    assert await rows(idle, who, TURN) == [("queued", 1, True, 0)]
    assert await rows(idle, who, CALLS) == [("a0", "lost")]
    ((step, lost),) = await rows(idle, who, "SELECT status, lost_attempts FROM steps")
    assert (step, lost) == ("pending", 1)
    async with at_work(idle):
        turn = await ended(idle, who, turn)
    assert (turn["status"], turn["steps"][0]["attempts"]) == ("completed", 2)
    assert await rows(idle, who, CALLS) == [("a0", "lost"), ("a0", "completed")]
