"""The transactions of a step: each begins with the fence, and is repeated until it commits."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from pantheon.base import ids, metrics
from pantheon.base.crashpoints import crash_point
from pantheon.context import summaries, tokens
from pantheon.context.summaries import NewSummary, shortly
from pantheon.db.pool import Connection
from pantheon.events import event_log
from pantheon.events.types import EventType, NewEvent
from pantheon.ledger import attempts, holds
from pantheon.ledger.attempts import Attempt, Closing, Outcome
from pantheon.ledger.holds import NotCovered
from pantheon.providers.types import Failure
from pantheon.sessions import messages
from pantheon.turns import steps
from pantheon.turns.ask import Ask, Opened, learn, record_ask, reserve_of
from pantheon.turns.call import Reply, closing
from pantheon.turns.finalize import count_end, finish_turn
from pantheon.turns.steps import Spent
from pantheon.turns.types import StepPlan, StepRow, StepStatus, Stop
from pantheon.turns.view import step_shape
from pantheon.turns.work import Committed, Work

ENDED = {
    StepStatus.completed: EventType.step_completed,
    StepStatus.failed: EventType.step_failed,
    StepStatus.cancelled: EventType.step_cancelled,
    StepStatus.skipped: EventType.step_skipped,
}


async def create_step(work: Work, plan: StepPlan) -> None:
    """Add a step that the mode wants now and no transaction has added before."""

    async def write(conn: Connection) -> list[StepRow]:
        await event_log.fence(conn, work.ref, work.turn.lease_epoch, 0)
        return await steps.create(conn, work.turn.workspace_id, work.turn.id, [plan])

    (work.steps[plan.key],) = await work.persist(write)


async def open_attempt(work: Work, step: StepRow, ask: Ask) -> Opened:
    """Record an attempt before it leaves: the step runs, attempt, audit and event stand.

    What it may charge is earmarked; where the turn's hold has not as much left, it is raised
    first. Raises LeaseLost, and NotCovered where it cannot be raised so far.
    """
    try:
        return await _open_attempt(work, step, ask, extended=False)
    except NotCovered:
        return await _open_attempt(work, step, ask, extended=True)


async def _open_attempt(work: Work, step: StepRow, ask: Ask, *, extended: bool) -> Opened:
    number = step.attempts + 1
    kind = EventType.step_started if number == 1 else EventType.step_restarted

    async def write(conn: Connection) -> tuple[Attempt, StepRow]:
        first = await event_log.fence(conn, work.ref, work.turn.lease_epoch, 1)
        if extended and not await holds.extend(
            conn, work.turn.workspace_id, work.turn.id, step.agent_key,
            ask.earmark_microcredits, reserve_of(step, ask), ask.terms.enforcement,
        ):  # fmt: skip
            raise NotCovered(f"step {step.id}")
        attempt, started = await record_ask(conn, work.turn, step, ask)
        if started.attempts != number:
            # This transaction was committed before, its reply was lost.
            raise Committed
        data = {"step_id": step.id, "attempt": number, "step": _shape(work, started)}
        await event_log.write(conn, work.ref, first, [NewEvent(kind, data)])
        return attempt, started

    try:
        attempt, started = await work.persist(write)
    except Committed:
        attempt, started = await _reload_open(work, step)
    work.steps[step.step_key] = started
    return Opened(attempt, ask)


async def close_attempt(
    work: Work,
    step: StepRow,
    status: StepStatus,
    opened: Opened,
    reply: Reply,
    decision: Mapping[str, Any] | None = None,
    summary: NewSummary | None = None,
) -> None:
    """Store what came back: result, message, call event, draw and events, in one transaction."""
    outcome = Outcome(status.value)
    closed, spent = closing(reply, opened.ask, outcome, opened.attempt)
    failed = status is StepStatus.failed and reply.failure is not None
    error = error_of(reply.failure, step.attempts) if failed and reply.failure else None
    shown = "" if opened.ask.speech.structure is not None else reply.text
    await end_step(
        work, step, status, error=error, text=shown, events=reply.events(step), decision=decision,
        summary=summary, call=(opened.attempt, closed, spent),
    )  # fmt: skip
    _count_call(work, opened, closed)


async def end_step(
    work: Work,
    step: StepRow,
    status: StepStatus,
    *,
    error: dict[str, Any] | None,
    text: str = "",
    events: Sequence[NewEvent] = (),
    decision: Mapping[str, Any] | None = None,
    summary: NewSummary | None = None,
    call: tuple[Attempt, Closing, Spent] | None = None,
) -> None:
    """Give a step its result, and add the steps that its mode wants next.

    `text` becomes its message, `decision` a manager's word, `summary` what stands for older turns
    from now on; `events` still go to the log before its end, `call` is the attempt that this
    closes. Where no step is left the turn ends in the same transaction. Raises LeaseLost.
    """
    turn = work.turn
    message_id = ids.new() if text else None
    crash_point("step.before_close")

    async def write(conn: Connection) -> tuple[StepRow, bool, list[StepRow]]:
        count = len(events) + 1 + (decision is not None) + (summary is not None)
        first = await event_log.fence(conn, work.ref, turn.lease_epoch, count, settles=True)
        if call is not None and not await attempts.close(
            conn, turn.workspace_id, call[0].id, call[1], billed=call[0].hold_id is not None
        ):
            raise Committed
        if message_id is not None:
            await messages.add(
                conn, turn.workspace_id, message_id, turn.session_id, turn.id, text,
                tokens.estimate(text), exact=tokens.exact_count(text), step_id=step.id,
                agent_key=step.agent_key,
            )  # fmt: skip
        if summary is not None:
            await summaries.add(conn, turn.workspace_id, summary)
        row = await steps.finish(
            conn, step, status, message_id=message_id, error=error,
            decision=decision if summary is None else shortly(summary), spent=call and call[2],
        )  # fmt: skip
        if row is None:
            raise Committed
        ended = replace(row, content=text or None)
        data = {"step_id": step.id, "attempt": ended.attempts, "step": _shape(work, ended)}
        written = [*events, NewEvent(ENDED[status], data)]
        # Asked behind the fence: what other steps have committed is known here by now.
        batch = work.next_batch(ended)
        last = isinstance(batch, Stop) and batch.whole
        wanted = [] if isinstance(batch, Stop) else batch
        new = await steps.create(
            conn, turn.workspace_id, turn.id, [p for p in wanted if p.key not in work.steps]
        )
        if decision is not None:
            written.append(_route_decided(work, ended, new))
        if summary is not None:
            data = {"step_id": step.id, "attempt": ended.attempts, **shortly(summary)}
            written.append(NewEvent(EventType.context_summarised, data))
        if isinstance(batch, Stop) and batch.whole:
            written.append(await finish_turn(conn, work, ended, batch.reason))
        await event_log.write(conn, work.ref, first, written)
        crash_point("step.before_commit")
        return ended, last, new

    try:
        work.steps[step.step_key], work.finished, new = await work.persist(write)
        work.steps.update({row.step_key: row for row in new})
        if work.finished:
            count_end(work)
    except Committed:
        await _reload(work, step, text)
    if summary is not None:
        # What is read from now on has it.
        work.history = None
    crash_point("step.closed")


def _count_call(work: Work, opened: Opened, closed: Closing) -> None:
    attempt = opened.attempt
    if not closed.estimated:
        learn(work.providers, opened.ask, closed.usage.input_tokens)
    metrics.CALLS.labels(attempt.provider, attempt.purpose, closed.outcome.value).inc()
    if closed.time_to_first_token_ms is not None:
        first = closed.time_to_first_token_ms / 1000
        metrics.FIRST_TOKEN_SECONDS.labels(attempt.provider).observe(first)


def _route_decided(work: Work, route: StepRow, new: Sequence[StepRow]) -> NewEvent:
    data = {
        "step_id": route.id,
        "attempt": route.attempts,
        "decision": route.decision,
        "steps": [_shape(work, row) for row in new],
    }
    return NewEvent(EventType.route_decided, data)


async def close_for_retry(
    work: Work, step: StepRow, opened: Opened, reply: Reply, wait_seconds: float
) -> None:
    """Close a failed attempt whose step tries again after a wait. Raises LeaseLost."""
    turn = work.turn
    closed, spent = closing(reply, opened.ask, Outcome.failed, opened.attempt)
    assert reply.failure is not None
    data = {
        "step_id": step.id,
        "attempt": step.attempts,
        "error": error_of(reply.failure, step.attempts),
        "wait_ms": round(wait_seconds * 1000),
    }
    events = [*reply.events(step), NewEvent(EventType.step_retrying, data)]

    async def write(conn: Connection) -> None:
        first = await event_log.fence(conn, work.ref, turn.lease_epoch, len(events))
        if not await attempts.close(
            conn, turn.workspace_id, opened.attempt.id, closed,
            billed=opened.attempt.hold_id is not None,
        ):  # fmt: skip
            raise Committed
        await steps.spend(conn, step, spent)
        await event_log.write(conn, work.ref, first, events)

    with suppress(Committed):
        await work.persist(write)
    _count_call(work, opened, closed)


async def let_go(work: Work, step: StepRow) -> None:
    """Settle a call that a drain has cut: it is lost, and the step waits for another worker."""
    turn = work.turn

    async def write(conn: Connection) -> None:
        await event_log.fence(conn, work.ref, turn.lease_epoch, 0)
        await attempts.close_lost(conn, turn.workspace_id, turn.id, step_id=step.id)
        await steps.lose(conn, turn.workspace_id, [step.id])

    await work.persist(write)


async def pause_step(work: Work, step: StepRow) -> None:
    """Put a step that waited for its next attempt back, for another worker. Raises LeaseLost."""

    async def write(conn: Connection) -> None:
        await event_log.fence(conn, work.ref, work.turn.lease_epoch, 0)
        await steps.pause(conn, step)

    await work.persist(write)


async def _reload_open(work: Work, step: StepRow) -> tuple[Attempt, StepRow]:
    """Take what stands after a commit whose reply was lost."""

    async def read(conn: Connection) -> tuple[Attempt, StepRow]:
        started = await steps.load(conn, work.turn.workspace_id, step.id)
        return await attempts.load_open(conn, work.turn.workspace_id, step.id), started

    return await work.persist(read)


async def _reload(work: Work, step: StepRow, text: str) -> None:
    """Take the stored row after a commit whose reply was lost."""

    async def read(conn: Connection) -> StepRow:
        return await steps.load(conn, work.turn.workspace_id, step.id)

    row = await work.persist(read)
    work.steps[step.step_key] = replace(row, content=text or None)


def _shape(work: Work, row: StepRow) -> dict[str, Any]:
    siblings = [s for s in work.siblings.get(row.step_key, ()) if s != row.id]
    return step_shape(row, work.frozen, siblings)


def error_of(failure: Failure, attempts_made: int) -> dict[str, Any]:
    """Return a failure as a step's error tells it."""
    return {
        "code": failure.code,
        "title": failure.title,
        "detail": failure.detail,
        "retryable": failure.retryable,
        "attempts": attempts_made,
    }
