"""What a step asks: the seat's context assembled, the request encoded, and its record."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pantheon.base import ids
from pantheon.base.errors import Problem
from pantheon.context import audits
from pantheon.context.assemble import (
    CONTEXT_BUDGET_EXCEEDED,
    Assembled,
    ContextTooLarge,
    PastTurn,
    Quote,
    Speaker,
    assemble_context,
)
from pantheon.db.pool import Connection
from pantheon.ledger import attempts
from pantheon.ledger.attempts import Attempt
from pantheon.providers.registry import Providers
from pantheon.providers.types import Failure, Model, ModelRequest, Provider
from pantheon.turns import steps
from pantheon.turns.types import Frozen, Seat, StepRow, TurnRow

DEFAULT_REPLY_TOKENS = 1_024


@dataclass(frozen=True, slots=True)
class Ask:
    """What a step asks, and whom. `body` is exactly what the provider receives."""

    seat: Seat
    provider: Provider
    model: Model
    assembled: Assembled
    body: bytes
    sha256: bytes
    read: list[dict[str, str]]

    @property
    def actions(self) -> list[str]:
        """What was done to make the context fit."""
        return [str(action["kind"]) for action in self.assembled.actions]


@dataclass(frozen=True, slots=True)
class Opened:
    """An attempt that is recorded: what remains is to send it."""

    attempt: Attempt
    ask: Ask


def prepare_ask(
    providers: Providers,
    frozen: Frozen,
    seat: Seat,
    prompts: Mapping[UUID, str],
    history: Sequence[PastTurn],
    asked: Quote,
    asked_id: UUID,
    earlier: Sequence[Quote],
) -> Ask | Failure:
    """Assemble and encode a seat's request; a model that is gone or too small is a failure."""
    try:
        provider, model = providers.resolve(seat.model, accepted=True)
    except Problem as problem:
        kind = problem.kind
        return Failure(kind.code, kind.title, problem.detail, retryable=False, sent=False)
    speaker = _speaker(frozen, seat, prompts[UUID(seat.prompt_id)], model)
    try:
        assembled = assemble_context(speaker, history, asked, asked_id, earlier)
    except ContextTooLarge as error:
        kind = CONTEXT_BUDGET_EXCEEDED
        return Failure(kind.code, kind.title, str(error), retryable=False, sent=False)
    body = provider.encode(
        ModelRequest(
            model.id.partition("/")[2],
            assembled.messages,
            seat.parameters.get("max_output_tokens"),
            seat.parameters.get("temperature"),
            seat.parameters.get("reasoning_effort"),
        )
    )
    read = [
        {"step_id": str(quote.step_id), "status": "failed" if quote.error else "completed"}
        for quote in earlier
    ]
    return Ask(seat, provider, model, assembled, body, hashlib.sha256(body).digest(), read)


async def record_ask(
    conn: Connection, turn: TurnRow, step: StepRow, ask: Ask
) -> tuple[Attempt, StepRow]:
    """Record an attempt that leaves after the commit: the step runs, attempt and audit stand.

    The caller has passed the fence, or makes the turn. The number of the attempt is the step's.
    """
    started = await steps.start(conn, step, ask.read, ask.actions)
    attempt = Attempt(
        workspace_id=turn.workspace_id,
        id=ids.new(),
        user_id=turn.user_id,
        room_id=turn.room_id,
        session_id=turn.session_id,
        turn_id=turn.id,
        step_id=step.id,
        lease_epoch=turn.lease_epoch,
        number=started.attempts,
        purpose="answer",
        agent_key=step.agent_key,
        provider=ask.model.id.partition("/")[0],
        model=ask.model.id,
        request_sha256=ask.sha256,
    )
    await attempts.open_attempt(conn, attempt)
    await audits.record(
        conn, turn.workspace_id, attempt.id, step.id, ask.model.id, ask.assembled, ask.sha256
    )
    return attempt, started


def history_bounds(providers: Providers, frozen: Frozen) -> dict[str, Any]:
    """Return how much history a turn's agents can use at most, for `load_history`."""
    policies = [seat.context for seat in frozen.seats]
    most_turns = None
    if all(policy.get("policy") == "last" for policy in policies):
        most_turns = max(int(policy.get("last_turns") or 0) for policy in policies)
    windows = [_window(providers, seat) for seat in frozen.seats]
    return {"most_turns": most_turns, "most_tokens": max(windows)}


def _window(providers: Providers, seat: Seat) -> int:
    try:
        model: Model = providers.resolve(seat.model, accepted=True)[1]
    except Problem:
        return 0
    return model.context_window


def _speaker(frozen: Frozen, seat: Seat, role_prompt: str, model: Model) -> Speaker:
    reserve = int(seat.parameters.get("max_output_tokens") or DEFAULT_REPLY_TOKENS)
    return Speaker(
        key=seat.key,
        name=seat.name,
        role_prompt=role_prompt,
        prompt_id=UUID(seat.prompt_id),
        policy=seat.context.get("policy", "everything"),
        last_turns=seat.context.get("last_turns"),
        window=model.context_window,
        reply_reserve=min(reserve, model.context_window // 2),
        goal=frozen.goal,
        labelled=frozen.in_room,
    )
