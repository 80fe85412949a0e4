"""Messages that were taken back: without their text at once, for some minutes to be had again."""

from dataclasses import dataclass
from uuid import UUID

from pantheon.accounts.roles import FORBIDDEN, Who
from pantheon.base.errors import NOT_FOUND, Problem
from pantheon.db.pool import Connection
from pantheon.sessions import sessions
from pantheon.sessions.sessions import TURN_IN_PROGRESS, Session

GRACE_MINUTES = 10
"""How long a text is kept beside, for its author who thinks again."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A turn that shows a message: as its question, or as the answer of some steps."""

    turn_id: UUID
    asked: bool
    step_ids: list[UUID]


async def empty(conn: Connection, who: Who, message_id: UUID) -> list[Shown]:
    """Take a message's text away; return all turns that show it, in whatever session.

    `fill` undoes it within the grace. Only the session's user may (`forbidden`). Raises
    `not_found`, and `turn_in_progress` while one of these sessions is live.
    """
    session, taken = await _find(conn, who, message_id)
    if taken:
        raise _gone(message_id)
    shown = await _shown(conn, who, session, message_id)
    emptied = await conn.execute(
        """
        WITH text AS (
            SELECT workspace_id, id, content, tokens, tokens_o200k, pinned_at FROM messages
            WHERE workspace_id = %(workspace)s AND id = %(id)s AND deleted_at IS NULL
            FOR UPDATE
        ), kept AS (
            INSERT INTO messages_taken_back
                (workspace_id, message_id, content, tokens, tokens_o200k, pinned_at, erase_at)
            SELECT t.*, clock_timestamp() + make_interval(mins => %(minutes)s) FROM text t
        )
        UPDATE messages m SET content = '', tokens = 0, tokens_o200k = NULL, pinned_at = NULL,
            deleted_at = clock_timestamp()
        FROM text t WHERE m.workspace_id = t.workspace_id AND m.id = t.id
        """,
        {"workspace": who.workspace_id, "id": message_id, "minutes": GRACE_MINUTES},
    )
    if emptied.rowcount == 0:
        raise _gone(message_id)
    return shown


async def fill(conn: Connection, who: Who, message_id: UUID) -> tuple[str, list[Shown]]:
    """Give a message that was taken back its text, its counts and its pin again.

    Returns the text and all turns that show it: none for a message that is there anyway. Only the
    session's user may (`forbidden`). Raises `not_found` after the grace, and `turn_in_progress`
    while one of these sessions is live.
    """
    session, taken = await _find(conn, who, message_id)
    if not taken:
        return "", []
    shown = await _shown(conn, who, session, message_id)
    cursor = await conn.execute(
        """
        WITH kept AS (
            DELETE FROM messages_taken_back
            WHERE workspace_id = %(workspace)s AND message_id = %(id)s
              AND erase_at > clock_timestamp()
            RETURNING content, tokens, tokens_o200k, pinned_at
        )
        UPDATE messages m SET content = k.content, tokens = k.tokens,
            tokens_o200k = k.tokens_o200k, pinned_at = k.pinned_at, deleted_at = NULL
        FROM kept k WHERE m.workspace_id = %(workspace)s AND m.id = %(id)s
        RETURNING m.content
        """,
        {"workspace": who.workspace_id, "id": message_id},
    )
    row = await cursor.fetchone()
    if row is None:
        raise _gone(message_id)
    return row[0], shown


async def erase_old(conn: Connection) -> None:
    """Delete, in all workspaces, the texts whose grace is over; `conn` acts as the sweep."""
    await conn.execute("DELETE FROM messages_taken_back WHERE erase_at <= clock_timestamp()")


def _gone(message_id: UUID) -> Problem:
    return NOT_FOUND(f"There is no message {message_id}.")


async def _find(conn: Connection, who: Who, message_id: UUID) -> tuple[Session, bool]:
    """Return the session of a message, and whether it was taken back."""
    cursor = await conn.execute(
        """
        SELECT session_id, deleted_at IS NOT NULL FROM messages
        WHERE workspace_id = %(workspace)s AND id = %(id)s
        """,
        {"workspace": who.workspace_id, "id": message_id},
    )
    row = await cursor.fetchone()
    if row is None:
        raise _gone(message_id)
    return await sessions.see(conn, who, row[0]), row[1]


async def _shown(conn: Connection, who: Who, session: Session, message_id: UUID) -> list[Shown]:
    """Return the turns that show a message of a session. None of them may be live."""
    if session.user_id != who.user_id:
        raise FORBIDDEN("Only the session's own user can take a message back.")
    cursor = await conn.execute(
        """
        SELECT t.id, t.input_message_id = %(id)s,
            coalesce(array_agg(s.id) FILTER (WHERE s.message_id = %(id)s), '{}'),
            EXISTS (
                SELECT FROM turns l
                WHERE l.workspace_id = t.workspace_id AND l.session_id = t.session_id
                  AND l.finished_at IS NULL
            )
        FROM turns t
        LEFT JOIN steps s ON s.workspace_id = t.workspace_id AND s.turn_id = t.id
        WHERE t.workspace_id = %(workspace)s AND t.id IN (
            SELECT id FROM turns
            WHERE workspace_id = %(workspace)s AND input_message_id = %(id)s
            UNION ALL
            SELECT turn_id FROM steps WHERE workspace_id = %(workspace)s AND message_id = %(id)s
        )
        GROUP BY t.workspace_id, t.id
        """,
        {"workspace": who.workspace_id, "id": message_id},
    )
    rows = await cursor.fetchall()
    if any(live for *_, live in rows):
        raise TURN_IN_PROGRESS("A turn that reads this message is running. Wait for its end.")
    return [Shown(turn_id, asked, step_ids) for turn_id, asked, step_ids, _ in rows]
