"""Leases: which worker runs a turn. PostgreSQL's clock decides, the epoch fences."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from pantheon.db.pool import Connection
from pantheon.turns.types import TurnRow

CLAIM_LOCK = 0x70616E76
MAX_TAKEOVERS = 5
MAX_FAULTS = 3
VERSION_GONE = {
    "code": "version_unknown",
    "title": "Made by another version of Pantheon",
    "detail": "No worker knows the version that this turn was made by. Send the question anew.",
    "status": 409,
}


@dataclass(frozen=True, slots=True)
class Renewed:
    """What a renewal tells of a turn that is still this worker's."""

    id: UUID
    lease_epoch: int
    cancel_requested: str | None


async def claim(
    conn: Connection,
    worker_id: UUID,
    versions: Sequence[int],
    seconds: float,
    limit: int,
    *,
    at_once: int | None = None,
    mine: Collection[UUID] = (),
) -> list[TurnRow]:
    """Claim up to `limit` turns that wait or whose lease is over, fairly.

    Fair: a workspace's n-th turn waits for every other workspace's first n-1, and inside a
    workspace the same holds for users; running turns count. Of one user no more than `at_once` run
    side by side, exactly: claims then come one after another. `mine` are the turns that this worker
    runs: where their leases are over, since the database was away or the worker stood still, it
    renews them, so that no answer on its way is thrown away. Needs the sweep role.
    """
    if at_once is not None:
        await conn.execute("SELECT pg_advisory_xact_lock(%(lock)s)", {"lock": CLAIM_LOCK})
    async with conn.cursor(row_factory=class_row(TurnRow)) as cursor:
        await cursor.execute(
            """
            WITH live AS MATERIALIZED (
                SELECT workspace_id, id, user_id, created_at,
                    status = 'running' AND lease_expires_at > clock_timestamp() AS leased
                FROM turns
                WHERE status IN ('queued', 'running')
            ), by_user AS (
                SELECT *, row_number() OVER (
                    PARTITION BY workspace_id, user_id ORDER BY leased DESC, created_at, id
                ) AS place
                FROM live
            ), ranked AS (
                SELECT *, row_number() OVER (
                    PARTITION BY workspace_id ORDER BY leased DESC, place, created_at, id
                ) AS turn_of_workspace
                FROM by_user
            ), chosen AS (
                SELECT t.workspace_id, t.id
                FROM ranked r
                JOIN turns t ON t.workspace_id = r.workspace_id AND t.id = r.id
                WHERE NOT r.leased AND t.id <> ALL (%(mine)s::uuid[])
                  AND (r.place <= coalesce(%(at_once)s, r.place) OR t.cancel_requested IS NOT NULL)
                  AND (t.graph_version = ANY (%(versions)s) OR t.cancel_requested IS NOT NULL)
                  AND (t.status = 'queued'
                       OR t.status = 'running' AND t.lease_expires_at <= clock_timestamp())
                ORDER BY r.turn_of_workspace, r.created_at
                LIMIT %(limit)s
                FOR UPDATE OF t SKIP LOCKED
            )
            UPDATE turns t SET status = 'running', lease_epoch = lease_epoch + 1,
                lease_owner = %(worker)s,
                lease_expires_at = clock_timestamp() + make_interval(secs => %(seconds)s),
                takeovers = takeovers + CASE WHEN t.status = 'running' THEN 1 ELSE 0 END,
                started_at = coalesce(started_at, clock_timestamp())
            FROM chosen c
            WHERE t.workspace_id = c.workspace_id AND t.id = c.id
            RETURNING t.*
            """,
            {
                "versions": list(versions),
                "limit": limit,
                "at_once": at_once,
                "mine": list(mine),
                "worker": worker_id,
                "seconds": seconds,
            },
        )
        return await cursor.fetchall()


async def renew(
    conn: Connection, held: Sequence[tuple[UUID, UUID, int]], seconds: float
) -> list[Renewed]:
    """Renew leases, given as `(workspace, turn, epoch)`; return those that still were ours."""
    async with conn.cursor(row_factory=class_row(Renewed)) as cursor:
        await cursor.execute(
            """
            UPDATE turns t
            SET lease_expires_at = clock_timestamp() + make_interval(secs => %(seconds)s)
            FROM unnest(%(workspaces)s::uuid[], %(ids)s::uuid[], %(epochs)s::int[])
                AS h (workspace_id, id, epoch)
            WHERE t.workspace_id = h.workspace_id AND t.id = h.id AND t.lease_epoch = h.epoch
              AND t.status = 'running'
            RETURNING t.id, t.lease_epoch, t.cancel_requested
            """,
            {
                "seconds": seconds,
                "workspaces": [workspace for workspace, _, _ in held],
                "ids": [turn for _, turn, _ in held],
                "epochs": [epoch for _, _, epoch in held],
            },
        )
        return await cursor.fetchall()


async def expire_of(conn: Connection, instance: UUID) -> int:
    """End the leases of an instance's earlier processes, which are known to be dead."""
    cursor = await conn.execute(
        """
        UPDATE turns SET lease_expires_at = clock_timestamp()
        WHERE status = 'running' AND lease_owner IN (
            SELECT id FROM workers WHERE instance = %(instance)s AND kind = 'up'
        )
        """,
        {"instance": instance},
    )
    return cursor.rowcount


async def give_back(conn: Connection, turn: TurnRow) -> None:
    """Put a turn back into the queue without a lease, for another worker. A drain is no fault."""
    await conn.execute(
        """
        UPDATE turns SET status = 'queued', lease_owner = NULL, lease_expires_at = NULL
        WHERE workspace_id = %(workspace)s AND id = %(turn)s AND lease_epoch = %(epoch)s
          AND status = 'running'
        """,
        {"workspace": turn.workspace_id, "turn": turn.id, "epoch": turn.lease_epoch},
    )


async def count_fault(conn: Connection, turn: TurnRow) -> int | None:
    """Count an exception of a run, give the turn back; return how many there were.

    At `MAX_FAULTS` the caller keeps it, to end it. `None`: the lease is another's by now. A step
    that closes sets the count back.
    """
    cursor = await conn.execute(
        """
        UPDATE turns SET faults = faults + 1, lease_expires_at = CASE
            WHEN faults + 1 < %(most)s THEN clock_timestamp() ELSE lease_expires_at END
        WHERE workspace_id = %(workspace)s AND id = %(turn)s AND lease_epoch = %(epoch)s
          AND status = 'running'
        RETURNING faults
        """,
        {
            "most": MAX_FAULTS,
            "workspace": turn.workspace_id,
            "turn": turn.id,
            "epoch": turn.lease_epoch,
        },
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def give_up_unknown_versions(conn: Connection, known: Sequence[int]) -> int:
    """Ask for the failure of waiting turns whose version no live worker knows; returns how many.

    `known` are the caller's own versions: whether it is on the list of workers or not (after its
    machine slept it is not), it is alive. Any worker may end them: `claim` takes turns with a
    request to cancel whatever their version.
    """
    cursor = await conn.execute(
        """
        UPDATE turns SET cancel_requested = 'now', error = %(error)s
        WHERE status IN ('queued', 'running') AND cancel_requested IS NULL
          AND (lease_expires_at IS NULL OR lease_expires_at < clock_timestamp())
          AND graph_version NOT IN (
              SELECT unnest(graph_versions) FROM workers
              WHERE seen_at > clock_timestamp() - interval '10 minutes'
          )
          AND graph_version <> ALL (%(known)s)
        """,
        {"error": Jsonb(VERSION_GONE), "known": list(known)},
    )
    return cursor.rowcount
