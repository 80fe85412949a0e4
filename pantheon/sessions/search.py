"""Search in sessions and messages: PostgreSQL's full text, told as text and ranges, never HTML.

Words are compared as they are written, whatever their language, upper and lower case alike; the
last word counts as the beginning of one, for who is still typing. `"a phrase"`, `or` and `-not`
are understood.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from pantheon.accounts.roles import Who
from pantheon.base import cursors
from pantheon.base.clock import rfc3339
from pantheon.base.errors import INVALID
from pantheon.base.text import sanitise
from pantheon.db.pool import Connection
from pantheon.sessions import sessions
from pantheon.sessions.sessions import Session

LONGEST_QUERY = 300
NAMED_AT_MOST = 20
SHORT = 240
# Marks around what was found: control characters, which are taken out of the text before.
START, STOP = "\x01", "\x02"
EXCERPT = f"StartSel={START}, StopSel={STOP}, MaxFragments=1, MaxWords=32, MinWords=12"
WHOLE = f"StartSel={START}, StopSel={STOP}, HighlightAll=true"


async def search(
    conn: Connection, who: Who, text: str, *, limit: int, cursor: str | None
) -> dict[str, Any]:
    """Return the sessions whose name and a page of the messages whose text has these words.

    Only what `who` may see; messages newest first, sessions (on the first page only) with the
    newest activity first. Raises `validation_error`.
    """
    if not text.strip() or len(text) > LONGEST_QUERY or sanitise(text) != text:
        raise INVALID(f"'q' is a text of 1 to {LONGEST_QUERY} characters.")
    before = cursors.row(cursor)
    query = await _parse(conn, text)
    if query is None:
        return {"sessions": [], "items": [], "next_cursor": None}
    named = [] if before is not None else await _by_name(conn, who, query)
    found = await _messages(conn, who, query, limit + 1, before)
    page = found[:limit]
    more = len(found) > limit
    return {
        "sessions": named,
        "items": page,
        "next_cursor": cursors.encode(page[-1]["message_id"]) if more else None,
    }


async def _parse(conn: Connection, text: str) -> str | None:
    """Return the query as PostgreSQL writes it, `None` where there is no word in it."""
    rows = await conn.execute(
        """
        SELECT numnode(query), query::text
        FROM websearch_to_tsquery('simple', %(text)s) AS query
        """,
        {"text": text},
    )
    row = await rows.fetchone()
    assert row is not None
    nodes, query = row
    if nodes == 0:
        return None
    typing = text[-1].isalnum() and query.endswith("'")
    return f"{query}:*" if typing else str(query)


async def _by_name(conn: Connection, who: Who, query: str) -> list[dict[str, Any]]:
    async with conn.cursor(row_factory=class_row(Session)) as cursor:
        # The names of those sessions that one user sees are few: no index is kept for them.
        await cursor.execute(
            """
            SELECT s.* FROM sessions s
            LEFT JOIN rooms r ON r.workspace_id = s.workspace_id AND r.id = s.room_id
            WHERE s.workspace_id = %(workspace)s AND (s.user_id = %(user)s OR s.shared)
              AND s.deleted_at IS NULL AND r.deleted_at IS NULL
              AND to_tsvector('simple', coalesce(s.name, '')) @@ %(query)s::tsquery
            ORDER BY coalesce(s.last_turn_at, s.created_at) DESC, s.id DESC
            LIMIT %(limit)s
            """,
            {
                "workspace": who.workspace_id,
                "user": who.user_id,
                "query": query,
                "limit": NAMED_AT_MOST,
            },
        )
        found = await cursor.fetchall()
    marked = await conn.execute(
        """
        SELECT ts_headline('simple', name, %(query)s::tsquery, %(options)s)
        FROM unnest(%(names)s::text[]) WITH ORDINALITY AS names (name, place) ORDER BY place
        """,
        {
            "query": query,
            "options": WHOLE,
            "names": [_unmarked(session.name or "") for session in found],
        },
    )
    return [
        {"session": sessions.shape(session), "highlights": _read(name)[1]}
        for session, (name,) in zip(found, await marked.fetchall(), strict=True)
    ]


async def _messages(
    conn: Connection, who: Who, query: str, limit: int, before: UUID | None
) -> list[dict[str, Any]]:
    cursor = await conn.execute(
        """
        SELECT m.id, m.session_id, s.name, m.turn_id, m.step_id, m.agent_key, m.created_at,
               ts_headline('simple', translate(left(m.content, 100000), %(marks)s, ''),
                           %(query)s::tsquery,
                           CASE WHEN length(m.content) > %(short)s THEN %(excerpt)s
                                ELSE %(whole)s END)
        FROM find_messages(%(query)s::tsquery, %(user)s, %(before)s, %(limit)s) AS found
        JOIN messages m ON m.workspace_id = %(workspace)s AND m.id = found.message_id
        JOIN sessions s ON s.workspace_id = m.workspace_id AND s.id = m.session_id
        ORDER BY m.id DESC
        """,
        {
            "marks": START + STOP,
            "query": query,
            "short": SHORT,
            "excerpt": EXCERPT,
            "whole": WHOLE,
            "user": who.user_id,
            "before": before,
            "limit": limit,
            "workspace": who.workspace_id,
        },
    )
    return [_hit(*row) for row in await cursor.fetchall()]


def _hit(
    message_id: UUID,
    session_id: UUID,
    session_name: str | None,
    turn_id: UUID,
    step_id: UUID | None,
    agent_key: str | None,
    created_at: Any,
    marked: str,
) -> dict[str, Any]:
    excerpt, highlights = _read(marked)
    return {
        "message_id": str(message_id),
        "session_id": str(session_id),
        "session_name": session_name,
        "turn_id": str(turn_id),
        "step_id": str(step_id) if step_id else None,
        "role": "user" if step_id is None else "agent",
        "agent_key": agent_key,
        "excerpt": excerpt,
        "highlights": highlights,
        "created_at": rfc3339(created_at),
    }


def _unmarked(text: str) -> str:
    return text.replace(START, "").replace(STOP, "")


def _read(marked: str) -> tuple[str, Sequence[dict[str, int]]]:
    """Return the text without the marks, and where they stood, in code points."""
    text, highlights = "", []
    for part in marked.split(START):
        inside, stop, outside = part.partition(STOP)
        if stop:
            highlights.append({"start": len(text), "end": len(text) + len(inside)})
        text += inside + outside
    return text, highlights
