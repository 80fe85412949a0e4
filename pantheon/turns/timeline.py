"""A session's turns in pages: the timeline that the page shows, and the plain list."""

import base64
import binascii
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from pantheon.accounts.roles import Who
from pantheon.base.errors import INVALID
from pantheon.db.pool import Connection
from pantheon.sessions import sessions
from pantheon.turns.types import TurnRow
from pantheon.turns.view import view_rows


async def view_timeline(
    conn: Connection,
    who: Who,
    session_id: UUID,
    *,
    limit: int,
    cursor: str | None,
    everything: bool,
) -> dict[str, Any]:
    """Return a page of a session, newest first: the head's chain, or with `everything` all turns.

    In a transaction opened with `snapshot`, following the log from `last_event_id` misses nothing.
    Raises `not_found`, and `validation_error` for a cursor that is none of ours.
    """
    session = await sessions.see(conn, who, session_id)
    rows = await _page(conn, who.workspace_id, session_id, limit + 1, _index(cursor))
    if not everything:
        rows = await _chain(conn, who.workspace_id, session, rows, limit + 1, _index(cursor))
    more = len(rows) > limit
    rows = rows[:limit]
    end = await conn.execute(
        """
        SELECT index, last_seq FROM turns
        WHERE workspace_id = %(workspace)s AND session_id = %(session)s
        ORDER BY index DESC LIMIT 1
        """,
        {"workspace": who.workspace_id, "session": session_id},
    )
    last = await end.fetchone()
    items, pinned = await view_rows(conn, rows)
    return {
        "session": sessions.shape(session),
        "items": items,
        "pinned": pinned,
        "next_cursor": _cursor(rows[-1].index) if more else None,
        "last_event_id": f"{last[0]}.{last[1]}" if last else "0.0",
    }


async def view_turns(
    conn: Connection, who: Who, session_id: UUID, *, limit: int, cursor: str | None
) -> dict[str, Any]:
    """Return a page of all turns of a session, oldest first. Raises `not_found`."""
    await sessions.see(conn, who, session_id)
    async with conn.cursor(row_factory=class_row(TurnRow)) as rows_cursor:
        await rows_cursor.execute(
            """
            SELECT * FROM turns
            WHERE workspace_id = %(workspace)s AND session_id = %(session)s AND index > %(after)s
            ORDER BY index LIMIT %(limit)s
            """,
            {
                "workspace": who.workspace_id,
                "session": session_id,
                "after": _index(cursor) or 0,
                "limit": limit + 1,
            },
        )
        rows = await rows_cursor.fetchall()
    more = len(rows) > limit
    rows = rows[:limit]
    items, pinned = await view_rows(conn, rows)
    return {
        "items": items,
        "pinned": pinned,
        "next_cursor": _cursor(rows[-1].index) if more else None,
    }


async def _page(
    conn: Connection, workspace_id: UUID, session_id: UUID, limit: int, before: int | None
) -> list[TurnRow]:
    async with conn.cursor(row_factory=class_row(TurnRow)) as cursor:
        await cursor.execute(
            """
            SELECT * FROM turns
            WHERE workspace_id = %(workspace)s AND session_id = %(session)s
              AND (%(before)s::int IS NULL OR index < %(before)s)
            ORDER BY index DESC LIMIT %(limit)s
            """,
            {
                "workspace": workspace_id,
                "session": session_id,
                "before": before,
                "limit": limit,
            },
        )
        return await cursor.fetchall()


async def _chain(
    conn: Connection,
    workspace_id: UUID,
    session: "sessions.Session",
    page: list[TurnRow],
    limit: int,
    before: int | None,
) -> list[TurnRow]:
    """Keep the turns of the head's chain, reading on until there are `limit` of them.

    A parent has a lower index than its child, so that one walk down the indexes finds them all.
    """
    wanted = session.head_turn_id
    if before is not None:
        wanted = await _chain_below(conn, workspace_id, session, before)
    kept: list[TurnRow] = []
    while page and wanted is not None and len(kept) < limit:
        for row in page:
            if row.id == wanted:
                kept.append(row)
                wanted = row.parent_id
        page = await _page(conn, workspace_id, session.id, limit, page[-1].index)
    return kept[:limit]


async def _chain_below(
    conn: Connection, workspace_id: UUID, session: "sessions.Session", before: int
) -> UUID | None:
    cursor = await conn.execute(
        """
        WITH RECURSIVE chain AS (
            SELECT id, parent_id, index FROM turns
            WHERE workspace_id = %(workspace)s AND id = %(head)s
            UNION ALL
            SELECT t.id, t.parent_id, t.index FROM chain c
            JOIN turns t ON t.workspace_id = %(workspace)s AND t.id = c.parent_id
            WHERE c.index >= %(before)s
        )
        SELECT id FROM chain WHERE index < %(before)s ORDER BY index DESC LIMIT 1
        """,
        {"workspace": workspace_id, "head": session.head_turn_id, "before": before},
    )
    row = await cursor.fetchone()
    return row[0] if row else None


def _cursor(index: int) -> str:
    return base64.urlsafe_b64encode(str(index).encode()).decode().rstrip("=")


def _index(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    try:
        return int(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error) as error:
        raise INVALID("The cursor is not one that this list gave.") from error
