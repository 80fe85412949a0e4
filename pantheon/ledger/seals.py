"""Seals: the hash chain over call events and postings, a link for each batch of rows.

A seal covers the rows between two moments of which no more can come, and the seal before it. What
is changed behind it, with whatever rights, shows in `pantheon reconcile`.
"""

from datetime import datetime
from uuid import UUID

from pantheon.db.pool import Connection

MOST_ROWS = 10_000


async def unsealed(conn: Connection) -> list[tuple[UUID, datetime]]:
    """Return the workspaces with rows to be sealed, each with the moment up to which that is safe.

    For the sweep, across workspaces. Rows that are younger may still be joined by others.
    """
    cursor = await conn.execute("SELECT workspace_id, until FROM unsealed_ledgers()")
    return [(workspace_id, until) for workspace_id, until in await cursor.fetchall()]


async def seal(
    conn: Connection, workspace_id: UUID, until: datetime, *, most: int = MOST_ROWS
) -> int | None:
    """Seal the rows before `until`, at most so many of each kind; returns the seal's number.

    `None` where there are none left. Call it until then, in a transaction for each.
    """
    cursor = await conn.execute(
        """
        WITH span AS (
            SELECT coalesce(max(number), 0) + 1 AS number,
                coalesce(max(until), '-infinity') AS since,
                coalesce((array_agg(sha256 ORDER BY number DESC))[1], '') AS previous
            FROM seals WHERE workspace_id = %(workspace)s
        ), cut AS (
            SELECT least(%(until)s, (
                SELECT created_at FROM llm_call_events
                WHERE workspace_id = %(workspace)s AND created_at >= span.since
                ORDER BY created_at OFFSET %(most)s LIMIT 1
            ), (
                SELECT created_at FROM postings
                WHERE workspace_id = %(workspace)s AND created_at >= span.since
                ORDER BY created_at OFFSET %(most)s LIMIT 1
            )) AS until FROM span
        )
        INSERT INTO seals (workspace_id, number, until, events, postings, previous_sha256, sha256)
        SELECT %(workspace)s, span.number, cut.until, s.events, s.postings, span.previous, s.sha256
        FROM span CROSS JOIN cut
        CROSS JOIN LATERAL seal_of(
            %(workspace)s, span.number, span.since, cut.until, span.previous
        ) AS s
        WHERE s.events + s.postings > 0
        RETURNING number
        """,
        {"workspace": workspace_id, "until": until, "most": most},
    )
    row = await cursor.fetchone()
    return None if row is None else int(row[0])
