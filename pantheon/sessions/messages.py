"""Messages: what a user wrote, what a step answered. Never changed, though it can be taken back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncCursor

from pantheon.accounts.roles import Who
from pantheon.base import cursors
from pantheon.base.clock import rfc3339
from pantheon.base.errors import NOT_FOUND
from pantheon.db.pool import Connection
from pantheon.sessions import sessions


async def add(
    conn: Connection,
    workspace_id: UUID,
    message_id: UUID,
    session_id: UUID,
    turn_id: UUID,
    content: str,
    token_count: int,
    *,
    exact: int | None = None,
    step_id: UUID | None = None,
    agent_key: str | None = None,
) -> None:
    """Store a message: the user's, or with `step_id` and `agent_key` an agent's.

    `token_count` is the estimate, `exact` the count by the known tokenizer, if it is loaded.
    """
    await conn.execute(
        """
        INSERT INTO messages
            (workspace_id, id, session_id, turn_id, step_id, agent_key, content, tokens,
             tokens_o200k)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
        """,
        (
            workspace_id, message_id, session_id, turn_id, step_id, agent_key, content,
            token_count, exact,
        ),
    )  # fmt: skip
    conn.carried(len(content))


async def texts(
    conn: Connection, workspace_id: UUID, message_ids: Sequence[UUID]
) -> dict[UUID, tuple[str | None, str]]:
    """Return of some messages who wrote each (an agent's key, `None` for the user), and what."""
    cursor = await conn.execute(
        """
        SELECT id, agent_key, content FROM messages
        WHERE workspace_id = %(workspace)s AND id = ANY (%(ids)s)
        """,
        {"workspace": workspace_id, "ids": list(message_ids)},
    )
    return {message_id: (key, text) for message_id, key, text in await cursor.fetchall()}


async def list_messages(
    conn: Connection, who: Who, session_id: UUID, *, limit: int, cursor: str | None
) -> dict[str, Any]:
    """Return a page of a session's messages, oldest first. Raises `not_found`.

    A fork's are also those of the turns that it has taken over.
    """
    session = await sessions.see(conn, who, session_id)
    page = {
        "workspace": who.workspace_id,
        "session": session_id,
        "after": cursors.row(cursor),
        "limit": limit + 1,
    }
    rows = await (_own(conn, page) if session.forked_from is None else _forks(conn, page))
    items = [_shape(*row) for row in await rows.fetchall()]
    more = len(items) > limit
    items = items[:limit]
    return {"items": items, "next_cursor": cursors.encode(items[-1]["id"]) if more else None}


async def _own(conn: Connection, page: dict[str, Any]) -> AsyncCursor[tuple[Any, ...]]:
    return await conn.execute(
        """
        SELECT id, turn_id, step_id, agent_key, content, created_at, pinned_at FROM messages
        WHERE workspace_id = %(workspace)s AND session_id = %(session)s AND deleted_at IS NULL
          AND (%(after)s::uuid IS NULL OR id > %(after)s)
        ORDER BY id LIMIT %(limit)s
        """,
        page,
    )


async def _forks(conn: Connection, page: dict[str, Any]) -> AsyncCursor[tuple[Any, ...]]:
    """Read what a fork's turns say, by the first of them: a retry names the same messages again."""
    return await conn.execute(
        """
        WITH said AS (
            SELECT t.index, t.input_message_id AS message_id, t.id AS turn_id, NULL::uuid AS step_id
            FROM turns t
            WHERE t.workspace_id = %(workspace)s AND t.session_id = %(session)s
            UNION ALL
            SELECT t.index, s.message_id, t.id, s.id
            FROM turns t
            JOIN steps s ON s.workspace_id = t.workspace_id AND s.turn_id = t.id
            WHERE t.workspace_id = %(workspace)s AND t.session_id = %(session)s
              AND s.message_id IS NOT NULL
        ), first AS (
            SELECT DISTINCT ON (said.message_id) said.message_id, said.turn_id, said.step_id
            FROM said
            JOIN messages n ON n.workspace_id = %(workspace)s AND n.id = said.message_id
            WHERE n.deleted_at IS NULL
              AND (%(after)s::uuid IS NULL OR said.message_id > %(after)s)
            ORDER BY said.message_id, said.index LIMIT %(limit)s
        )
        SELECT m.id, f.turn_id, f.step_id, m.agent_key, m.content, m.created_at, m.pinned_at
        FROM first f
        JOIN messages m ON m.workspace_id = %(workspace)s AND m.id = f.message_id
        ORDER BY m.id
        """,
        page,
    )


async def pin(conn: Connection, who: Who, message_id: UUID, *, pinned: bool) -> dict[str, Any]:
    """Pin a message, or take its pin away: pinned ones are told to every agent in every turn.

    Whoever sees the session may. Returns the message; what is so already stays so. Raises
    `not_found`.
    """
    await _see(conn, who, message_id)
    cursor = await conn.execute(
        """
        UPDATE messages SET pinned_at = CASE WHEN %(pinned)s THEN coalesce(pinned_at, now()) END
        WHERE workspace_id = %(workspace)s AND id = %(id)s AND deleted_at IS NULL
        RETURNING id, turn_id, step_id, agent_key, content, created_at, pinned_at
        """,
        {"pinned": pinned, "workspace": who.workspace_id, "id": message_id},
    )
    row = await cursor.fetchone()
    if row is None:
        raise NOT_FOUND(f"There is no message {message_id}.")
    return _shape(*row)


async def _see(conn: Connection, who: Who, message_id: UUID) -> None:
    """Raise `not_found` for a message that is not there, or not to be seen."""
    cursor = await conn.execute(
        """
        SELECT session_id FROM messages
        WHERE workspace_id = %(workspace)s AND id = %(id)s AND deleted_at IS NULL
        """,
        {"workspace": who.workspace_id, "id": message_id},
    )
    row = await cursor.fetchone()
    if row is None:
        raise NOT_FOUND(f"There is no message {message_id}.")
    await sessions.see(conn, who, row[0])


async def get_message(conn: Connection, who: Who, message_id: UUID) -> dict[str, Any]:
    """Return a message. Raises `not_found`."""
    await _see(conn, who, message_id)
    cursor = await conn.execute(
        """
        SELECT id, turn_id, step_id, agent_key, content, created_at, pinned_at FROM messages
        WHERE workspace_id = %(workspace)s AND id = %(id)s
        """,
        {"workspace": who.workspace_id, "id": message_id},
    )
    row = await cursor.fetchone()
    assert row is not None
    return _shape(*row)


def _shape(
    message_id: UUID,
    turn_id: UUID,
    step_id: UUID | None,
    agent_key: str | None,
    content: str,
    created_at: datetime,
    pinned_at: datetime | None,
) -> dict[str, Any]:
    return {
        "id": str(message_id),
        "turn_id": str(turn_id),
        "step_id": str(step_id) if step_id else None,
        "role": "user" if step_id is None else "agent",
        "agent_key": agent_key,
        "content": content,
        "pinned": pinned_at is not None,
        "created_at": rfc3339(created_at),
    }
