"""One step: read through, ask, record, call, close. Whatever dies on the way, it is paid once."""

import asyncio
import random
from contextlib import suppress
from dataclasses import replace
from typing import Any

from pantheon.base.crashpoints import crash_point
from pantheon.base.money import credits_text
from pantheon.context.digest import InvalidDigest
from pantheon.context.quotes import Quote
from pantheon.context.summaries import NewSummary
from pantheon.events import event_log
from pantheon.ledger.holds import INSUFFICIENT_CREDITS, NotCovered
from pantheon.providers.failures import CONTEXT_TOO_LONG
from pantheon.providers.types import Failure
from pantheon.turns.approve import ask_user
from pantheon.turns.ask import Ask, Opened, learn_refusal, prepare_ask, repair_ask
from pantheon.turns.call import Reply, call_model
from pantheon.turns.decision import InvalidDecision, read_decision
from pantheon.turns.modes.orchestrator import direct_answer
from pantheon.turns.step_commits import (
    close_attempt,
    close_for_retry,
    create_step,
    end_step,
    error_of,
    let_go,
    open_attempt,
    pause_step,
)
from pantheon.turns.summarise import prepare_summary, read_summary
from pantheon.turns.types import StepPlan, StepRow, StepStatus
from pantheon.turns.work import Work

MAX_ATTEMPTS = 3
MAX_WITH_LOST = 5
MAX_EMPTY = 2
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 60.0
NOT_SENT = Failure(
    "not_sent", "Not sent", "The turn was cancelled before the request left.", False, sent=False
)


async def run_step(work: Work, plan: StepPlan) -> None:
    """Bring a step to its stored result. A stored result is kept and nothing is called.

    Failures of models are results. A halt settles what was begun: a cancel keeps the text, a
    drain puts the step back; a lost lease writes nothing more. A step that is the user's pauses
    the turn.
    """
    try:
        if plan.key not in work.steps:
            await create_step(work, plan)
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
            await end_step(work, step, StepStatus.completed, error=None, text=answer)
            return
        ask = again or await _prepare(work, step)
        if isinstance(ask, Failure):
            await end_step(work, step, StepStatus.failed, error=error_of(ask, step.attempts))
        elif not _may_try(step):
            await end_step(work, step, StepStatus.failed, error=_exhausted(step))
        else:
            crash_point("step.before_attempt")
            try:
                opened = await open_attempt(work, step, ask)
            except NotCovered:
                error = error_of(_not_covered(ask), step.attempts)
                await end_step(work, step, StepStatus.failed, error=error)
                return
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
            await close_attempt(work, work.steps[key], StepStatus.cancelled, opened, reply)
        elif work.control.halt == "drain":
            await let_go(work, work.steps[key])


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
    decision, summary, again = None, None, None
    if reply.finished is not None and step.kind == "summary":
        summary, again = _summarised(work, step, opened.ask, reply)
    elif reply.finished is not None and opened.ask.speech.structure is not None:
        decision, again = _decided(work, opened.ask, reply)
    if reply.finished is not None:
        await close_attempt(work, step, StepStatus.completed, opened, reply, decision, summary)
    elif reply.failure is not None:
        if reply.failure.code == CONTEXT_TOO_LONG.code:
            again = await _shortened(work, step, opened.ask)
        left = deadline - asyncio.get_running_loop().time()
        wait = 0.0 if again else _wait_seconds(step, reply.failure, left)
        if wait is None:
            await close_attempt(work, step, StepStatus.failed, opened, reply)
        else:
            await close_for_retry(work, step, opened, reply, wait)
            await _wait(work, step, wait)
    elif halt == "cancel":
        if not reply.left:
            reply.failure = NOT_SENT
        await close_attempt(work, step, StepStatus.cancelled, opened, reply)
    else:
        await let_go(work, step)
    return again


async def _wait(work: Work, step: StepRow, seconds: float) -> None:
    """Wait for the next attempt; a halt meanwhile settles the step."""
    with suppress(TimeoutError):
        await asyncio.wait_for(work.control.halted.wait(), seconds)
    if work.control.halt == "cancel":
        await end_step(work, step, StepStatus.cancelled, error=None)
    elif work.control.halt == "drain":
        await pause_step(work, step)


def _decided(work: Work, ask: Ask, reply: Reply) -> tuple[dict[str, Any] | None, Ask | None]:
    """Read the manager's decision. One that is none becomes a failure, with one ask to mend it."""
    assert reply.finished is not None
    finished = reply.finished
    try:
        decision = read_decision(reply.text, finished.finish_reason, work.frozen.keys)
    except InvalidDecision as error:
        invalid = Failure("invalid_decision", "No valid decision", str(error), retryable=False)
        return None, _to_mend(ask, reply, invalid)
    reply.text = ""
    return decision, None


def _summarised(
    work: Work, step: StepRow, ask: Ask, reply: Reply
) -> tuple[NewSummary | None, Ask | None]:
    """Read a summary and check it. One that is none becomes a failure, with one ask to mend it."""
    assert reply.finished is not None
    due, reason = work.due[step.step_key], reply.finished.finish_reason
    try:
        summary = read_summary(due, ask, reply.text, reason, work.turn.session_id)
    except InvalidDigest as error:
        invalid = Failure("invalid_summary", "No valid summary", str(error), retryable=False)
        return None, _to_mend(ask, reply, invalid)
    reply.text = ""
    return replace(summary, step_id=step.id), None


def _to_mend(ask: Ask, reply: Reply, invalid: Failure) -> Ask | None:
    """Make a failure of a reply that is not what was asked for; return the ask to mend it, once."""
    assert reply.finished is not None
    repair = None
    if ask.purpose != "repair":
        repair = repair_ask(ask, reply.text, invalid.detail)
    finished, reply.finished = reply.finished, None
    reply.failure = replace(
        invalid, usage=finished.usage, provider_request_id=finished.provider_request_id
    )
    return repair


async def _shortened(work: Work, step: StepRow, refused: Ask) -> Ask | None:
    """Return a shorter ask in place of one that was too long for its model, once.

    `None` where nothing can be left out. What the refusal tells counts from now on.
    """
    if step.step_key in work.shortened or not _may_try(step):
        return None
    work.shortened.add(step.step_key)
    learn_refusal(work.providers, refused)
    ask = await _prepare(work, step)
    return ask if isinstance(ask, Ask) and len(ask.body) < len(refused.body) else None


async def _prepare(work: Work, step: StepRow) -> Ask | Failure:
    if step.kind == "summary":
        return prepare_summary(work.providers, work.frozen, work.due[step.step_key])
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


def _not_covered(ask: Ask) -> Failure:
    kind, need = INSUFFICIENT_CREDITS, credits_text(ask.earmark_microcredits)
    return Failure(
        kind.code,
        kind.title,
        f"This request may charge up to {need} credits, more than the turn may still spend.",
        retryable=False,
        sent=False,
    )


def _exhausted(step: StepRow) -> dict[str, Any]:
    return {
        "code": "attempts_exhausted",
        "title": "No attempt came to an end",
        "detail": f"{step.attempts} attempts were made, {step.lost_attempts} of them lost.",
        "retryable": True,
        "attempts": step.attempts,
    }
