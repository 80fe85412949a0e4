"""Forks: sessions that go on from a turn of another session, whose texts they share."""

from uuid import UUID

from pantheon.accounts.roles import Who
from pantheon.base import ids
from pantheon.db.pool import Connection
from pantheon.sessions.sessions import Session


async def open_fork(
    conn: Connection, who: Who, origin: Session, turn_id: UUID, turn_count: int
) -> UUID:
    """Open a session of `who` in the place of `origin`, for so many turns; return its id.

    The caller puts the turns there, in the same transaction, and then calls `set_head`.
    """
    fork_id = ids.new()
    await conn.execute(
        """
        INSERT INTO sessions (workspace_id, id, user_id, room_id, agent_id, name, turn_count,
            forked_from)
        VALUES (%(workspace)s, %(id)s, %(user)s, %(room)s, %(agent)s, %(name)s, %(turns)s,
            %(turn)s)
        """,
        {
            "workspace": who.workspace_id,
            "id": fork_id,
            "user": who.user_id,
            "room": origin.room_id,
            "agent": origin.agent_id,
            "name": origin.name,
            "turns": turn_count,
            "turn": turn_id,
        },
    )
    return fork_id


async def set_head(conn: Connection, workspace_id: UUID, fork_id: UUID, head: UUID) -> None:
    """Let a fork go on from the last of its turns."""
    await conn.execute(
        """
        UPDATE sessions SET head_turn_id = %(head)s
        WHERE workspace_id = %(workspace)s AND id = %(id)s
        """,
        {"head": head, "workspace": workspace_id, "id": fork_id},
    )
