"""A trial: one tiny call of a model, outside of any turn, in the ledger like every other."""

import asyncio
import hashlib
import time
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pantheon.accounts.roles import Who
from pantheon.base import ids
from pantheon.context import audits, tokens
from pantheon.context.assemble import Assembled
from pantheon.db.pool import Database
from pantheon.ledger import attempts, prices
from pantheon.ledger.attempts import Attempt, Closing, Outcome
from pantheon.providers.types import (
    ChatMessage,
    Failure,
    Finished,
    Model,
    ModelRequest,
    Provider,
    Role,
    TextDelta,
    TokenUsage,
)

QUESTION = "Answer with the single word: ready"
MOST_TOKENS = 16
KEPT_OPEN_SECONDS = 60.0
NO_PARAMETERS: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Trial:
    """How a trial went: its answer's text, or the failure. Times in milliseconds."""

    attempt_id: UUID
    text: str
    failure: Failure | None
    latency_ms: int


async def try_model(
    db: Database,
    who: Who,
    provider: Provider,
    model: Model,
    *,
    seconds: float,
    agent_key: str | None = None,
    parameters: Mapping[str, Any] = NO_PARAMETERS,
) -> Trial:
    """Ask `model` for one word and return how that went, after `seconds` at the latest.

    With an agent's key and parameters it is that agent's trial: the model may refuse what is asked
    of it. An answer without text counts as one: a model may spend so few tokens on thinking.
    """
    request = ModelRequest(
        model.id.partition("/")[2],
        (ChatMessage(Role.user, QUESTION),),
        MOST_TOKENS,
        parameters.get("temperature"),
        parameters.get("reasoning_effort"),
    )
    body = provider.encode(request)
    attempt = Attempt(
        workspace_id=who.workspace_id,
        id=ids.new(),
        user_id=who.user_id,
        room_id=None,
        session_id=None,
        turn_id=None,
        step_id=None,
        lease_epoch=None,
        number=1,
        purpose="test",
        agent_key=agent_key,
        provider=provider.name,
        model=model.id,
        request_sha256=hashlib.sha256(body).digest(),
        expires_seconds=seconds + KEPT_OPEN_SECONDS,
    )
    async with db.transaction(who.workspace_id) as conn:
        await attempts.open_attempt(conn, attempt)
        await audits.record(
            conn, who.workspace_id, attempt.id, None, model.id, _asked(request, model),
            attempt.request_sha256,
        )  # fmt: skip
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
    closing = _closing(end, text, model, first_ms, latency_ms)
    async with db.transaction(who.workspace_id) as conn:
        await attempts.close(conn, who.workspace_id, attempt.id, closing)
    return Trial(attempt.id, text, end if isinstance(end, Failure) else None, latency_ms)


def _asked(request: ModelRequest, model: Model) -> Assembled:
    """Return what the audit keeps of a trial: its one sentence stands in it."""
    size = tokens.estimate(QUESTION)
    sections = [{"origin": "input", "tokens": size, "text": QUESTION}]
    budget = {
        "window": model.context_window,
        "reply_reserve": MOST_TOKENS,
        "used": size,
        "estimated": True,
    }
    return Assembled(request.messages, sections, budget)


def _closing(
    end: Finished | Failure, text: str, model: Model, first_ms: int | None, latency_ms: int
) -> Closing:
    failure = end if isinstance(end, Failure) else None
    estimated = end.usage is None and failure is None
    usage = end.usage or TokenUsage()
    if estimated:
        usage = TokenUsage(tokens.estimate(QUESTION), 0, tokens.estimate(text), 0)
    cost = prices.cost_usd(usage, model.price)
    return Closing(
        outcome=Outcome.failed if failure else Outcome.completed,
        error_code=failure.code if failure else None,
        sent=failure.sent if failure else True,
        usage=usage,
        estimated=estimated,
        cost_usd=cost,
        pricing_version=model.price.version if model.price else None,
        charged_microcredits=0 if failure else prices.microcredits(cost),
        provider_request_id=end.provider_request_id,
        time_to_first_token_ms=first_ms,
        latency_ms=latency_ms,
    )


def _out_of_time(seconds: float) -> Failure:
    return Failure(
        "step_timeout", "Out of time", f"No answer within {seconds:g} s.", retryable=True
    )


def _ms_since(started: float) -> int:
    return round((time.perf_counter() - started) * 1000)
