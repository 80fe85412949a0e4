"""Tests of `pantheon.worker.sweeps`: what is purged, what is settled, what stays."""

import asyncio
from collections.abc import Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
import pytest

from pantheon.base import ids, metrics
from pantheon.events import event_log
from pantheon.ledger import attempts
from pantheon.ledger.attempts import Attempt
from pantheon.turns import checkpoints
from pantheon.worker import heartbeat, sweeps
from pantheon.worker.sweeps import LOCK, sweep
from tests import make
from tests.turns.drive import ended, rows, send, session_with, view
from tests.turns.under_lease import at_work

TYPES = "SELECT type FROM turn_events WHERE turn_id = %s ORDER BY seq"


@pytest.fixture
def admin(server):
    """A connection of the schema's owner, for what the app may not do."""
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        yield admin


def age(admin, turn: dict[str, Any], interval: str) -> None:
    """Let a turn have ended so long ago."""
    admin.execute(
        "UPDATE turns SET finished_at = now() - %s::interval WHERE id = %s",
        (interval, UUID(turn["id"])),
    )


async def types(runtime, who, turn) -> Sequence[str]:
    """Return the types of the events that are left of a turn."""
    return [row[0] for row in await rows(runtime, who, TYPES, UUID(turn["id"]))]


async def test_deltas_go_a_day_after_the_end_and_are_counted(runtime, who, admin):
    session_id = await session_with(runtime, who, "demo/fast", mode="roundtable")
    old = await ended(runtime, who, await send(runtime, who, session_id))
    young = await ended(runtime, who, await send(runtime, who, session_id))
    before = await types(runtime, who, old)
    assert "step.delta" in before
    age(admin, old, "24 hours 1 minute")
    age(admin, young, "23 hours 59 minutes")
    assert await sweep(runtime)
    left = [kind for kind in before if kind != "step.delta"]
    assert await types(runtime, who, old) == left
    assert "step.delta" in await types(runtime, who, young)
    purged = await rows(runtime, who, "SELECT events_purged FROM turns ORDER BY index")
    assert purged == [(len(before) - len(left),), (0,)]
    assert (await view(runtime, who, old))["steps"] == old["steps"]
    async with runtime.db.transaction(who.workspace_id) as conn:
        events, _ = await event_log.read(conn, who.workspace_id, session_id, (1, 2), 100)
    assert [event.type for event in events if event.index == 1] == [
        "step.started", "stream.reset", "step.completed", "turn.completed",
    ]  # fmt: skip


async def test_turns_without_deltas_do_not_keep_others_from_being_purged(
    runtime, who, admin, monkeypatch
):
    monkeypatch.setattr(sweeps, "BATCH", 2)
    other = await make.make_workspace(runtime.db)
    silent = await session_with(runtime, other, "demo/failing", mode="roundtable")
    for _ in range(3):
        age(admin, await ended(runtime, other, await send(runtime, other, silent)), "3 days")
    session_id = await session_with(runtime, who, "demo/fast", mode="roundtable")
    turn = await ended(runtime, who, await send(runtime, who, session_id))
    age(admin, turn, "2 days")
    assert await sweep(runtime)
    assert "step.delta" not in await types(runtime, who, turn)


async def test_idempotency_keys_live_a_day(idle, who, admin):
    for name, interval in (("old", "24 hours 1 minute"), ("young", "23 hours")):
        admin.execute(
            """
            INSERT INTO idempotency_keys
                (workspace_id, user_id, method, path, key, body_sha256, created_at)
            VALUES (%s, %s, 'POST', '/', %s, '', now() - %s::interval)
            """,
            (who.workspace_id, who.user_id, name, interval),
        )
    await sweep(idle)
    assert await rows(idle, who, "SELECT key FROM idempotency_keys") == [("young",)]


async def test_an_attempt_outside_of_turns_is_lost_when_its_process_is(idle, who, admin):
    async with idle.db.transaction(who.workspace_id) as conn:
        closed = await make.make_call(conn, who, purpose="test")
    open_ids = [await open_trial(idle, who) for _ in range(2)]
    admin.execute(
        "UPDATE llm_call_attempts SET expires_at = now() - interval '1 s' WHERE id = ANY (%s)",
        ([closed, open_ids[0]],),
    )
    await sweep(idle)
    found = await rows(
        idle, who,
        "SELECT attempt_id, outcome, error_code, charged_microcredits FROM llm_call_events"
        " ORDER BY attempt_id",
    )  # fmt: skip
    assert found == [(closed, "completed", None, 0), (open_ids[0], "lost", "process_lost", 0)]


async def open_trial(runtime, who) -> UUID:
    """Record a test call that nobody closes."""
    attempt = Attempt(
        who.workspace_id, ids.new(), who.user_id, None, None, None, None, None, 1, "test", None,
        "demo", "demo/fast", b"", 60,
    )  # fmt: skip
    async with runtime.db.transaction(who.workspace_id) as conn:
        await attempts.open_attempt(conn, attempt)
    return attempt.id


async def test_checkpoints_go_minutes_after_the_end(runtime, who, admin):
    session_id = await session_with(runtime, who, *["demo/fast"] * 2, mode="roundtable")
    old = await ended(runtime, who, await send(runtime, who, session_id))
    young = await ended(runtime, who, await send(runtime, who, session_id))
    threads = await checkpoints.some_threads(runtime.checkpoints, 10)
    assert threads == [old["id"], young["id"]]
    age(admin, old, "10 minutes 1 s")
    await sweep(runtime)
    assert await checkpoints.some_threads(runtime.checkpoints, 10) == [young["id"]]


async def test_a_turn_of_a_version_that_nobody_knows_is_ended(idle, who, admin):
    work = await at_work(idle, who, "demo/fast")
    admin.execute(
        "UPDATE turns SET graph_version = 99, status = 'queued', lease_owner = NULL,"
        " lease_expires_at = NULL"
    )
    await heartbeat.register(idle.db, ids.new(), ids.new(), "worker")
    await sweep(idle)
    ((wish, error),) = await rows(
        idle, who, "SELECT cancel_requested, error FROM turns WHERE id = %s", work.turn.id
    )
    assert (wish, error["code"]) == ("now", "version_unknown")


async def test_a_machine_that_slept_gives_up_no_turn_of_its_own(idle, who, admin):
    """The worker's row and the turn's lease are old; the sweep comes before the worker's beat."""
    await heartbeat.register(idle.db, ids.new(), ids.new(), "worker")
    await at_work(idle, who, "demo/fast")
    admin.execute("UPDATE workers SET seen_at = now() - interval '1 hour'")
    admin.execute("UPDATE turns SET lease_expires_at = now() - interval '1 hour'")
    await sweep(idle)
    assert await rows(idle, who, "SELECT cancel_requested, error FROM turns") == [(None, None)]


async def test_who_is_silent_is_forgotten(idle, admin):
    for silence in ("10 minutes 1 s", "9 minutes"):
        await heartbeat.register(idle.db, worker := ids.new(), ids.new(), "worker")
        admin.execute(
            "UPDATE workers SET seen_at = now() - %s::interval WHERE id = %s", (silence, worker)
        )
    await sweep(idle)
    assert admin.execute("SELECT id FROM workers").fetchall() == [(worker,)]


@contextmanager
def somebody_sweeps(admin):
    """Hold the lock of a sweep."""
    with admin.transaction():
        admin.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        yield


async def test_one_process_sweeps_at_a_time(idle, admin):
    with somebody_sweeps(admin):
        assert not await sweep(idle)
    assert await sweep(idle)


async def test_a_sweep_that_fails_is_tried_again(idle, monkeypatch):
    tries: list[int] = []
    again = asyncio.Event()

    async def fail_once(_) -> bool:
        tries.append(1)
        if len(tries) == 1:
            raise psycopg.OperationalError("gone")
        again.set()
        return True

    monkeypatch.setattr(sweeps, "sweep", fail_once)
    monkeypatch.setattr(sweeps, "EVERY_SECONDS", 0.01)
    sweeping = asyncio.create_task(sweeps.sweep_forever(idle))
    await asyncio.wait_for(again.wait(), 5)
    sweeping.cancel()


async def test_turns_that_wait_and_those_that_nobody_takes_over_are_counted(idle, who, admin):
    async with idle.db.transaction(who.workspace_id) as conn:
        turns = [await make.make_turn(conn, who) for _ in range(3)]
    admin.execute(
        "UPDATE turns SET status = 'running', lease_expires_at = now() - interval '61 seconds'"
        " WHERE id = %s",
        (UUID(turns[0]["id"]),),
    )
    # Also where another process is at it.
    with admin.transaction():
        admin.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        assert not await sweep(idle)
    assert (value(metrics.TURNS_WAITING), value(metrics.TURNS_OVERDUE)) == (2, 1)


def value(gauge):
    """Return what a gauge tells."""
    return gauge.collect()[0].samples[0].value
