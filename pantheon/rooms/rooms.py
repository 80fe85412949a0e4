"""Rooms: a goal, a mode and limits for an ordered roster of agents."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.errors import CheckViolation
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from pantheon.accounts.roles import Who
from pantheon.base import cursors, ids
from pantheon.base.clock import rfc3339
from pantheon.base.errors import INVALID, NOT_FOUND, STALE_VERSION, Problem, ProblemType
from pantheon.db.pool import Connection
from pantheon.rooms.limits import check_limits

GOAL_REQUIRED = ProblemType("goal_required", 422, "An orchestrator needs a goal")

RESTORABLE_DAYS = 7
APPROVALS = ("never", "plan", "each_round", "each_agent")


@dataclass(frozen=True, slots=True)
class Room:
    """A row of `rooms`."""

    workspace_id: UUID
    id: UUID
    name: str
    goal: str | None
    mode: str
    mentions: str
    tag_order: str
    approve: str
    manager: dict[str, Any] | None
    limits: dict[str, Any]
    summary_model: str | None
    created_at: datetime
    updated_at: datetime
    version: int
    deleted_at: datetime | None


def shape(room: Room, seats: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the `Room` of the HTTP contract, JSON-ready. `seats` are its `RoomAgent`s."""
    return {
        "id": str(room.id),
        "name": room.name,
        "goal": room.goal,
        "mode": room.mode,
        "mentions": room.mentions,
        "order": room.tag_order,
        "approve": room.approve,
        "manager": room.manager,
        "limits": room.limits,
        "summary_model": room.summary_model,
        "agents": list(seats),
        "created_at": rfc3339(room.created_at),
        "updated_at": rfc3339(room.updated_at),
        "version": room.version,
    }


async def create_room(
    conn: Connection,
    who: Who,
    *,
    modes: Collection[str],
    name: str,
    goal: str | None = None,
    mode: str = "roundtable",
    mentions: str = "override",
    order: str = "parallel",
    approve: str = "never",
    manager: Mapping[str, Any] | None = None,
    limits: Mapping[str, Any] | None = None,
    summary_model: str | None = None,
) -> dict[str, Any]:
    """Add a room without agents. `modes` are those that rooms can have in this build.

    `summary_model` writes its summaries; `None`: whom the operator or the room's agents say.

    Raises `goal_required`, and `validation_error` for a mode, an approval, a manager or a limit
    that is not there.
    """
    given = {"mode": mode, "approve": approve, "manager": manager, "limits": limits}
    await _check(conn, who, given, modes)
    room_id = ids.new()
    try:
        await conn.execute(
            """
            INSERT INTO rooms (workspace_id, id, name, goal, mode, mentions, tag_order, approve,
                manager, limits, summary_model)
            VALUES (%(workspace)s, %(id)s, %(name)s, %(goal)s, %(mode)s, %(mentions)s, %(order)s,
                %(approve)s, %(manager)s, %(limits)s, %(summary_model)s)
            """,
            {
                "workspace": who.workspace_id,
                "id": room_id,
                "name": name,
                "goal": _goal(goal),
                "mode": mode,
                "mentions": mentions,
                "order": order,
                "approve": approve,
                "manager": None if manager is None else Jsonb(dict(manager)),
                "limits": Jsonb(dict(limits or {})),
                "summary_model": summary_model,
            },
        )
    except CheckViolation as violation:
        raise _goal_required(violation) from violation
    return await get_room(conn, who, room_id)


async def get_room(conn: Connection, who: Who, room_id: UUID) -> dict[str, Any]:
    """Return a room with its roster. Raises `not_found`, also where it is deleted."""
    async with conn.cursor(row_factory=class_row(Room)) as cursor:
        await cursor.execute(
            """
            SELECT * FROM rooms
            WHERE workspace_id = %(workspace)s AND id = %(id)s AND deleted_at IS NULL
            """,
            {"workspace": who.workspace_id, "id": room_id},
        )
        room = await cursor.fetchone()
    if room is None:
        raise _not_found(room_id)
    return (await _shapes(conn, who, [room]))[0]


async def list_rooms(
    conn: Connection,
    who: Who,
    *,
    deleted: bool = False,
    limit: int = 50,
    cursor: str | None = None,
) -> dict[str, Any]:
    """Return a page of the workspace's rooms with their rosters, the newest first.

    With `deleted` those that can still be restored, instead of those that are there.
    """
    async with conn.cursor(row_factory=class_row(Room)) as rows:
        await rows.execute(
            """
            SELECT * FROM rooms
            WHERE workspace_id = %(workspace)s AND (deleted_at IS NOT NULL) = %(deleted)s
              AND (deleted_at IS NULL OR deleted_at > now() - make_interval(days => %(days)s))
              AND (%(before)s::uuid IS NULL OR id < %(before)s)
            ORDER BY id DESC LIMIT %(limit)s
            """,
            {
                "workspace": who.workspace_id,
                "deleted": deleted,
                "days": RESTORABLE_DAYS,
                "before": cursors.row(cursor),
                "limit": limit + 1,
            },
        )
        found = await rows.fetchall()
    page = found[:limit]
    return {
        "items": await _shapes(conn, who, page),
        "next_cursor": cursors.encode(str(page[-1].id)) if len(found) > limit else None,
    }


async def update_room(
    conn: Connection,
    who: Who,
    room_id: UUID,
    changes: Mapping[str, Any],
    *,
    modes: Collection[str],
    version: int | None = None,
) -> dict[str, Any]:
    """Change what `changes` names, by the names of `create_room`; the rest stays.

    `goal`, `manager` and `summary_model` can be `None`, which takes them away. Turns that were
    accepted before keep what they froze. Raises what `create_room` does, `not_found`, and
    `stale_version` where `version` is given and no longer the room's.
    """
    await _check(conn, who, changes, modes)
    manager, limits = changes.get("manager"), changes.get("limits")
    try:
        updated = await conn.execute(
            """
            UPDATE rooms SET
                name = coalesce(%(name)s, name),
                goal = CASE WHEN %(new_goal)s THEN %(goal)s ELSE goal END,
                mode = coalesce(%(mode)s, mode), mentions = coalesce(%(mentions)s, mentions),
                tag_order = coalesce(%(order)s, tag_order),
                approve = coalesce(%(approve)s, approve),
                manager = CASE WHEN %(new_manager)s THEN %(manager)s ELSE manager END,
                limits = coalesce(%(limits)s, limits),
                summary_model = CASE WHEN %(new_summary_model)s THEN %(summary_model)s
                    ELSE summary_model END,
                updated_at = now(), version = version + 1
            WHERE workspace_id = %(workspace)s AND id = %(id)s AND deleted_at IS NULL
              AND (%(version)s::int IS NULL OR version = %(version)s)
            """,
            {
                **{
                    key: changes.get(key)
                    for key in ("name", "mode", "mentions", "order", "approve")
                },
                "new_goal": "goal" in changes,
                "goal": _goal(changes.get("goal")),
                "new_manager": "manager" in changes,
                "manager": None if manager is None else Jsonb(manager),
                "limits": None if limits is None else Jsonb(limits),
                "new_summary_model": "summary_model" in changes,
                "summary_model": changes.get("summary_model"),
                "workspace": who.workspace_id,
                "id": room_id,
                "version": version,
            },
        )
    except CheckViolation as violation:
        raise _goal_required(violation) from violation
    if updated.rowcount == 0:
        raise await _why_not(conn, who, room_id, version)
    return await get_room(conn, who, room_id)


async def delete_room(
    conn: Connection, who: Who, room_id: UUID, *, version: int | None = None
) -> None:
    """Hide a room and with it its sessions; `restore_room` undoes it for 7 days.

    It locks the room, so that the caller then cancels what is live there in the same transaction.
    Raises `not_found` and `stale_version`.
    """
    # Stronger than the update's own lock: it waits for turns that are being accepted here, which
    # refer to the room and are not to be seen yet.
    await conn.execute(
        "SELECT FROM rooms WHERE workspace_id = %(workspace)s AND id = %(id)s FOR UPDATE",
        {"workspace": who.workspace_id, "id": room_id},
    )
    deleted = await conn.execute(
        """
        UPDATE rooms SET deleted_at = now(), version = version + 1
        WHERE workspace_id = %(workspace)s AND id = %(id)s AND deleted_at IS NULL
          AND (%(version)s::int IS NULL OR version = %(version)s)
        """,
        {"workspace": who.workspace_id, "id": room_id, "version": version},
    )
    if deleted.rowcount == 0:
        raise await _why_not(conn, who, room_id, version)


async def restore_room(conn: Connection, who: Who, room_id: UUID) -> dict[str, Any]:
    """Bring back a room that was deleted in the last 7 days; a room that is there is returned.

    Agents that were deleted meanwhile are not in it any more. Raises `not_found`.
    """
    await conn.execute(
        """
        UPDATE rooms SET deleted_at = NULL, version = version + 1
        WHERE workspace_id = %(workspace)s AND id = %(id)s
          AND deleted_at > now() - make_interval(days => %(days)s)
        """,
        {"workspace": who.workspace_id, "id": room_id, "days": RESTORABLE_DAYS},
    )
    return await get_room(conn, who, room_id)


async def lock_room(conn: Connection, who: Who, room_id: UUID, version: int | None) -> None:
    """Count a change of the room's roster, which locks the room until the transaction ends.

    Raises `not_found` and `stale_version`.
    """
    locked = await conn.execute(
        """
        UPDATE rooms SET updated_at = now(), version = version + 1
        WHERE workspace_id = %(workspace)s AND id = %(id)s AND deleted_at IS NULL
          AND (%(version)s::int IS NULL OR version = %(version)s)
        """,
        {"workspace": who.workspace_id, "id": room_id, "version": version},
    )
    if locked.rowcount == 0:
        raise await _why_not(conn, who, room_id, version)


async def _shapes(conn: Connection, who: Who, rooms: Sequence[Room]) -> list[dict[str, Any]]:
    cursor = await conn.execute(
        """
        SELECT ra.room_id, ra.agent_id, a.key, a.name, a.color, a.model, ra.position, ra.muted,
               ra.context
        FROM room_agents ra
        JOIN agents a ON a.workspace_id = ra.workspace_id AND a.id = ra.agent_id
        WHERE ra.workspace_id = %(workspace)s AND ra.room_id = ANY (%(rooms)s)
        ORDER BY ra.room_id, ra.position
        """,
        {"workspace": who.workspace_id, "rooms": [room.id for room in rooms]},
    )
    seats: dict[UUID, list[dict[str, Any]]] = {room.id: [] for room in rooms}
    for (
        room_id,
        agent_id,
        key,
        name,
        color,
        model,
        position,
        muted,
        context,
    ) in await cursor.fetchall():
        seats[room_id].append(
            {
                "agent_id": str(agent_id),
                "key": key,
                "name": name,
                "color": color,
                "model": model,
                "position": position,
                "muted": muted,
                "context": context,
            }
        )
    return [shape(room, seats[room.id]) for room in rooms]


async def _check(
    conn: Connection, who: Who, given: Mapping[str, Any], modes: Collection[str]
) -> None:
    mode = given.get("mode")
    if mode is not None and mode not in modes:
        raise INVALID(
            f"This version has no mode '{mode}' for rooms. Valid are: {', '.join(modes)}."
        )
    approve = given.get("approve")
    if approve is not None and approve not in APPROVALS:
        raise INVALID(f"'approve' is one of {', '.join(APPROVALS)}, not '{approve}'.")
    check_limits(given.get("limits") or {})
    await _check_manager(conn, who, given.get("manager"))


async def _check_manager(conn: Connection, who: Who, manager: Mapping[str, Any] | None) -> None:
    if manager is None or manager.get("agent_id") is None:
        return
    cursor = await conn.execute(
        """
        SELECT 1 FROM agents
        WHERE workspace_id = %(workspace)s AND id = %(id)s::uuid AND deleted_at IS NULL
        """,
        {"workspace": who.workspace_id, "id": manager["agent_id"]},
    )
    if await cursor.fetchone() is None:
        raise INVALID(f"The manager {manager['agent_id']} is no agent of this workspace.")


def _goal(goal: str | None) -> str | None:
    return goal.strip() or None if goal else None


def _goal_required(violation: CheckViolation) -> Exception:
    if violation.diag.constraint_name == "rooms_goal":
        return GOAL_REQUIRED("A room in the mode 'orchestrator' needs a goal to steer by.")
    return violation


async def _why_not(conn: Connection, who: Who, room_id: UUID, version: int | None) -> Problem:
    room = await get_room(conn, who, room_id)
    return STALE_VERSION(
        f"The room has version {room['version']} by now, not {version}. Read it again."
    )


def _not_found(room_id: UUID) -> Problem:
    return NOT_FOUND(f"There is no room {room_id}.")
