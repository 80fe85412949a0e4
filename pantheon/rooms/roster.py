"""The roster of a room: who sits there, in which order, muted or not.

Positions are 1…n without gaps. Every change locks the room first, so that changes of one roster
happen one after another; the agent's row is locked before that where it matters whether it lives.
Each function returns the room as it is afterwards.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb

from pantheon.accounts.roles import Who
from pantheon.agents.agents import check_context
from pantheon.base.errors import INVALID, NOT_FOUND, Problem, ProblemType
from pantheon.db.pool import Connection
from pantheon.rooms.rooms import get_room, lock_room

ALREADY_ASSIGNED = ProblemType("already_assigned", 409, "The agent is in this room")


async def assign(
    conn: Connection,
    who: Who,
    room_id: UUID,
    agent_id: UUID,
    *,
    position: int | None = None,
    muted: bool = False,
    context: Mapping[str, Any] | None = None,
    version: int | None = None,
) -> dict[str, Any]:
    """Seat an agent at `position`, those from there on move up; without one it sits last.

    `context` is what it sees here, where that differs from its own policy. Raises
    `already_assigned`, `not_found`, `stale_version`, `validation_error`.
    """
    if context is not None:
        check_context(context)
    await _lock_agent(conn, who, agent_id)
    await lock_room(conn, who, room_id, version)
    end = await _count(conn, who, room_id) + 1
    place = end if position is None else position
    if not 1 <= place <= end:
        raise INVALID(f"There is no position {place} to take: it is from 1 to {end}.")
    try:
        await conn.execute(
            """
            INSERT INTO room_agents (workspace_id, room_id, agent_id, position, muted, context)
            VALUES (%s, %s, %s, %s, %s, %s)
            """,
            (
                who.workspace_id, room_id, agent_id, place, muted,
                None if context is None else Jsonb(dict(context)),
            ),
        )  # fmt: skip
    except UniqueViolation as violation:
        if violation.diag.constraint_name == "room_agents_pkey":
            raise ALREADY_ASSIGNED(
                f"The agent {agent_id} sits in this room already."
            ) from violation
        raise
    await conn.execute(
        """
        UPDATE room_agents SET position = position + 1
        WHERE workspace_id = %(workspace)s AND room_id = %(room)s AND position >= %(place)s
          AND agent_id <> %(agent)s
        """,
        {"workspace": who.workspace_id, "room": room_id, "place": place, "agent": agent_id},
    )
    return await get_room(conn, who, room_id)


async def reorder(
    conn: Connection,
    who: Who,
    room_id: UUID,
    agent_ids: Sequence[UUID],
    *,
    version: int | None = None,
) -> dict[str, Any]:
    """Give the roster the order of `agent_ids`, which are all of its agents, each once.

    Raises `validation_error` where they are not, `not_found`, `stale_version`.
    """
    await lock_room(conn, who, room_id, version)
    cursor = await conn.execute(
        """
        SELECT agent_id FROM room_agents
        WHERE workspace_id = %(workspace)s AND room_id = %(room)s
        """,
        {"workspace": who.workspace_id, "room": room_id},
    )
    seated = [row[0] for row in await cursor.fetchall()]
    if sorted(seated) != sorted(agent_ids):
        raise INVALID(
            f"'agent_ids' names each of the room's {len(seated)} agents exactly once.",
            missing=[str(agent_id) for agent_id in sorted(set(seated) - set(agent_ids))],
            unknown=[str(agent_id) for agent_id in sorted(set(agent_ids) - set(seated))],
        )
    await conn.execute(
        """
        UPDATE room_agents ra SET position = wanted.position
        FROM unnest(%(agents)s::uuid[]) WITH ORDINALITY AS wanted (agent_id, position)
        WHERE ra.workspace_id = %(workspace)s AND ra.room_id = %(room)s
          AND ra.agent_id = wanted.agent_id
        """,
        {"agents": list(agent_ids), "workspace": who.workspace_id, "room": room_id},
    )
    return await get_room(conn, who, room_id)


async def change_seat(
    conn: Connection,
    who: Who,
    room_id: UUID,
    agent_id: UUID,
    changes: Mapping[str, Any],
    *,
    version: int | None = None,
) -> dict[str, Any]:
    """Change `muted` or `context` of an agent in this room; `context` `None` is its own policy.

    Raises `not_found`, `stale_version`, `validation_error`.
    """
    context = changes.get("context")
    if context is not None:
        check_context(context)
    await lock_room(conn, who, room_id, version)
    changed = await conn.execute(
        """
        UPDATE room_agents SET
            muted = coalesce(%(muted)s, muted),
            context = CASE WHEN %(new_context)s THEN %(context)s ELSE context END
        WHERE workspace_id = %(workspace)s AND room_id = %(room)s AND agent_id = %(agent)s
        """,
        {
            "muted": changes.get("muted"),
            "new_context": "context" in changes,
            "context": None if context is None else Jsonb(context),
            "workspace": who.workspace_id,
            "room": room_id,
            "agent": agent_id,
        },
    )
    if changed.rowcount == 0:
        raise _not_seated(agent_id)
    return await get_room(conn, who, room_id)


async def unassign(
    conn: Connection, who: Who, room_id: UUID, agent_id: UUID, *, version: int | None = None
) -> dict[str, Any]:
    """Take an agent out of the room; those behind it move up. Raises `not_found`."""
    await lock_room(conn, who, room_id, version)
    if not await _take_out(conn, who, room_id, agent_id):
        raise _not_seated(agent_id)
    return await get_room(conn, who, room_id)


async def leave_rooms(conn: Connection, who: Who, agent_id: UUID) -> None:
    """Take a deleted agent out of every room, deleted ones too: they may be restored.

    The caller has deleted it in this transaction, so that nobody seats it anew meanwhile.
    """
    rooms = await conn.execute(
        """
        UPDATE rooms SET updated_at = now(), version = version + 1
        WHERE workspace_id = %(workspace)s AND id IN (
            SELECT r.id FROM rooms r
            JOIN room_agents ra ON ra.workspace_id = r.workspace_id AND ra.room_id = r.id
            WHERE ra.workspace_id = %(workspace)s AND ra.agent_id = %(agent)s
            ORDER BY r.id FOR NO KEY UPDATE OF r)
        RETURNING id
        """,
        {"workspace": who.workspace_id, "agent": agent_id},
    )
    for (room_id,) in await rooms.fetchall():
        await _take_out(conn, who, room_id, agent_id)


def seat_of(room: Mapping[str, Any], agent_id: UUID) -> dict[str, Any]:
    """Return the `RoomAgent` of an agent in a room. Raises `not_found` if it is not there."""
    for seat in room["agents"]:
        if seat["agent_id"] == str(agent_id):
            return dict(seat)
    raise _not_seated(agent_id)


async def _lock_agent(conn: Connection, who: Who, agent_id: UUID) -> None:
    cursor = await conn.execute(
        """
        SELECT 1 FROM agents
        WHERE workspace_id = %(workspace)s AND id = %(agent)s AND deleted_at IS NULL
        FOR SHARE
        """,
        {"workspace": who.workspace_id, "agent": agent_id},
    )
    if await cursor.fetchone() is None:
        raise NOT_FOUND(f"There is no agent {agent_id}.")


async def _count(conn: Connection, who: Who, room_id: UUID) -> int:
    cursor = await conn.execute(
        """
        SELECT count(*) FROM room_agents
        WHERE workspace_id = %(workspace)s AND room_id = %(room)s
        """,
        {"workspace": who.workspace_id, "room": room_id},
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def _take_out(conn: Connection, who: Who, room_id: UUID, agent_id: UUID) -> bool:
    cursor = await conn.execute(
        """
        DELETE FROM room_agents
        WHERE workspace_id = %(workspace)s AND room_id = %(room)s AND agent_id = %(agent)s
        RETURNING position
        """,
        {"workspace": who.workspace_id, "room": room_id, "agent": agent_id},
    )
    row = await cursor.fetchone()
    if row is None:
        return False
    await conn.execute(
        """
        UPDATE room_agents SET position = position - 1
        WHERE workspace_id = %(workspace)s AND room_id = %(room)s AND position > %(left)s
        """,
        {"workspace": who.workspace_id, "room": room_id, "left": row[0]},
    )
    return True


def _not_seated(agent_id: UUID) -> Problem:
    return NOT_FOUND(f"No agent {agent_id} sits in this room.")
