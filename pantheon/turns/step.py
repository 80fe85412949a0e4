"""One step: read through, ask, record, call, close. Whatever dies on the way, it is paid once."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from pantheon.base import ids
from pantheon.base.crashpoints import crash_point
from pantheon.context import tokens
from pantheon.context.assemble import Quote
from pantheon.db.pool import Connection
from pantheon.events import event_log
from pantheon.events.types import EventType, NewEvent
from pantheon.ledger import attempts, wallets
from pantheon.ledger.attempts import Attempt, Closing, Outcome
from pantheon.providers.types import Failure
from pantheon.sessions import messages
from pantheon.turns import steps
from pantheon.turns.approve import ask_user
from pantheon.turns.ask import Ask, Opened, prepare_ask, record_ask, repair_ask
from pantheon.turns.call import Reply, call_model, closing
from pantheon.turns.decision import InvalidDecision, read_decision
from pantheon.turns.finalize import finish_turn
from pantheon.turns.modes.orchestrator import direct_answer
from pantheon.turns.steps import Spent
from pantheon.turns.types import StepPlan, StepRow, StepStatus, Stop
from pantheon.turns.view import step_shape
from pantheon.turns.work import Committed, Work

MAX_ATTEMPTS = 3
MAX_WITH_LOST = 5
MAX_EMPTY = 2
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 60.0
NOT_SENT = Failure(
    "not_sent", "Not sent", "The turn was cancelled before the request left.", False, sent=False
)

ENDED = {
    StepStatus.completed: EventType.step_completed,
    StepStatus.failed: EventType.step_failed,
    StepStatus.cancelled: EventType.step_cancelled,
    StepStatus.skipped: EventType.step_skipped,
}


async def run_step(work: Work, plan: StepPlan) -> None:
    """Bring a step to its stored result. A stored result is kept and nothing is called.

    Failures of models are results. A halt settles what was begun: a cancel keeps the text, a
    drain puts the step back; a lost lease writes nothing more. A step that is the user's pauses
    the turn.
    """
    try:
        if plan.key not in work.steps:
            await _create(work, plan)
        if work.steps[plan.key].done or work.control.halt is not None:
            return
        if plan.kind == "approval":
            await ask_user(work, work.steps[plan.key])
            return
        async with work.places:
            await _run(work, plan.key)
    except event_log.LeaseLost:
        work.control.stop("lease_lost")


async def _run(work: Work, key: str) -> None:
    deadline = asyncio.get_running_loop().time() + work.step_seconds
    if work.steps[key].kind != "synthesis":
        # Only what ends a turn well may go on when its time is over.
        deadline = min(deadline, work.ends_at)
    again: Ask | None = None
    if (opened := work.opened.pop(key, None)) is not None:
        again = await _send(work, key, opened, deadline)
    while work.control.halt is None and not work.steps[key].done:
        step = work.steps[key]
        if (answer := _known_answer(work, step)) is not None:
            await _end(work, step, StepStatus.completed, error=None, text=answer)
            return
        ask = again or await _prepare(work, step)
        if isinstance(ask, Failure):
            await _end(work, step, StepStatus.failed, error=_error(ask, step.attempts))
        elif not _may_try(step):
            await _end(work, step, StepStatus.failed, error=_exhausted(step))
        else:
            crash_point("step.before_attempt")
            opened = await _open(work, step, ask)
            crash_point("step.attempt_committed")
            again = await _send(work, key, opened, deadline)


def _known_answer(work: Work, step: StepRow) -> str | None:
    """Return the text of a synthesis that the manager's decision carries already."""
    if step.kind != "synthesis":
        return None
    return direct_answer(work.frozen, {key: row for key, row in work.steps.items() if row.done})


async def settle_unsent(work: Work) -> None:
    """Settle attempts that were recorded at the turn's birth when a halt came before they left."""
    for key, opened in list(work.opened.items()):
        del work.opened[key]
        if work.control.halt == "cancel":
            reply = Reply(failure=NOT_SENT)
            await _close(work, work.steps[key], StepStatus.cancelled, opened, reply)
        elif work.control.halt == "drain":
            await _let_go(work, work.steps[key])


async def _send(work: Work, key: str, opened: Opened, deadline: float) -> Ask | None:
    """Send a recorded attempt; the step has its result after it, or waits for the next.

    Returns what the next attempt asks where that is not the same again.
    """
    step = work.steps[key]
    reply = await call_model(work, step, opened.ask, opened.attempt.id, deadline)
    crash_point("step.answered")
    halt = work.control.halt
    if halt == "lease_lost":
        return None
    decision, again = None, None
    if reply.finished is not None and opened.ask.speech.structure is not None:
        decision, again = _decided(work, opened.ask, reply)
    if reply.finished is not None:
        await _close(work, step, StepStatus.completed, opened, reply, decision)
    elif reply.failure is not None:
        left = deadline - asyncio.get_running_loop().time()
        wait = 0.0 if again else _wait_seconds(step, reply.failure, left)
        if wait is None:
            await _close(work, step, StepStatus.failed, opened, reply)
        else:
            await _close_and_wait(work, step, opened, reply, wait)
    elif halt == "cancel":
        if not reply.left:
            reply.failure = NOT_SENT
        await _close(work, step, StepStatus.cancelled, opened, reply)
    else:
        await _let_go(work, step)
    return again


def _decided(work: Work, ask: Ask, reply: Reply) -> tuple[dict[str, Any] | None, Ask | None]:
    """Read the manager's decision. One that is none becomes a failure, with one ask to mend it."""
    assert reply.finished is not None
    text, finished = reply.text, reply.finished
    try:
        decision = read_decision(text, finished.finish_reason, work.frozen.keys)
    except InvalidDecision as error:
        repair = None if ask.purpose == "repair" else repair_ask(ask, text, str(error))
        reply.failure = Failure(
            "invalid_decision",
            "No valid decision",
            str(error),
            retryable=False,
            usage=finished.usage,
            provider_request_id=finished.provider_request_id,
        )
        reply.finished = None
        return None, repair
    reply.text = ""
    return decision, None


async def _create(work: Work, plan: StepPlan) -> None:
    """Add a step that the mode wants now and no transaction has added before."""

    async def write(conn: Connection) -> list[StepRow]:
        await event_log.fence(conn, work.ref, work.turn.lease_epoch, 0)
        return await steps.create(conn, work.turn.workspace_id, work.turn.id, [plan])

    (work.steps[plan.key],) = await work.persist(write)


async def _prepare(work: Work, step: StepRow) -> Ask | Failure:
    return prepare_ask(
        work.providers,
        work.frozen,
        work.prompts,
        work.steps,
        step,
        await work.load_history(),
        Quote(None, work.text, work.text_tokens),
        work.turn.input_message_id,
    )


def _may_try(step: StepRow) -> bool:
    tried = step.attempts - step.lost_attempts
    return tried < MAX_ATTEMPTS and step.attempts < MAX_WITH_LOST


def _wait_seconds(step: StepRow, failure: Failure, left_seconds: float) -> float | None:
    """Return how long to wait before the next attempt, `None` if there is none.

    The provider's `Retry-After` counts; else 0.5 s, doubled by each attempt, with jitter.
    """
    tried = step.attempts - step.lost_attempts
    if not failure.retryable or not _may_try(step):
        return None
    if failure.code == "empty_answer" and tried >= MAX_EMPTY:
        return None
    wait = failure.retry_after_seconds
    if wait is None:
        wait = FIRST_WAIT_SECONDS * 2 ** (tried - 1) * random.uniform(0.8, 1.2)  # noqa: S311 - jitter
    return wait if wait < min(left_seconds, LONGEST_WAIT_SECONDS) else None


async def _open(work: Work, step: StepRow, ask: Ask) -> Opened:
    number = step.attempts + 1
    kind = EventType.step_started if number == 1 else EventType.step_restarted

    async def write(conn: Connection) -> tuple[Attempt, StepRow]:
        first = await event_log.fence(conn, work.ref, work.turn.lease_epoch, 1)
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


async def _close(
    work: Work,
    step: StepRow,
    status: StepStatus,
    opened: Opened,
    reply: Reply,
    decision: Mapping[str, Any] | None = None,
) -> None:
    """Store what came back: result, message, call event, draw and events, in one transaction."""
    outcome = Outcome(status.value)
    closed, spent = closing(reply, opened.ask, outcome)
    failed = status is StepStatus.failed and reply.failure is not None
    error = _error(reply.failure, step.attempts) if failed and reply.failure else None
    shown = "" if opened.ask.speech.structure is not None else reply.text
    await _end(
        work, step, status, error=error, text=shown, events=reply.events(step), decision=decision,
        call=(opened.attempt, closed, spent),
    )  # fmt: skip


async def _end(
    work: Work,
    step: StepRow,
    status: StepStatus,
    *,
    error: dict[str, Any] | None,
    text: str = "",
    events: Sequence[NewEvent] = (),
    decision: Mapping[str, Any] | None = None,
    call: tuple[Attempt, Closing, Spent] | None = None,
) -> None:
    turn = work.turn
    message_id = ids.new() if text else None
    crash_point("step.before_close")

    async def write(conn: Connection) -> tuple[StepRow, bool, list[StepRow]]:
        count = len(events) + 1 + (decision is not None)
        first = await event_log.fence(conn, work.ref, turn.lease_epoch, count, settles=True)
        if call is not None and not await attempts.close(
            conn, turn.workspace_id, call[0].id, call[1]
        ):
            raise Committed
        if message_id is not None:
            await messages.add(
                conn, turn.workspace_id, message_id, turn.session_id, turn.id, text,
                tokens.estimate(text), step_id=step.id, agent_key=step.agent_key,
            )  # fmt: skip
        row = await steps.finish(
            conn, step, status, message_id=message_id, error=error, decision=decision,
            spent=call and call[2],
        )  # fmt: skip
        if row is None:
            raise Committed
        ended = replace(row, content=text or None)
        if call is not None:
            await wallets.draw(conn, turn.workspace_id, turn.id, call[1].charged_microcredits)
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
        if isinstance(batch, Stop) and batch.whole:
            written.append(await finish_turn(conn, work, ended, batch.reason))
        await event_log.write(conn, work.ref, first, written)
        crash_point("step.before_commit")
        return ended, last, new

    try:
        work.steps[step.step_key], work.finished, new = await work.persist(write)
        work.steps.update({row.step_key: row for row in new})
    except Committed:
        await _reload(work, step, text)
    crash_point("step.closed")


def _route_decided(work: Work, route: StepRow, new: Sequence[StepRow]) -> NewEvent:
    data = {
        "step_id": route.id,
        "attempt": route.attempts,
        "decision": route.decision,
        "steps": [_shape(work, row) for row in new],
    }
    return NewEvent(EventType.route_decided, data)


async def _close_and_wait(
    work: Work, step: StepRow, opened: Opened, reply: Reply, wait_seconds: float
) -> None:
    turn = work.turn
    closed, spent = closing(reply, opened.ask, Outcome.failed)
    assert reply.failure is not None
    data = {
        "step_id": step.id,
        "attempt": step.attempts,
        "error": _error(reply.failure, step.attempts),
        "wait_ms": round(wait_seconds * 1000),
    }
    events = [*reply.events(step), NewEvent(EventType.step_retrying, data)]

    async def write(conn: Connection) -> None:
        first = await event_log.fence(conn, work.ref, turn.lease_epoch, len(events))
        if not await attempts.close(conn, turn.workspace_id, opened.attempt.id, closed):
            raise Committed
        await steps.spend(conn, step, spent)
        await event_log.write(conn, work.ref, first, events)

    with suppress(Committed):
        await work.persist(write)
    with suppress(TimeoutError):
        await asyncio.wait_for(work.control.halted.wait(), wait_seconds)
    if work.control.halt == "cancel":
        await _end(work, step, StepStatus.cancelled, error=None)
    elif work.control.halt == "drain":
        await _pause(work, step)


async def _let_go(work: Work, step: StepRow) -> None:
    """Settle a call that a drain has cut: it is lost, and the step waits for another worker."""
    turn = work.turn

    async def write(conn: Connection) -> None:
        await event_log.fence(conn, work.ref, turn.lease_epoch, 0)
        await attempts.close_lost(conn, turn.workspace_id, turn.id, step_id=step.id)
        await steps.lose(conn, turn.workspace_id, [step.id])

    await work.persist(write)


async def _pause(work: Work, step: StepRow) -> None:
    async def write(conn: Connection) -> None:
        await event_log.fence(conn, work.ref, work.turn.lease_epoch, 0)
        await steps.pause(conn, step)

    await work.persist(write)


async def _reload_open(work: Work, step: StepRow) -> tuple[Attempt, StepRow]:
    """Take what stands after a commit whose reply was lost."""
    async with work.db.transaction(work.turn.workspace_id) as conn:
        started = await steps.load(conn, work.turn.workspace_id, step.id)
        return await attempts.load_open(conn, work.turn.workspace_id, step.id), started


async def _reload(work: Work, step: StepRow, text: str) -> None:
    """Take the stored row after a commit whose reply was lost."""
    async with work.db.transaction(work.turn.workspace_id) as conn:
        row = await steps.load(conn, work.turn.workspace_id, step.id)
    work.steps[step.step_key] = replace(row, content=text or None)


def _shape(work: Work, row: StepRow) -> dict[str, Any]:
    siblings = [s for s in work.siblings.get(row.step_key, ()) if s != row.id]
    return step_shape(row, work.frozen, siblings)


def _error(failure: Failure, attempts_made: int) -> dict[str, Any]:
    return {
        "code": failure.code,
        "title": failure.title,
        "detail": failure.detail,
        "retryable": failure.retryable,
        "attempts": attempts_made,
    }


def _exhausted(step: StepRow) -> dict[str, Any]:
    return {
        "code": "attempts_exhausted",
        "title": "No attempt came to an end",
        "detail": f"{step.attempts} attempts were made, {step.lost_attempts} of them lost.",
        "retryable": True,
        "attempts": step.attempts,
    }
