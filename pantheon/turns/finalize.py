"""The end of a turn: its status from the step rows, the hold given back, the last event."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from pantheon.base import metrics
from pantheon.base.crashpoints import crash_point
from pantheon.db.pool import Connection
from pantheon.events import event_log
from pantheon.events.types import EventType, NewEvent
from pantheon.ledger import holds
from pantheon.turns import steps
from pantheon.turns.types import StepRow, StepStatus, TurnRow, TurnStatus
from pantheon.turns.view import step_shape, turn_shape
from pantheon.turns.work import Work

ANSWERS = ("answer", "synthesis")


def status_of(rows: Iterable[StepRow]) -> TurnStatus:
    """Return the status that a turn's answers give it; what was skipped does not count."""
    answers = [row.status for row in rows if row.kind in ANSWERS]
    if StepStatus.completed not in answers:
        return TurnStatus.failed
    if StepStatus.failed in answers or StepStatus.cancelled in answers:
        return TurnStatus.partial
    return TurnStatus.completed


async def finish_turn(conn: Connection, work: Work, last: StepRow, reason: str | None) -> NewEvent:
    """End a turn whose every step has its result, in the transaction that closes the `last`.

    `reason` is the cap that ended it early, if one did: that does not make a turn worse.

    The caller has passed the fence and writes the event it is given.
    """
    rows = {**work.steps, last.step_key: last}
    return await _settle(conn, work, rows, status_of(rows.values()), reason, None, 1)


async def finalize_turn(
    work: Work, reason: str | None, error: Mapping[str, Any] | None = None
) -> None:
    """End a turn that is not ended yet: cancelled, stopped by a cap, failed, or plainly done.

    `reason` is why the mode stopped (`cancel` for a user's wish), `error` what broke the turn.
    Steps without a result are cancelled, or skipped. Does nothing if the lease is another's.
    """
    cancelled = reason == "cancel"
    left = StepStatus.cancelled if cancelled else StepStatus.skipped
    kind = EventType.step_cancelled if cancelled else EventType.step_skipped

    async def write(conn: Connection) -> None:
        events: list[NewEvent] = []
        first = await event_log.fence(conn, work.ref, work.turn.lease_epoch, 0)
        rows = dict(work.steps)
        for row in await steps.end_open(conn, work.turn.workspace_id, work.turn.id, left):
            rows[row.step_key] = replace(row, content=None)
            data = {
                "step_id": row.id,
                "attempt": row.attempts,
                "step": step_shape(rows[row.step_key], work.frozen),
            }
            events.append(NewEvent(kind, data))
        status = TurnStatus.cancelled if cancelled else status_of(rows.values())
        if error is not None:
            status = TurnStatus.failed
        more = len(events) + 1
        stop_reason = None if cancelled else reason
        events.append(await _settle(conn, work, rows, status, stop_reason, error, more))
        await event_log.write(conn, work.ref, first, events)

    try:
        await work.persist(write)
    except event_log.LeaseLost:
        return
    work.finished = True
    count_end(work)


def count_end(work: Work) -> None:
    """Count a turn that this process has brought to its end."""
    metrics.TURNS_ENDED.labels(work.turn.mode, work.ended_as).inc()


async def _settle(
    conn: Connection,
    work: Work,
    rows: Mapping[str, StepRow],
    status: TurnStatus,
    stop_reason: str | None,
    error: Mapping[str, Any] | None,
    events: int,
) -> NewEvent:
    async with conn.cursor(row_factory=class_row(TurnRow)) as cursor:
        await cursor.execute(
            """
            UPDATE turns SET status = %(status)s, stop_reason = %(reason)s, error = %(error)s,
                finished_at = clock_timestamp(), lease_owner = NULL, lease_expires_at = NULL,
                last_seq = last_seq + %(events)s
            WHERE workspace_id = %(workspace)s AND id = %(turn)s
            RETURNING *
            """,
            {
                "status": status.value,
                "reason": stop_reason,
                "error": None if error is None else Jsonb(dict(error)),
                "events": events,
                "workspace": work.turn.workspace_id,
                "turn": work.turn.id,
            },
        )
        turn = await cursor.fetchone()
    assert turn is not None, "the fence was passed in this transaction"
    work.ended_as = status.value
    if work.frozen.terms.billed:
        await holds.release(conn, turn.workspace_id, turn.id)
    crash_point("finalize.before_commit")
    shape = turn_shape(turn, work.text, list(rows.values()), work.siblings)
    return NewEvent(EventType.turn_completed, {"turn": shape})
