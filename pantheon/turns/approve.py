"""Approvals: steps that are the user's. The turn waits without a lease, and goes on after."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from pantheon.accounts.roles import Who
from pantheon.base.crashpoints import crash_point
from pantheon.base.errors import INVALID, NOT_FOUND, ProblemType
from pantheon.base.text import sanitise
from pantheon.db.pool import Connection, Notice
from pantheon.events import event_log
from pantheon.events.types import EventType, NewEvent
from pantheon.rooms.limits import DEFAULTS
from pantheon.sessions import sessions
from pantheon.turns import steps
from pantheon.turns.decision import LONGEST_BRIEF
from pantheon.turns.modes.orchestrator import rounds
from pantheon.turns.types import Frozen, StepRow, TurnRow
from pantheon.turns.view import approval_shape, step_shape
from pantheon.turns.work import Committed, Work

APPROVAL_CLOSED = ProblemType("approval_closed", 409, "This was decided already")

LONGEST_NOTE = 20_000


async def ask_user(work: Work, step: StepRow) -> None:
    """Let the turn wait for its user: no lease, no worker, until the word is given or time is up.

    Raises LeaseLost, also where the transaction was committed but its reply was lost: the turn
    waits then, and has no lease any more.
    """
    proposal = _proposal(work, step)
    seconds = int(work.frozen.limits.get("approval_seconds", DEFAULTS["approval_seconds"]))

    async def write(conn: Connection) -> None:
        first = await event_log.fence(conn, work.ref, work.turn.lease_epoch, 1)
        row = await steps.ask(conn, step, proposal)
        if row is None:
            raise Committed
        async with conn.cursor(row_factory=class_row(TurnRow)) as cursor:
            await cursor.execute(
                """
                UPDATE turns SET status = 'awaiting_input', lease_owner = NULL,
                    lease_expires_at = NULL, takeovers = 0, faults = 0,
                    awaiting_until = clock_timestamp() + make_interval(secs => %(seconds)s)
                WHERE workspace_id = %(workspace)s AND id = %(turn)s
                RETURNING *
                """,
                {
                    "seconds": seconds,
                    "workspace": work.turn.workspace_id,
                    "turn": work.turn.id,
                },
            )
            turn = await cursor.fetchone()
        assert turn is not None
        data = {"step_id": row.id, "attempt": 0, "approval": approval_shape(turn, [row])}
        await event_log.write(
            conn, work.ref, first, [NewEvent(EventType.turn_awaiting_input, data)]
        )
        crash_point("approve.before_commit")

    with suppress(Committed):
        await work.persist(write)
    crash_point("approve.waiting")
    work.control.halt = "pause"


async def decide(
    conn: Connection,
    who: Who,
    turn_id: UUID,
    approval_id: UUID,
    action: str,
    *,
    assignments: Sequence[Mapping[str, str]] | None = None,
    note: str | None = None,
) -> None:
    """Give the user's word: `approve` (with assignments changed, perhaps) or `stop`.

    The turn goes back to the queue. Of two at once one is heard. Raises `not_found`,
    `approval_closed`, and `validation_error` for assignments that cannot be.
    """
    turn, step = await _load(conn, who, turn_id, approval_id)
    frozen = Frozen.load(turn.frozen)
    if note is not None:
        _check_note(note)
    if assignments is not None:
        _check_assignments(frozen, action, assignments)
    decision = {
        "action": action,
        "assignments": None if assignments is None else [dict(item) for item in assignments],
        "note": note,
        "proposal": (step.decision or {}).get("proposal"),
    }
    if not await _close(conn, turn, step, decision):
        raise APPROVAL_CLOSED("This approval was given, refused or has expired already.")


async def expire(conn: Connection, workspace_id: UUID, turn_id: UUID) -> bool:
    """End the wait of a turn whose time is up; false if it is over, or another wait by now."""
    async with conn.cursor(row_factory=class_row(TurnRow)) as cursor:
        await cursor.execute(
            """
            SELECT * FROM turns
            WHERE workspace_id = %(workspace)s AND id = %(id)s AND status = 'awaiting_input'
              AND awaiting_until < clock_timestamp()
            FOR UPDATE
            """,
            {"workspace": workspace_id, "id": turn_id},
        )
        turn = await cursor.fetchone()
    if turn is None:
        return False
    step = await _waiting(conn, turn)
    decision = {
        "action": "expire",
        "assignments": None,
        "note": None,
        "proposal": (step.decision or {})["proposal"],
    }
    return await _close(conn, turn, step, decision)


async def _close(
    conn: Connection, turn: TurnRow, step: StepRow, decision: Mapping[str, Any]
) -> bool:
    """Store the word and queue the turn: the database decides who comes first."""
    queued = await conn.execute(
        """
        UPDATE turns SET status = 'queued', awaiting_until = NULL, last_seq = last_seq + 1
        WHERE workspace_id = %(workspace)s AND id = %(turn)s AND status = 'awaiting_input'
        RETURNING last_seq
        """,
        {"workspace": turn.workspace_id, "turn": turn.id},
    )
    seq = await queued.fetchone()
    row = await steps.answer(conn, step, decision) if seq is not None else None
    if seq is None or row is None:
        return False
    shape = step_shape(row, Frozen.load(turn.frozen))
    data = {"step_id": row.id, "attempt": 0, "step": shape}
    await event_log.write(conn, turn.ref, seq[0], [NewEvent(EventType.step_completed, data)])
    conn.notices.append(Notice("work"))
    return True


def _proposal(work: Work, step: StepRow) -> dict[str, Any]:
    """Return what the user is asked about: a round's assignments, or who speaks next."""
    done = {key: row for key, row in work.steps.items() if row.done}
    if work.frozen.manager is None:
        following = work.frozen.seats[step.position]
        return {"kind": "next_agent", "agent": following.key}
    asked = next(round_ for round_ in rounds(work.frozen, done) if round_.number == step.round)
    reason = (done[f"route{step.round}"].decision or {}).get("reason", "")
    return {
        "kind": "assignments",
        "reason": reason,
        "assignments": [{"agent": a.plan.agent_key, "brief": a.brief} for a in asked.assignments],
    }


def _check_note(note: str) -> None:
    if len(note) > LONGEST_NOTE or sanitise(note) != note:
        raise INVALID(f"A note is text of at most {LONGEST_NOTE} characters.")


def _check_assignments(
    frozen: Frozen, action: str, assignments: Sequence[Mapping[str, str]]
) -> None:
    if frozen.manager is None:
        raise INVALID("Only a manager's assignments can be changed.")
    if action != "approve" or not assignments:
        raise INVALID("Approve at least one assignment, or stop.")
    for item in assignments:
        if item["agent"] not in frozen.keys:
            valid = ", ".join(frozen.keys)
            raise INVALID(f"There is no agent '{item['agent']}' in this turn. Valid: {valid}.")
        brief = item["brief"]
        if not brief.strip() or len(brief) > LONGEST_BRIEF or sanitise(brief) != brief:
            raise INVALID(f"A brief is text of 1 to {LONGEST_BRIEF} characters.")


async def _load(
    conn: Connection, who: Who, turn_id: UUID, approval_id: UUID
) -> tuple[TurnRow, StepRow]:
    turn = await _turn(conn, who.workspace_id, turn_id)
    if turn is None:
        raise NOT_FOUND(f"There is no turn {turn_id}.")
    await sessions.see(conn, who, turn.session_id)
    async with conn.cursor(row_factory=class_row(StepRow)) as cursor:
        await cursor.execute(
            """
            SELECT * FROM steps
            WHERE workspace_id = %(workspace)s AND turn_id = %(turn)s AND id = %(id)s
              AND kind = 'approval'
            """,
            {"workspace": who.workspace_id, "turn": turn_id, "id": approval_id},
        )
        step = await cursor.fetchone()
    if step is None:
        raise NOT_FOUND(f"The turn has no approval {approval_id}.")
    return turn, step


async def _turn(conn: Connection, workspace_id: UUID, turn_id: UUID) -> TurnRow | None:
    async with conn.cursor(row_factory=class_row(TurnRow)) as cursor:
        await cursor.execute(
            "SELECT * FROM turns WHERE workspace_id = %(workspace)s AND id = %(id)s",
            {"workspace": workspace_id, "id": turn_id},
        )
        return await cursor.fetchone()


async def _waiting(conn: Connection, turn: TurnRow) -> StepRow:
    async with conn.cursor(row_factory=class_row(StepRow)) as cursor:
        await cursor.execute(
            """
            SELECT * FROM steps
            WHERE workspace_id = %(workspace)s AND turn_id = %(turn)s AND kind = 'approval'
              AND status = 'running'
            """,
            {"workspace": turn.workspace_id, "turn": turn.id},
        )
        step = await cursor.fetchone()
    assert step is not None, "a turn waits for a step of its own"
    return step
