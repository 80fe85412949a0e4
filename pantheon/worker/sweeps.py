"""What must happen now and then, by whichever process comes first: one loop, one advisory lock."""

import asyncio
import random
from datetime import datetime
from uuid import UUID

import psycopg
import structlog

from pantheon.base import metrics
from pantheon.base.errors import Problem
from pantheon.db.pool import Connection
from pantheon.ledger import attempts, seals
from pantheon.ops import usage, webhooks
from pantheon.ops.outside import close_outside
from pantheon.ops.runtime import Runtime
from pantheon.sessions import taken_back
from pantheon.turns import approve, checkpoints, leases
from pantheon.turns.types import GRAPH_VERSION
from pantheon.worker import heartbeat

EVERY_SECONDS = 30.0
LOCK = 0x70616E75  # one sweep at a time in a database
DELTAS_KEPT = "24 hours"
CHECKPOINTS_KEPT = "10 minutes"
BATCH = 500

log = structlog.get_logger()


async def sweep_forever(runtime: Runtime) -> None:
    """Sweep every half minute until cancelled; a sweep that fails is tried again next time."""
    while True:
        await asyncio.sleep(EVERY_SECONDS * random.uniform(0.8, 1.2))  # noqa: S311 - spread out
        try:
            await sweep(runtime)
        except (psycopg.Error, Problem) as error:
            log.warning("sweep failed", error=str(error).strip())


async def sweep(runtime: Runtime) -> bool:
    """Sweep once; returns false if another process is at it."""
    async with runtime.db.sweep() as conn:
        await _count_live(conn)
        cursor = await conn.execute("SELECT pg_try_advisory_xact_lock(%(lock)s)", {"lock": LOCK})
        row = await cursor.fetchone()
        if row is None or not row[0]:
            return False
        await heartbeat.forget(conn)
        await leases.give_up_unknown_versions(conn, [GRAPH_VERSION])
        await _purge_deltas(conn)
        await _purge_idempotency_keys(conn)
        await taken_back.erase_old(conn)
        expired = await _expired_attempts(conn)
        unanswered = await _unanswered(conn)
        threads = await _threads_over(runtime, conn)
        open_ledgers = await seals.unsealed(conn)
    for workspace_id, attempt_id in expired:
        async with runtime.db.transaction(workspace_id) as conn:
            await close_outside(conn, workspace_id, attempt_id, attempts.LOST, billed=True)
    for workspace_id, turn_id in unanswered:
        async with runtime.db.transaction(workspace_id) as conn:
            await approve.expire(conn, workspace_id, turn_id)
    for workspace_id, until in open_ledgers:
        await _seal(runtime, workspace_id, until)
    await checkpoints.delete_threads(runtime.checkpoints, threads)
    await usage.sum_days(runtime.db)
    await webhooks.tell_low_balances(runtime.db, runtime.settings)
    return True


async def _seal(runtime: Runtime, workspace_id: UUID, until: datetime) -> None:
    """Seal what is final of a ledger, batch by batch."""
    sealed: int | None = 0
    while sealed is not None:
        async with runtime.db.transaction(workspace_id) as conn:
            sealed = await seals.seal(conn, workspace_id, until)


async def _count_live(conn: Connection) -> None:
    """Tell how many turns wait, and how many nobody takes care of; live turns are few."""
    cursor = await conn.execute(
        """
        SELECT count(*) FILTER (WHERE status = 'queued'),
            count(*) FILTER (WHERE lease_expires_at < clock_timestamp() - interval '1 minute')
        FROM turns WHERE status IN ('queued', 'running')
        """
    )
    row = await cursor.fetchone()
    assert row is not None
    metrics.TURNS_WAITING.set(row[0])
    metrics.TURNS_OVERDUE.set(row[1])


async def _purge_deltas(conn: Connection) -> None:
    """Remove the deltas of turns that ended a day ago: their texts stand in the messages."""
    await conn.execute(
        """
        WITH over AS (
            SELECT workspace_id, id FROM turns t
            WHERE finished_at < clock_timestamp() - %(age)s::interval AND events_purged = 0
              AND EXISTS (
                  SELECT 1 FROM turn_events e
                  WHERE e.workspace_id = t.workspace_id AND e.turn_id = t.id
                    AND e.type IN ('step.delta', 'step.reasoning')
              )
            ORDER BY finished_at LIMIT %(batch)s FOR UPDATE SKIP LOCKED
        ), purged AS (
            DELETE FROM turn_events e USING over o
            WHERE e.workspace_id = o.workspace_id AND e.turn_id = o.id
              AND e.type IN ('step.delta', 'step.reasoning')
            RETURNING e.workspace_id, e.turn_id
        ), counted AS (
            SELECT workspace_id, turn_id, count(*) AS events FROM purged GROUP BY 1, 2
        )
        UPDATE turns t SET events_purged = c.events FROM counted c
        WHERE t.workspace_id = c.workspace_id AND t.id = c.turn_id
        """,
        {"age": DELTAS_KEPT, "batch": BATCH},
    )


async def _purge_idempotency_keys(conn: Connection) -> None:
    await conn.execute(
        """
        DELETE FROM idempotency_keys WHERE created_at < clock_timestamp() - interval '24 hours'
        """
    )


async def _expired_attempts(conn: Connection) -> list[tuple[UUID, UUID]]:
    """Return open attempts outside of turns (a test call, say) whose process must be gone."""
    cursor = await conn.execute(
        """
        SELECT workspace_id, id FROM llm_call_attempts
        WHERE closed_at IS NULL AND expires_at < clock_timestamp() LIMIT %(batch)s
        """,
        {"batch": BATCH},
    )
    return [(workspace_id, attempt_id) for workspace_id, attempt_id in await cursor.fetchall()]


async def _unanswered(conn: Connection) -> list[tuple[UUID, UUID]]:
    """Return turns whose users have not answered in time."""
    cursor = await conn.execute(
        """
        SELECT workspace_id, id FROM turns
        WHERE status = 'awaiting_input' AND awaiting_until < clock_timestamp() LIMIT %(batch)s
        """,
        {"batch": BATCH},
    )
    return [(workspace_id, turn_id) for workspace_id, turn_id in await cursor.fetchall()]


async def _threads_over(runtime: Runtime, conn: Connection) -> list[str]:
    """Return the checkpoint threads whose turns ended some minutes ago."""
    threads = await checkpoints.some_threads(runtime.checkpoints, BATCH)
    cursor = await conn.execute(
        """
        SELECT id::text FROM turns
        WHERE id = ANY (%(threads)s::uuid[])
          AND finished_at < clock_timestamp() - %(age)s::interval
        """,
        {"threads": threads, "age": CHECKPOINTS_KEPT},
    )
    return [row[0] for row in await cursor.fetchall()]
