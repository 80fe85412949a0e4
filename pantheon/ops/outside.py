"""A call outside of any turn: recorded before it leaves, in the ledger like every other.

It has no step and no lease; while its process lives it is closed here, else the sweep closes it as
lost when its time is over.
"""

import asyncio
import hashlib
import time
from contextlib import aclosing
from dataclasses import dataclass, replace
from uuid import UUID

from pantheon.accounts.roles import Who
from pantheon.base import ids
from pantheon.context import audits, tokens
from pantheon.context.assemble import Assembled
from pantheon.db.pool import Connection, Database
from pantheon.ledger import attempts, holds
from pantheon.ledger.attempts import Attempt, Closing, Outcome
from pantheon.ledger.charges import charge_for
from pantheon.ledger.holds import Share, Wanted
from pantheon.ledger.prices import Tariff, microcredits, worst_usd
from pantheon.ledger.terms import Terms, read_terms
from pantheon.providers.types import (
    Failure,
    Finished,
    Model,
    ModelRequest,
    Provider,
    TextDelta,
    TokenUsage,
)
from pantheon.turns.bounds import most_read, most_written

KEPT_OPEN_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Trial:
    """How such a call went: its answer's text, or the failure. Times in milliseconds."""

    attempt_id: UUID
    text: str
    failure: Failure | None
    latency_ms: int


async def ask_outside(
    db: Database,
    who: Who,
    provider: Provider,
    model: Model,
    request: ModelRequest,
    *,
    purpose: str,
    seconds: float,
    agent_key: str | None = None,
    agent_id: UUID | None = None,
    room_id: UUID | None = None,
    session_id: UUID | None = None,
) -> Trial:
    """Send `request` once and return how that went, after `seconds` at the latest.

    `purpose` is the ledger's. An answer without text counts as one: a model may spend so few
    tokens on thinking. Where credits are counted the call has a hold of its own. Raises
    `model_unpriced`, `insufficient_credits` and `budget_exceeded` where they are enforced.
    """
    body = provider.encode(request)
    attempt = Attempt(
        workspace_id=who.workspace_id,
        id=ids.new(),
        user_id=who.user_id,
        room_id=room_id,
        session_id=session_id,
        turn_id=None,
        step_id=None,
        lease_epoch=None,
        number=1,
        purpose=purpose,
        agent_key=agent_key,
        provider=provider.name,
        model=model.id,
        request_sha256=hashlib.sha256(body).digest(),
        expires_seconds=seconds + KEPT_OPEN_SECONDS,
    )
    asked = _asked(request, model)
    async with db.transaction(who.workspace_id) as conn:
        terms = await read_terms(conn, who.workspace_id, {model.id: model.price})
        tariff = terms.tariff(model)
        if terms.billed:
            need = _most(request, model, tariff, asked, body)
            attempt = replace(attempt, hold_id=attempt.id, earmark_microcredits=need)
            await _take_hold(conn, terms, attempt, agent_id)
        await attempts.open_attempt(conn, attempt)
        await audits.record(
            conn, who.workspace_id, attempt.id, None, model.id, asked, attempt.request_sha256
        )
    started = time.perf_counter()
    text, first_ms = "", None
    end: Finished | Failure = _out_of_time(seconds)
    try:
        async with (
            asyncio.timeout(seconds),
            aclosing(provider.stream(body, str(attempt.id))) as stream,
        ):
            async for event in stream:
                if isinstance(event, TextDelta):
                    text += event.text
                    first_ms = first_ms or _ms_since(started)
                elif isinstance(event, Finished | Failure):
                    end = event
    except TimeoutError:
        end = _out_of_time(seconds)
    latency_ms = _ms_since(started)
    closing = _closing(end, asked, text, attempt, tariff, first_ms, latency_ms)
    async with db.transaction(who.workspace_id) as conn:
        await close_outside(
            conn, who.workspace_id, attempt.id, closing, billed=attempt.hold_id is not None
        )
    return Trial(attempt.id, text, end if isinstance(end, Failure) else None, latency_ms)


async def close_outside(
    conn: Connection, workspace_id: UUID, attempt_id: UUID, closing: Closing, *, billed: bool
) -> None:
    """Close a call outside of turns, and give back what is left of its hold, where it has one."""
    closed = await attempts.close(conn, workspace_id, attempt_id, closing, billed=billed)
    if closed and billed:
        await holds.release(conn, workspace_id, attempt_id)


def _asked(request: ModelRequest, model: Model) -> Assembled:
    """Return what the audit keeps: every message of the request stands in it."""
    sections = [
        {"origin": "input", "tokens": tokens.estimate(message.content), "text": message.content}
        for message in request.messages
    ]
    budget = {
        "window": model.context_window,
        "reply_reserve": request.max_output_tokens or 0,
        "used": sum(int(str(section["tokens"])) for section in sections),
        "estimated": True,
    }
    return Assembled(request.messages, sections, budget)


def _closing(
    end: Finished | Failure,
    asked: Assembled,
    text: str,
    attempt: Attempt,
    tariff: Tariff | None,
    first_ms: int | None,
    latency_ms: int,
) -> Closing:
    failure = end if isinstance(end, Failure) else None
    estimated = end.usage is None and failure is None
    usage = end.usage or TokenUsage()
    if estimated:
        usage = TokenUsage(asked.input_tokens, 0, tokens.estimate(text), 0)
    charge = charge_for(usage, tariff, attempt, failed=failure is not None)
    return Closing(
        outcome=Outcome.failed if failure else Outcome.completed,
        error_code=failure.code if failure else None,
        sent=failure.sent if failure else True,
        usage=usage,
        estimated=estimated,
        cost_usd=charge.cost_usd,
        pricing_version=charge.pricing_version,
        charged_microcredits=charge.charged_microcredits,
        provider_request_id=end.provider_request_id,
        time_to_first_token_ms=first_ms,
        latency_ms=latency_ms,
        pricing=charge.pricing,
        cost_microcredits=charge.cost_microcredits,
        excess_microcredits=charge.excess_microcredits,
    )


def _most(
    request: ModelRequest, model: Model, tariff: Tariff | None, asked: Assembled, body: bytes
) -> int:
    """Return the most that the call can charge, in micro-credits."""
    if tariff is None:
        return 0
    read = most_read(asked.input_tokens, model.context_window, len(body))
    written = most_written({"max_output_tokens": request.max_output_tokens}, model)
    return microcredits(worst_usd(read, written, tariff.price), tariff)


async def _take_hold(
    conn: Connection, terms: Terms, attempt: Attempt, agent_id: UUID | None
) -> None:
    need = attempt.earmark_microcredits
    scopes = (attempt.workspace_id, attempt.user_id, attempt.room_id, attempt.session_id)
    await holds.take(
        conn,
        Wanted(
            workspace_id=attempt.workspace_id,
            id=attempt.id,
            turn_id=None,
            enforcement=terms.enforcement,
            scopes=[scope for scope in scopes if scope is not None],
            shares=[Share(agent_id, attempt.agent_key or "", need, need)],
            most=need,
        ),
    )


def _out_of_time(seconds: float) -> Failure:
    return Failure(
        "step_timeout", "Out of time", f"No answer within {seconds:g} s.", retryable=True
    )


def _ms_since(started: float) -> int:
    return round((time.perf_counter() - started) * 1000)
