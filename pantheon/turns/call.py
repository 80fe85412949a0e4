"""One call of a model: its stream read to the end, cut short by a halt, or out of time."""

import asyncio
import time
from contextlib import aclosing
from dataclasses import dataclass, field
from uuid import UUID

from pantheon.base import departures
from pantheon.base.crashpoints import crash_point
from pantheon.context.own_name import OwnNamePrefix
from pantheon.events.types import EventType, NewEvent
from pantheon.ledger.attempts import Attempt, Closing, Outcome
from pantheon.ledger.charges import charge_for
from pantheon.providers.types import Failure, Finished, ReasoningDelta, TextDelta, TokenUsage
from pantheon.turns.ask import Ask
from pantheon.turns.step_text import StepText
from pantheon.turns.steps import Spent
from pantheon.turns.types import StepRow
from pantheon.turns.work import Work

LONGEST_REASONING = 20_000


@dataclass(slots=True)
class Reply:
    """What came back. Neither `finished` nor `failure`: the call was cut by a halt.

    `left`: the request was on its way by then.
    """

    text: str = ""
    reasoning: str = ""
    unsaved: list[NewEvent] = field(default_factory=list)
    finished: Finished | None = None
    failure: Failure | None = None
    time_to_first_token_ms: int | None = None
    latency_ms: int = 0
    left: bool = False

    def events(self, step: StepRow) -> list[NewEvent]:
        """Return what the log still has to take before the step's end."""
        events = []
        if self.reasoning:
            data = {"step_id": step.id, "attempt": step.attempts, "text": self.reasoning}
            events.append(NewEvent(EventType.step_reasoning, data))
        return [*events, *self.unsaved]


async def call_model(
    work: Work, step: StepRow, ask: Ask, attempt_id: UUID, deadline: float
) -> Reply:
    """Send the request once and read what comes back until `deadline` (loop time).

    Text goes to the readers as it comes. What is left to save is in the reply. An answer without
    text is a failure.
    """
    prefix = OwnNamePrefix(ask.seat.key, ask.seat.name)
    text = StepText(work, step, prefix, shown=ask.speech.structure is None)
    reply = Reply()
    call = asyncio.create_task(_read(work, ask, attempt_id, deadline, text, reply))
    calls = work.control.calls
    calls.add(call)
    if work.control.halt is not None:
        call.cancel()
    try:
        await asyncio.wait({call})
    except asyncio.CancelledError:
        call.cancel()
        await asyncio.wait({call})
        raise
    finally:
        calls.discard(call)
        reply.unsaved = await text.end()
        text.forget()
    reply.text = text.content
    if not call.cancelled():
        call.result()
        if reply.finished is not None and not reply.text.strip():
            reply.failure = _empty(reply.finished)
            reply.finished = None
    return reply


def closing(
    reply: Reply, ask: Ask, outcome: Outcome, attempt: Attempt | None = None
) -> tuple[Closing, Spent]:
    """Return what the ledger and the step keep of an attempt that is over.

    Usage that the provider left out is estimated. A failed call costs, but charges nothing; none
    charges more than the `attempt` has earmarked, where a hold pays for it.
    """
    failure = reply.failure
    ended = reply.finished or failure
    usage = ended.usage if ended is not None else None
    left = reply.left if ended is None else failure is None or failure.sent
    estimated = usage is None and left and (outcome is not Outcome.failed or bool(reply.text))
    if usage is None:
        usage = TokenUsage()
        if estimated:
            output = ask.meter.text(reply.text) + ask.meter.text(reply.reasoning)
            read = ask.assembled.input_tokens
            usage = TokenUsage(ask.meter.likely(read), 0, ask.meter.likely(output), 0)
    charge = charge_for(usage, ask.tariff, attempt, failed=outcome is Outcome.failed)
    cost, charged = charge.cost_usd, charge.charged_microcredits
    return (
        Closing(
            outcome=outcome,
            error_code=failure.code if failure else None,
            sent=left,
            usage=usage,
            estimated=estimated,
            cost_usd=cost,
            pricing_version=charge.pricing_version,
            charged_microcredits=charged,
            provider_request_id=ended.provider_request_id if ended else None,
            time_to_first_token_ms=reply.time_to_first_token_ms,
            latency_ms=reply.latency_ms,
            pricing=charge.pricing,
            cost_microcredits=charge.cost_microcredits,
            excess_microcredits=charge.excess_microcredits,
        ),
        Spent(usage, estimated, cost, charged, reply.time_to_first_token_ms, reply.latency_ms),
    )


async def _read(
    work: Work, ask: Ask, attempt_id: UUID, deadline: float, text: StepText, reply: Reply
) -> None:
    started = time.perf_counter()
    departure = departures.expect()
    reasoning: list[str] = []
    try:
        async with (
            asyncio.timeout_at(deadline),
            aclosing(ask.provider.stream(ask.body, str(attempt_id))) as stream,
        ):
            async for event in stream:
                if isinstance(event, TextDelta):
                    if reply.time_to_first_token_ms is None:
                        reply.time_to_first_token_ms = _ms_since(started)
                    text.add(event.text)
                    crash_point("step.first_text")
                elif isinstance(event, ReasoningDelta):
                    reasoning.append(event.text)
                elif isinstance(event, Finished):
                    reply.finished = event
                else:
                    reply.failure = event
    except TimeoutError:
        reply.failure = Failure(
            "step_timeout",
            "Out of time",
            f"The model did not finish within {work.step_seconds:g} s.",
            retryable=False,
            sent=departure.left,
        )
    finally:
        reply.left = departure.left
        reply.latency_ms = _ms_since(started)
        reply.reasoning = "".join(reasoning)[:LONGEST_REASONING]


def _empty(finished: Finished) -> Failure:
    return Failure(
        "empty_answer",
        "Empty answer",
        f"The model ended without any text (finish reason '{finished.finish_reason}').",
        retryable=True,
        usage=finished.usage,
        provider_request_id=finished.provider_request_id,
    )


def _ms_since(started: float) -> int:
    return round((time.perf_counter() - started) * 1000)
