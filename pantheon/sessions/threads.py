"""Threads: which turn a conversation that a client sends back whole has come from."""

from uuid import UUID

from pantheon.accounts.roles import Who
from pantheon.db.pool import Connection


async def remember(conn: Connection, who: Who, sha256: bytes, turn_id: UUID) -> None:
    """Keep that a conversation of `who` ends with this turn; the last one to say so counts."""
    await conn.execute(
        """
        INSERT INTO chat_threads (workspace_id, user_id, sha256, turn_id)
        VALUES (%(workspace)s, %(user)s, %(sha256)s, %(turn)s)
        ON CONFLICT (workspace_id, user_id, sha256) DO UPDATE SET turn_id = excluded.turn_id
        """,
        {
            "workspace": who.workspace_id,
            "user": who.user_id,
            "sha256": sha256,
            "turn": turn_id,
        },
    )


async def find(conn: Connection, who: Who, sha256: bytes) -> tuple[UUID, UUID] | None:
    """Return the session and the turn that a conversation ends with, where `who` still sees it."""
    cursor = await conn.execute(
        """
        SELECT t.session_id, t.id
        FROM chat_threads c
        JOIN turns t ON t.workspace_id = c.workspace_id AND t.id = c.turn_id
        JOIN sessions s ON s.workspace_id = t.workspace_id AND s.id = t.session_id
        LEFT JOIN rooms r ON r.workspace_id = s.workspace_id AND r.id = s.room_id
        WHERE c.workspace_id = %(workspace)s AND c.user_id = %(user)s AND c.sha256 = %(sha256)s
          AND (s.user_id = %(user)s OR s.shared)
          AND s.deleted_at IS NULL AND r.deleted_at IS NULL
        """,
        {"workspace": who.workspace_id, "user": who.user_id, "sha256": sha256},
    )
    row: tuple[UUID, UUID] | None = await cursor.fetchone()
    return row
