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
    assemble_context,
)
from pantheon.context.quotes import PastTurn, Quote, Speaker
from pantheon.context.tokens import Meter
from pantheon.db.pool import Connection
from pantheon.ledger import attempts
from pantheon.ledger.attempts import Attempt
from pantheon.ledger.prices import Tariff, microcredits, worst_usd
from pantheon.ledger.terms import Terms
from pantheon.providers.registry import Providers
from pantheon.providers.structured import best_form
from pantheon.providers.types import ChatMessage, Failure, Model, ModelRequest, Provider, Role
from pantheon.turns import prompts, steps
from pantheon.turns.bounds import most_read, most_written
from pantheon.turns.speech import Speech, speech_for
from pantheon.turns.types import Frozen, Seat, StepPlan, StepRow, StepStatus, TurnRow

DEFAULT_REPLY_TOKENS = 1_024
LONGEST_SHOWN = 4_000
REFUSED_AT = 1.5
# A known tokenizer can find fewer tokens than the estimate does.
SPARSEST = {None: 1.0, tokens.O200K: 0.4}


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
    meter: Meter
    terms: Terms

    @property
    def tariff(self) -> Tariff | None:
        """What the model costs, as the turn was accepted."""
        return self.terms.tariff(self.model)

    @property
    def earmark_microcredits(self) -> int:
        """The most that this request can charge."""
        if self.tariff is None:
            return 0
        window = self.model.context_window
        read = most_read(self.assembled.input_tokens, window, len(self.body))
        written = most_written(self.seat.parameters, self.model)
        return microcredits(worst_usd(read, written, self.tariff.price), self.tariff)

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
    meter = meter_of(providers, model.id)
    speaker = speaker_for(frozen, speech, model.context_window, reply_reserve(seat, model), meter)
    speaker = replace(speaker, unsummarised=_unsummarised(rows, speaker.scope))
    try:
        assembled = assemble_context(speaker, history, asked, asked_id, speech.earlier)
    except ContextTooLarge as error:
        kind = CONTEXT_BUDGET_EXCEEDED
        return Failure(kind.code, kind.title, str(error), retryable=False, sent=False)
    for section in assembled.sections:
        if section["origin"] == "task":
            section["form"] = form.value
    shown = {section.get("step_id") for section in assembled.sections}
    read = [
        {"step_id": str(quote.step_id), "status": "failed" if quote.error else "completed"}
        for quote in speech.earlier
        if quote.origin == "earlier" and str(quote.step_id) in shown
    ]
    return ask_of(provider, model, speech, assembled, read, meter, frozen.terms)


def ask_of(
    provider: Provider,
    model: Model,
    speech: Speech,
    assembled: Assembled,
    read: list[dict[str, str]],
    meter: Meter,
    terms: Terms,
) -> Ask:
    """Return the ask of what was assembled, its body encoded and hashed."""
    body = encode(provider, model.id, speech, assembled.messages)
    sha256 = hashlib.sha256(body).digest()
    return Ask(speech, provider, model, assembled, body, sha256, read, speech.purpose, meter, terms)


def repair_ask(ask: Ask, reply: str, error: str) -> Ask:
    """Return the ask that shows a model its invalid reply, and what is wrong with it."""
    what = "summary" if ask.speech.purpose == "summary" else "decision"
    told = prompts.REPAIR.format(what=what, error=error)
    shown = reply[:LONGEST_SHOWN]
    budget = ask.assembled.budget
    left = budget["window"] - budget["reply_reserve"] - budget["used"] - ask.meter.text(told)
    while shown and ask.meter.text(shown) > left:
        shown = shown[: len(shown) // 2]
    messages = ask.assembled.messages + mended(shown, told)
    size = ask.meter.text(shown) + ask.meter.text(told)
    section = {"origin": "repair", "tokens": size, "reply": shown, "told": told}
    budget = {**budget, "used": ask.assembled.input_tokens + size}
    assembled = replace(
        ask.assembled,
        messages=messages,
        sections=[*ask.assembled.sections, section],
        budget=budget,
    )
    body = encode(ask.provider, ask.model.id, ask.speech, messages)
    return replace(
        ask,
        assembled=assembled,
        body=body,
        sha256=hashlib.sha256(body).digest(),
        purpose="repair",
    )


def mended(reply: str, told: str) -> tuple[ChatMessage, ...]:
    """Return the messages that show a model its invalid reply."""
    return (ChatMessage(Role.assistant, reply or "…"), ChatMessage(Role.user, told))


async def record_ask(
    conn: Connection, turn: TurnRow, step: StepRow, ask: Ask
) -> tuple[Attempt, StepRow]:
    """Record an attempt that leaves after the commit: the step runs, attempt and audit stand.

    The caller has passed the fence, or makes the turn. The number of the attempt is the step's.
    Raises NotCovered where the turn's hold has not as much left as the attempt may charge.
    """
    started = await steps.start(conn, step, ask.read, ask.actions)
    return await record_attempt(conn, turn, started, ask), started


async def record_attempt(conn: Connection, turn: TurnRow, step: StepRow, ask: Ask) -> Attempt:
    """Record the attempt and the audit of a step that has been started for it.

    Raises NotCovered.
    """
    billed = ask.terms.billed
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
        hold_id=turn.id if billed else None,
        earmark_microcredits=ask.earmark_microcredits if billed else 0,
    )
    await attempts.open_attempt(conn, attempt, reserve=reserve_of(step, ask))
    await audits.record(
        conn, turn.workspace_id, attempt.id, step.id, ask.model.id, ask.assembled, ask.sha256
    )
    return attempt


def reserve_of(step: StepRow, ask: Ask) -> int:
    """Return what a step leaves to the synthesis that ends its turn, in micro-credits."""
    return 0 if step.kind == "synthesis" else ask.terms.reserve_microcredits


def history_bounds(providers: Providers, frozen: Frozen) -> dict[str, Any]:
    """Return how much history a turn's agents can use at most, for `load_history`."""
    policies = [seat.context for seat in frozen.everybody]
    most_turns = None
    if all(policy.get("policy") == "last" for policy in policies):
        most_turns = max(int(policy.get("last_turns") or 0) for policy in policies)
    windows = [_window(providers, seat) for seat in frozen.everybody]
    return {"most_turns": most_turns, "most_tokens": max(windows)}


def meter_of(providers: Providers, model_id: str) -> Meter:
    """Return how a model counts, corrected by what its provider has reported."""
    counted = tokens.meter(model_id)
    return replace(counted, ratio=providers.ratios.of(counted_as(model_id, counted.family)))


def learn(providers: Providers, ask: Ask, reported: int) -> None:
    """Let the counts of a model be corrected by what its provider reported for a request."""
    meter = ask.meter
    counted = round(ask.assembled.input_tokens / meter.ratio)
    providers.ratios.learn(counted_as(ask.model.id, meter.family), counted, reported)


def learn_refusal(providers: Providers, ask: Ask) -> None:
    """Take it that a model counts more than its window where it refused a request as too long.

    By how much nobody says: a good third less will be sent.
    """
    learn(providers, ask, int(ask.assembled.budget["window"] * REFUSED_AT))


def counted_as(model_id: str, family: str | None) -> str:
    """Return under which name the ratio of a model is kept: its own for each way of counting."""
    return model_id if family is None else f"{model_id} {family}"


def speaker_for(
    frozen: Frozen, speech: Speech, window: int, reply_reserve: int, meter: Meter
) -> Speaker:
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
        meter=meter,
    )


def encode(
    provider: Provider, model_id: str, speech: Speech, messages: tuple[ChatMessage, ...]
) -> bytes:
    """Return the body of a request: what is hashed, recorded and sent, and built again later."""
    parameters = speech.seat.parameters
    return provider.encode(
        ModelRequest(
            model_id.partition("/")[2],
            messages,
            parameters.get("max_output_tokens"),
            parameters.get("temperature"),
            parameters.get("reasoning_effort"),
            speech.structure,
        )
    )


def reply_reserve(seat: Seat, model: Model) -> int:
    """Return how much of a model's window is kept for the reply, in tokens."""
    reserve = int(seat.parameters.get("max_output_tokens") or DEFAULT_REPLY_TOKENS)
    return min(reserve, model.context_window // 2)


def _unsummarised(rows: Mapping[str, StepRow], scope: str | None) -> str:
    """Return why a summary that an agent needed is not there, `""` where that is not so."""
    step = rows.get(f"summary:{scope}")
    if step is None or step.status != StepStatus.failed:
        return ""
    return str((step.error or {}).get("title", "it failed")).lower()


def _window(providers: Providers, seat: Seat) -> int:
    """Return what fits a seat's window, in tokens of the estimate that history is read by."""
    try:
        model: Model = providers.resolve(seat.model, accepted=True)[1]
    except Problem:
        return 0
    meter = meter_of(providers, model.id)
    return round(model.context_window / min(meter.ratio, SPARSEST[meter.family]))
