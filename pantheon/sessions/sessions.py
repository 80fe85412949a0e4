"""Sessions: one conversation of a user, in a room or with a single agent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from pantheon.accounts.roles import FORBIDDEN, Who
from pantheon.base import cursors, ids
from pantheon.base.clock import rfc3339
from pantheon.base.errors import INVALID, NOT_FOUND, STALE_VERSION, Problem, ProblemType
from pantheon.db.pool import Connection, Notice

TURN_IN_PROGRESS = ProblemType("turn_in_progress", 409, "A turn is running in this session")

OWNERS_ALONE = ("shared", "pinned")


@dataclass(frozen=True, slots=True)
class Session:
    """A row of `sessions`. Exactly one of `room_id` and `agent_id` is set.

    `forked_from` is the turn, of another session, that this one has gone on from.
    """

    workspace_id: UUID
    id: UUID
    user_id: UUID
    room_id: UUID | None
    agent_id: UUID | None
    name: str | None
    shared: bool
    pinned: bool
    head_turn_id: UUID | None
    turn_count: int
    last_turn_at: datetime | None
    created_at: datetime
    version: int
    deleted_at: datetime | None
    forked_from: UUID | None

    @property
    def active_at(self) -> datetime:
        """When something last happened here: what lists are ordered by."""
        return self.last_turn_at or self.created_at


def shape(session: Session) -> dict[str, Any]:
    """Return the `Session` of the HTTP contract, JSON-ready."""
    return {
        "id": str(session.id),
        "name": session.name,
        "room_id": str(session.room_id) if session.room_id else None,
        "agent_id": str(session.agent_id) if session.agent_id else None,
        "user_id": str(session.user_id),
        "shared": session.shared,
        "pinned": session.pinned,
        "head_turn_id": str(session.head_turn_id) if session.head_turn_id else None,
        "forked_from": str(session.forked_from) if session.forked_from else None,
        "turns": session.turn_count,
        "last_turn_at": rfc3339(session.last_turn_at),
        "created_at": rfc3339(session.created_at),
        "version": session.version,
    }


async def see(conn: Connection, who: Who, session_id: UUID) -> Session:
    """Return a session that `who` may see: an own one, or one shared with the workspace.

    Raises `not_found`, also where the session or its room is deleted.
    """
    async with conn.cursor(row_factory=class_row(Session)) as cursor:
        await cursor.execute(
            """
            SELECT s.* FROM sessions s
            LEFT JOIN rooms r ON r.workspace_id = s.workspace_id AND r.id = s.room_id
            WHERE s.workspace_id = %(workspace)s AND s.id = %(session)s
              AND (s.user_id = %(user)s OR s.shared)
              AND s.deleted_at IS NULL AND r.deleted_at IS NULL
            """,
            {"workspace": who.workspace_id, "session": session_id, "user": who.user_id},
        )
        session = await cursor.fetchone()
    if session is None:
        raise _not_found(session_id)
    return session


async def get_session(conn: Connection, who: Who, session_id: UUID) -> dict[str, Any]:
    """Return one session. Raises `not_found`."""
    return shape(await see(conn, who, session_id))


async def create_session(
    conn: Connection,
    who: Who,
    *,
    room_id: UUID | None = None,
    agent_id: UUID | None = None,
    name: str | None = None,
) -> dict[str, Any]:
    """Open a conversation in a room or with one agent; exactly one of the two is given.

    Without a name it gets the first words of its first turn. Raises `not_found` where the room or
    the agent is gone or of another workspace.
    """
    async with conn.cursor(row_factory=class_row(Session)) as cursor:
        await cursor.execute(
            """
            INSERT INTO sessions (workspace_id, id, user_id, room_id, agent_id, name)
            SELECT place.workspace_id, %(id)s, %(user)s, %(room)s::uuid, %(agent)s::uuid, %(name)s
            FROM (
                SELECT workspace_id FROM rooms
                WHERE id = %(room)s::uuid AND deleted_at IS NULL
                UNION ALL
                SELECT workspace_id FROM agents
                WHERE id = %(agent)s::uuid AND deleted_at IS NULL
            ) place
            WHERE place.workspace_id = %(workspace)s
            RETURNING *
            """,
            {
                "id": ids.new(),
                "user": who.user_id,
                "room": room_id,
                "agent": agent_id,
                "name": name,
                "workspace": who.workspace_id,
            },
        )
        session = await cursor.fetchone()
    if session is None:
        raise _no_place(room_id, agent_id)
    return shape(session)


async def list_sessions(
    conn: Connection,
    who: Who,
    *,
    room_id: UUID | None = None,
    agent_id: UUID | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> dict[str, Any]:
    """Return a page of the sessions that `who` may see, those with the newest activity first.

    With `room_id` or `agent_id` only those there; raises `not_found` if that is gone.
    """
    await _check_place(conn, who, room_id, agent_id)
    before, before_id = cursors.moment(cursor)
    async with conn.cursor(row_factory=class_row(Session)) as rows:
        await rows.execute(
            """
            SELECT s.* FROM sessions s
            LEFT JOIN rooms r ON r.workspace_id = s.workspace_id AND r.id = s.room_id
            WHERE s.workspace_id = %(workspace)s AND (s.user_id = %(user)s OR s.shared)
              AND s.deleted_at IS NULL AND r.deleted_at IS NULL
              AND (%(room)s::uuid IS NULL OR s.room_id = %(room)s)
              AND (%(agent)s::uuid IS NULL OR s.agent_id = %(agent)s)
              AND (%(before)s::timestamptz IS NULL
                   OR (coalesce(s.last_turn_at, s.created_at), s.id) < (%(before)s, %(before_id)s))
            ORDER BY coalesce(s.last_turn_at, s.created_at) DESC, s.id DESC
            LIMIT %(limit)s
            """,
            {
                "workspace": who.workspace_id,
                "user": who.user_id,
                "room": room_id,
                "agent": agent_id,
                "before": before,
                "before_id": before_id,
                "limit": limit + 1,
            },
        )
        found = await rows.fetchall()
    page = found[:limit]
    more = len(found) > limit
    return {
        "items": [shape(session) for session in page],
        "next_cursor": cursors.of_moment(page[-1].active_at, page[-1].id) if more else None,
    }


async def update_session(
    conn: Connection,
    who: Who,
    session_id: UUID,
    changes: Mapping[str, Any],
    *,
    version: int | None = None,
) -> dict[str, Any]:
    """Change `name`, `shared`, `pinned` or `head_turn_id`; what is not named stays.

    Whoever sees a session may rename it and switch its head; sharing and pinning are its user's
    (`forbidden`). The head can be switched to a turn of the session (else `validation_error`)
    while none is live (`turn_in_progress`). Raises `not_found`, and `stale_version` where
    `version` is given and no longer the session's.
    """
    session = await see(conn, who, session_id)
    if session.user_id != who.user_id and any(name in changes for name in OWNERS_ALONE):
        raise _owners_alone()
    async with conn.cursor(row_factory=class_row(Session)) as cursor:
        # `seen` closes the gap that a statement's snapshot leaves: a turn that is accepted while
        # this waits for the row is not in the snapshot, but it has moved the head.
        await cursor.execute(
            """
            UPDATE sessions SET
                name = CASE WHEN %(named)s THEN %(name)s ELSE name END,
                shared = coalesce(%(shared)s, shared),
                pinned = coalesce(%(pinned)s, pinned),
                head_turn_id = coalesce(%(head)s::uuid, head_turn_id),
                version = version + 1
            WHERE workspace_id = %(workspace)s AND id = %(session)s AND deleted_at IS NULL
              AND (%(version)s::int IS NULL OR version = %(version)s)
              AND (%(head)s::uuid IS NULL OR (
                  head_turn_id IS NOT DISTINCT FROM %(seen)s
                  AND EXISTS (
                      SELECT 1 FROM turns t
                      WHERE t.workspace_id = %(workspace)s AND t.session_id = %(session)s
                        AND t.id = %(head)s)
                  AND NOT EXISTS (
                      SELECT 1 FROM turns t
                      WHERE t.workspace_id = %(workspace)s AND t.session_id = %(session)s
                        AND t.status IN ('queued', 'running', 'awaiting_input'))))
            RETURNING *
            """,
            {
                "named": "name" in changes,
                "name": changes.get("name"),
                "shared": changes.get("shared"),
                "pinned": changes.get("pinned"),
                "head": changes.get("head_turn_id"),
                "seen": session.head_turn_id,
                "workspace": who.workspace_id,
                "session": session_id,
                "version": version,
            },
        )
        changed = await cursor.fetchone()
    if changed is None:
        raise await _why_not_changed(conn, who, session_id, changes, version)
    conn.notices.append(Notice("session", session_id))
    return shape(changed)


async def delete_session(
    conn: Connection, who: Who, session_id: UUID, *, version: int | None = None
) -> None:
    """Take a session out of sight for good; its turns and their ledger rows stay.

    Only its user may (`forbidden`). It locks the session, so that the caller then cancels what is
    live there in the same transaction. Raises `not_found` and `stale_version`.
    """
    session = await see(conn, who, session_id)
    if session.user_id != who.user_id:
        raise _owners_alone()
    deleted = await conn.execute(
        """
        UPDATE sessions SET deleted_at = now(), version = version + 1
        WHERE workspace_id = %(workspace)s AND id = %(session)s AND deleted_at IS NULL
          AND (%(version)s::int IS NULL OR version = %(version)s)
        """,
        {"workspace": who.workspace_id, "session": session_id, "version": version},
    )
    if deleted.rowcount == 0:
        raise await _why_not_changed(conn, who, session_id, {}, version)


async def place_name(conn: Connection, session: Session) -> str:
    """Return the name of the room or the agent that a session is with."""
    cursor = await conn.execute(
        """
        SELECT name FROM rooms WHERE workspace_id = %(workspace)s AND id = %(room)s::uuid
        UNION ALL
        SELECT name FROM agents WHERE workspace_id = %(workspace)s AND id = %(agent)s::uuid
        """,
        {
            "workspace": session.workspace_id,
            "room": session.room_id,
            "agent": session.agent_id,
        },
    )
    row = await cursor.fetchone()
    assert row is not None, "the session refers to it"
    return str(row[0])


async def ids_in_room(conn: Connection, workspace_id: UUID, room_id: UUID) -> list[UUID]:
    """Return the ids of all sessions of a room, whoever's they are."""
    cursor = await conn.execute(
        """
        SELECT id FROM sessions
        WHERE workspace_id = %(workspace)s AND room_id = %(room)s AND deleted_at IS NULL
        """,
        {"workspace": workspace_id, "room": room_id},
    )
    return [row[0] for row in await cursor.fetchall()]


async def _check_place(
    conn: Connection, who: Who, room_id: UUID | None, agent_id: UUID | None
) -> None:
    if room_id is None and agent_id is None:
        return
    cursor = await conn.execute(
        """
        SELECT 1 FROM rooms
        WHERE workspace_id = %(workspace)s AND id = %(room)s::uuid AND deleted_at IS NULL
        UNION ALL
        SELECT 1 FROM agents
        WHERE workspace_id = %(workspace)s AND id = %(agent)s::uuid AND deleted_at IS NULL
        """,
        {"workspace": who.workspace_id, "room": room_id, "agent": agent_id},
    )
    if await cursor.fetchone() is None:
        raise _no_place(room_id, agent_id)


async def _why_not_changed(
    conn: Connection,
    who: Who,
    session_id: UUID,
    changes: Mapping[str, Any],
    version: int | None,
) -> Problem:
    session = await see(conn, who, session_id)
    if version is not None and session.version != version:
        return STALE_VERSION(
            f"The session has version {session.version} by now, not {version}. Read it again."
        )
    cursor = await conn.execute(
        """
        SELECT 1 FROM turns
        WHERE workspace_id = %(workspace)s AND session_id = %(session)s AND id = %(head)s::uuid
        """,
        {
            "workspace": who.workspace_id,
            "session": session_id,
            "head": changes.get("head_turn_id"),
        },
    )
    if await cursor.fetchone() is None:
        return INVALID(f"There is no turn {changes.get('head_turn_id')} in this session.")
    return TURN_IN_PROGRESS(
        "A turn is running in this session; its head can be switched when that is over."
    )


def _not_found(session_id: UUID) -> Problem:
    return NOT_FOUND(f"There is no session {session_id}.")


def _no_place(room_id: UUID | None, agent_id: UUID | None) -> Problem:
    return NOT_FOUND(
        f"There is no room {room_id}." if room_id else f"There is no agent {agent_id}."
    )


def _owners_alone() -> Problem:
    return FORBIDDEN("Only the session's own user can share, pin or delete it.")
