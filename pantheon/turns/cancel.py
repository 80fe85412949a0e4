"""Cancelling: a wish in the turn's row, which its worker (or the next claim) carries out."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from pantheon.accounts.roles import Who
from pantheon.base.errors import NOT_FOUND, ProblemType
from pantheon.db.pool import Connection, Notice
from pantheon.sessions import sessions

ALREADY_TERMINAL = ProblemType("already_terminal", 409, "The turn is over")


async def request_cancel(
    conn: Connection, who: Who, turn_id: UUID, when: Literal["now", "after_step"]
) -> None:
    """Ask for a live turn's end: `now`, or when the running step has its answer.

    A turn that nobody runs is ended by the next claim. `now` also overrides an earlier
    `after_step`. Raises `not_found`, and `already_terminal` where there is nothing to cancel.
    """
    found = await conn.execute(
        "SELECT session_id FROM turns WHERE workspace_id = %(workspace)s AND id = %(turn)s",
        {"workspace": who.workspace_id, "turn": turn_id},
    )
    row = await found.fetchone()
    if row is None:
        raise NOT_FOUND(f"There is no turn {turn_id}.")
    await sessions.see(conn, who, row[0])
    cursor = await conn.execute(
        """
        UPDATE turns SET
            cancel_requested = CASE WHEN cancel_requested = 'now' THEN 'now' ELSE %(when)s END,
            status = CASE WHEN status = 'awaiting_input' THEN 'queued' ELSE status END,
            awaiting_until = NULL
        WHERE workspace_id = %(workspace)s AND id = %(turn)s AND finished_at IS NULL
        """,
        {"when": when, "workspace": who.workspace_id, "turn": turn_id},
    )
    if cursor.rowcount == 0:
        raise ALREADY_TERMINAL("This turn has ended already; there is nothing to cancel.")
    conn.notices += [Notice("cancel"), Notice("work")]


async def cancel_live(conn: Connection, workspace_id: UUID, session_ids: Sequence[UUID]) -> int:
    """Ask for the end of whatever runs in some sessions; returns how many turns that were."""
    cursor = await conn.execute(
        """
        UPDATE turns SET cancel_requested = 'now',
            status = CASE WHEN status = 'awaiting_input' THEN 'queued' ELSE status END,
            awaiting_until = NULL
        WHERE workspace_id = %(workspace)s AND session_id = ANY (%(sessions)s)
          AND status IN ('queued', 'running', 'awaiting_input')
        """,
        {"workspace": workspace_id, "sessions": list(session_ids)},
    )
    if cursor.rowcount:
        conn.notices += [Notice("cancel"), Notice("work")]
    return cursor.rowcount
