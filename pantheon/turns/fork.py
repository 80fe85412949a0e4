"""Forking a session: its turns up to one of them, taken over by reference into a new one.

No text is copied and nothing is charged again: the new turns name the old messages, and their
steps the steps that hold the answers. They have no events of their own; they were over before.
"""

from typing import Any
from uuid import UUID

from pantheon.accounts.roles import Who
from pantheon.base import ids
from pantheon.base.errors import NOT_FOUND
from pantheon.context import summaries
from pantheon.db.pool import Connection
from pantheon.sessions import forks, sessions
from pantheon.sessions.sessions import TURN_IN_PROGRESS


async def fork_session(
    conn: Connection, who: Who, session_id: UUID, turn_id: UUID
) -> dict[str, Any]:
    """Open a session that continues from a turn of this one; return it, JSON-ready.

    The new one is private to `who`. Raises `not_found`, also for a turn of another session, and
    `turn_in_progress` for a turn that is not over.
    """
    origin = await sessions.see(conn, who, session_id)
    chain = await load_chain(conn, who.workspace_id, session_id, turn_id)
    if not chain:
        raise NOT_FOUND(f"There is no turn {turn_id} in this session.")
    if not await _is_over(conn, who.workspace_id, turn_id):
        raise TURN_IN_PROGRESS("This turn is still being answered. Fork it when it is over.")
    fork_id = await forks.open_fork(conn, who, origin, turn_id, len(chain))
    new = {old: ids.new() for old in chain}
    await _take_over_turns(conn, who.workspace_id, fork_id, new)
    await _take_over_steps(conn, who.workspace_id, new)
    await summaries.take_over(conn, who.workspace_id, fork_id, new)
    await forks.set_head(conn, who.workspace_id, fork_id, new[turn_id])
    return await sessions.get_session(conn, who, fork_id)


async def load_chain(
    conn: Connection, workspace_id: UUID, session_id: UUID, turn_id: UUID | None
) -> list[UUID]:
    """Return the turn and those that it continues, oldest first; none for another session's."""
    cursor = await conn.execute(
        """
        WITH RECURSIVE chain AS (
            SELECT id, parent_id, index FROM turns
            WHERE workspace_id = %(workspace)s AND session_id = %(session)s AND id = %(turn)s
            UNION ALL
            SELECT t.id, t.parent_id, t.index FROM chain c
            JOIN turns t ON t.workspace_id = %(workspace)s AND t.id = c.parent_id
        )
        SELECT id FROM chain ORDER BY index
        """,
        {"workspace": workspace_id, "session": session_id, "turn": turn_id},
    )
    return [row[0] for row in await cursor.fetchall()]


async def _is_over(conn: Connection, workspace_id: UUID, turn_id: UUID) -> bool:
    cursor = await conn.execute(
        """
        SELECT finished_at IS NOT NULL FROM turns
        WHERE workspace_id = %(workspace)s AND id = %(turn)s
        """,
        {"workspace": workspace_id, "turn": turn_id},
    )
    row = await cursor.fetchone()
    return row is not None and bool(row[0])


async def _take_over_turns(
    conn: Connection, workspace_id: UUID, fork_id: UUID, new: dict[UUID, UUID]
) -> None:
    """Add the turns to the fork, numbered anew; `new` names them by those they are made of."""
    await conn.execute(
        """
        INSERT INTO turns (workspace_id, id, session_id, user_id, room_id, index, parent_id, mode,
            status, stop_reason, error, warnings, input_message_id, frozen, graph_version,
            created_at, started_at, finished_at)
        SELECT t.workspace_id, n.id, %(fork)s, t.user_id, t.room_id, n.place, p.id, t.mode,
            t.status, t.stop_reason, t.error, t.warnings, t.input_message_id, t.frozen,
            t.graph_version, t.created_at, t.started_at, t.finished_at
        FROM unnest(%(old)s::uuid[], %(new)s::uuid[]) WITH ORDINALITY AS n (old_id, id, place)
        JOIN turns t ON t.workspace_id = %(workspace)s AND t.id = n.old_id
        LEFT JOIN unnest(%(old)s::uuid[], %(new)s::uuid[]) AS p (old_id, id)
            ON p.old_id = t.parent_id
        ORDER BY n.place
        """,
        {
            "fork": fork_id,
            "old": list(new),
            "new": list(new.values()),
            "workspace": workspace_id,
        },
    )


async def _take_over_steps(conn: Connection, workspace_id: UUID, new: dict[UUID, UUID]) -> None:
    cursor = await conn.execute(
        """
        SELECT id FROM steps WHERE workspace_id = %(workspace)s AND turn_id = ANY (%(old)s)
        ORDER BY id
        """,
        {"workspace": workspace_id, "old": list(new)},
    )
    shared = [row[0] for row in await cursor.fetchall()]
    await conn.execute(
        """
        INSERT INTO steps (workspace_id, id, turn_id, step_key, kind, round, position, agent_key,
            status, message_id, decision, error, read, context_actions, source_step_id, stale,
            started_at, finished_at)
        SELECT s.workspace_id, m.id, n.id, s.step_key, s.kind, s.round, s.position, s.agent_key,
            s.status, s.message_id, s.decision, s.error, s.read, s.context_actions,
            coalesce(s.source_step_id, s.id), s.stale, s.started_at, s.finished_at
        FROM unnest(%(shared)s::uuid[], %(ids)s::uuid[]) AS m (old_id, id)
        JOIN steps s ON s.workspace_id = %(workspace)s AND s.id = m.old_id
        JOIN unnest(%(old)s::uuid[], %(new)s::uuid[]) AS n (old_id, id) ON n.old_id = s.turn_id
        """,
        {
            "shared": shared,
            "ids": [ids.new() for _ in shared],
            "workspace": workspace_id,
            "old": list(new),
            "new": list(new.values()),
        },
    )
