"""What a step asks: the seat's context assembled, the request encoded, and its record."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from pantheon.base import ids
from pantheon.base.errors import Problem
from pantheon.context import audits, tokens
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
from pantheon.providers.structured import best_form
from pantheon.providers.types import ChatMessage, Failure, Model, ModelRequest, Provider, Role
from pantheon.turns import prompts, steps
from pantheon.turns.speech import Speech, speech_for
from pantheon.turns.types import Frozen, Seat, StepPlan, StepRow, TurnRow

DEFAULT_REPLY_TOKENS = 1_024
LONGEST_SHOWN = 4_000


@dataclass(frozen=True, slots=True)
class Ask:
    """What a step asks, and whom. `body` is exactly what the provider receives.

    `read` names the steps that the agent is told of, `purpose` is the ledger's.
    """

    speech: Speech
    provider: Provider
    model: Model
    assembled: Assembled
    body: bytes
    sha256: bytes
    read: list[dict[str, str]]
    purpose: str

    @property
    def seat(self) -> Seat:
        """Who is asked."""
        return self.speech.seat

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
    role_prompts: Mapping[UUID, str],
    rows: Mapping[str, StepRow],
    step: StepRow | StepPlan,
    history: Sequence[PastTurn],
    asked: Quote,
    asked_id: UUID,
) -> Ask | Failure:
    """Assemble and encode a step's request; a model that is gone or too small is a failure."""
    seat = frozen.seat(step.agent_key or "")
    try:
        provider, model = providers.resolve(seat.model, accepted=True)
    except Problem as problem:
        kind = problem.kind
        return Failure(kind.code, kind.title, problem.detail, retryable=False, sent=False)
    form = best_form(model.capabilities)
    speech = speech_for(frozen, role_prompts, rows, step, form)
    speaker = speaker_for(frozen, speech, model.context_window, _reply_reserve(seat, model))
    try:
        assembled = assemble_context(speaker, history, asked, asked_id, speech.earlier)
    except ContextTooLarge as error:
        kind = CONTEXT_BUDGET_EXCEEDED
        return Failure(kind.code, kind.title, str(error), retryable=False, sent=False)
    for section in assembled.sections:
        if section["origin"] == "task":
            section["form"] = form.value
    body = _encode(provider, model, speech, assembled)
    read = [
        {"step_id": str(quote.step_id), "status": "failed" if quote.error else "completed"}
        for quote in speech.earlier
        if quote.origin == "earlier"
    ]
    sha256 = hashlib.sha256(body).digest()
    return Ask(speech, provider, model, assembled, body, sha256, read, speech.purpose)


def repair_ask(ask: Ask, reply: str, error: str) -> Ask:
    """Return the ask that shows a model its invalid reply, and what is wrong with it."""
    told = prompts.REPAIR.format(error=error)
    shown = reply[:LONGEST_SHOWN]
    messages = (
        *ask.assembled.messages,
        ChatMessage(Role.assistant, shown or "…"),
        ChatMessage(Role.user, told),
    )
    text = f"{shown}\n\n{told}"
    size = tokens.estimate(text)
    section = {"origin": "repair", "tokens": size, "text": text}
    budget = {**ask.assembled.budget, "used": ask.assembled.input_tokens + size}
    assembled = replace(
        ask.assembled,
        messages=messages,
        sections=[*ask.assembled.sections, section],
        budget=budget,
    )
    body = _encode(ask.provider, ask.model, ask.speech, assembled)
    return replace(
        ask,
        assembled=assembled,
        body=body,
        sha256=hashlib.sha256(body).digest(),
        purpose="repair",
    )


async def record_ask(
    conn: Connection, turn: TurnRow, step: StepRow, ask: Ask
) -> tuple[Attempt, StepRow]:
    """Record an attempt that leaves after the commit: the step runs, attempt and audit stand.

    The caller has passed the fence, or makes the turn. The number of the attempt is the step's.
    """
    started = await steps.start(conn, step, ask.read, ask.actions)
    return await record_attempt(conn, turn, started, ask), started


async def record_attempt(conn: Connection, turn: TurnRow, step: StepRow, ask: Ask) -> Attempt:
    """Record the attempt and the audit of a step that has been started for it."""
    attempt = Attempt(
        workspace_id=turn.workspace_id,
        id=ids.new(),
        user_id=turn.user_id,
        room_id=turn.room_id,
        session_id=turn.session_id,
        turn_id=turn.id,
        step_id=step.id,
        lease_epoch=turn.lease_epoch,
        number=step.attempts,
        purpose=ask.purpose,
        agent_key=step.agent_key,
        provider=ask.model.id.partition("/")[0],
        model=ask.model.id,
        request_sha256=ask.sha256,
    )
    await attempts.open_attempt(conn, attempt)
    await audits.record(
        conn, turn.workspace_id, attempt.id, step.id, ask.model.id, ask.assembled, ask.sha256
    )
    return attempt


def history_bounds(providers: Providers, frozen: Frozen) -> dict[str, Any]:
    """Return how much history a turn's agents can use at most, for `load_history`."""
    policies = [seat.context for seat in frozen.everybody]
    most_turns = None
    if all(policy.get("policy") == "last" for policy in policies):
        most_turns = max(int(policy.get("last_turns") or 0) for policy in policies)
    windows = [_window(providers, seat) for seat in frozen.everybody]
    return {"most_turns": most_turns, "most_tokens": max(windows)}


def speaker_for(frozen: Frozen, speech: Speech, window: int, reply_reserve: int) -> Speaker:
    """Return how the context's assembly knows the agent of a step."""
    seat = speech.seat
    return Speaker(
        key=seat.key,
        name=seat.name,
        role_prompt=speech.role_prompt,
        prompt_id=UUID(seat.prompt_id) if seat.prompt_id else None,
        policy=seat.context.get("policy", "everything"),
        last_turns=seat.context.get("last_turns"),
        window=window,
        reply_reserve=reply_reserve,
        goal=frozen.goal,
        labelled=frozen.in_room,
        rules=speech.rules,
        task=speech.task,
    )


def _encode(provider: Provider, model: Model, speech: Speech, assembled: Assembled) -> bytes:
    parameters = speech.seat.parameters
    return provider.encode(
        ModelRequest(
            model.id.partition("/")[2],
            assembled.messages,
            parameters.get("max_output_tokens"),
            parameters.get("temperature"),
            parameters.get("reasoning_effort"),
            speech.structure,
        )
    )


def _reply_reserve(seat: Seat, model: Model) -> int:
    reserve = int(seat.parameters.get("max_output_tokens") or DEFAULT_REPLY_TOKENS)
    return min(reserve, model.context_window // 2)


def _window(providers: Providers, seat: Seat) -> int:
    try:
        model: Model = providers.resolve(seat.model, accepted=True)[1]
    except Problem:
        return 0
    return model.context_window
