"""What an agent was sent, read back from the audit: the same texts, built by the same functions."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from pantheon.accounts.roles import Who
from pantheon.base.errors import NOT_FOUND, Problem, ProblemType
from pantheon.context import audits, summaries
from pantheon.context.audits import Audit
from pantheon.context.quotes import Parts, PastTurn, Quote, Speaker
from pantheon.context.tokens import Meter
from pantheon.context.transcripts import compose, section_texts
from pantheon.db.pool import Connection
from pantheon.providers.own_keys import providers_of
from pantheon.providers.registry import Providers
from pantheon.providers.structured import Form
from pantheon.providers.types import ChatMessage
from pantheon.sessions import messages, sessions
from pantheon.turns.ask import encode, mended, speaker_for
from pantheon.turns.history import load_history
from pantheon.turns.speech import Speech, speech_for
from pantheon.turns.summarise import (
    as_seen,
    messages_of_summary,
    speech_of_summary,
    summariser,
    texts_of_summary,
)
from pantheon.turns.types import Frozen, StepRow, TurnRow
from pantheon.turns.view import load_steps

NOT_EXACT = ProblemType("request_changed", 409, "This request cannot be shown byte for byte")

FROM = ("from_turn", "to_turn", "turns", "summary_id", "message_ids")


@dataclass(frozen=True, slots=True)
class Sent:
    """A request that was built again: its sections' texts, and its messages."""

    speech: Speech
    texts: list[str]
    messages: tuple[ChatMessage, ...]


async def view_sent(
    conn: Connection, providers: Providers, who: Who, step_id: UUID, attempt: int | None = None
) -> dict[str, Any]:
    """Return what an attempt of a step sent, its newest by default: sections with their texts.

    With the budget and what was summarised or left out. `exact` says whether the texts give, byte
    for byte, the request that left. A step that was taken over shows what the step that holds its
    message sent. Raises `not_found`, also before the first attempt.
    """
    turn, step, audit = await _find(conn, who, step_id, attempt)
    sent = await _rebuild(conn, turn, step, audit)
    cursor = await conn.execute(
        """
        SELECT cached_input_tokens, input_tokens, estimated FROM llm_call_events
        WHERE workspace_id = %(workspace)s AND attempt_id = %(attempt)s
        """,
        {"workspace": who.workspace_id, "attempt": audit.attempt_id},
    )
    event = await cursor.fetchone()
    reported = event[1] if event and not event[2] else None
    return {
        "attempt_id": str(audit.attempt_id),
        "attempt": audit.number,
        "model": audit.model,
        "sections": [
            {
                "origin": section["origin"],
                "tokens": section["tokens"],
                "text": text,
                "from": _from(section),
            }
            for section, text in zip(audit.sections, sent.texts, strict=True)
        ],
        "budget": {**audit.budget, "reported": reported},
        "actions": audit.actions,
        "request_sha256": audit.request_sha256.hex(),
        "exact": await _body(conn, providers, audit, sent) is not None,
        "cached_tokens": event[0] if event else 0,
    }


async def sent_body(
    conn: Connection, providers: Providers, who: Who, step_id: UUID, attempt: int | None = None
) -> bytes:
    """Return the body of a request as it left, byte for byte; it never holds a secret.

    Raises `not_found`, and `request_changed` where it cannot be built any more: a message was taken
    back or purged, or the provider is not configured as it was.
    """
    turn, step, audit = await _find(conn, who, step_id, attempt)
    body = await _body(conn, providers, audit, await _rebuild(conn, turn, step, audit))
    if body is None:
        raise NOT_EXACT(
            "A message of it was taken back or purged, or the provider is set up in another way."
            f" What left had the SHA-256 {audit.request_sha256.hex()}."
        )
    return body


async def _body(conn: Connection, providers: Providers, audit: Audit, sent: Sent) -> bytes | None:
    """Return the body if it can be built as it was."""
    providers = await providers_of(conn, providers, audit.workspace_id)
    try:
        provider, _ = providers.resolve(audit.model, accepted=True)
    except Problem:
        return None
    body = encode(provider, audit.model, sent.speech, sent.messages)
    return body if hashlib.sha256(body).digest() == audit.request_sha256 else None


def _from(section: dict[str, Any]) -> dict[str, Any] | str | None:
    named = {name: section[name] for name in FROM if name in section}
    return section.get("from") or named or None


async def _find(
    conn: Connection, who: Who, step_id: UUID, attempt: int | None
) -> tuple[TurnRow, StepRow, Audit]:
    turn, step = await _load(conn, who, step_id)
    await sessions.see(conn, who, turn.session_id)
    if step.source_step_id is not None:
        turn, step = await _load(conn, who, step.source_step_id)
    audit = await audits.of_step(conn, who.workspace_id, step.id, attempt)
    if audit is None:
        which = "Nothing" if attempt is None else f"No attempt {attempt}"
        raise NOT_FOUND(f"{which} was sent for step {step_id}.")
    return turn, step, audit


async def _rebuild(conn: Connection, turn: TurnRow, step: StepRow, audit: Audit) -> Sent:
    frozen = Frozen.load(turn.frozen)
    if step.kind == "summary":
        return await _rebuild_summary(conn, turn, frozen, step, audit)
    rows = {r.step_key: r for r in await load_steps(conn, turn.workspace_id, [turn.id])}
    form = next((Form(s["form"]) for s in audit.sections if s["origin"] == "task"), Form.text)
    speech = speech_for(frozen, await _prompts(conn, turn), rows, rows[step.step_key], form)
    budget = audit.budget
    speaker = speaker_for(frozen, speech, budget["window"], budget["reply_reserve"], Meter())
    parts = await _parts(conn, turn, speaker, speech, audit)
    return _with_repair(audit, speech, section_texts(speaker, parts), compose(speaker, parts))


async def _rebuild_summary(
    conn: Connection, turn: TurnRow, frozen: Frozen, step: StepRow, audit: Audit
) -> Sent:
    by_origin = {section["origin"]: section for section in audit.sections}
    task, told = by_origin["task"], by_origin["history"]
    seat = summariser(frozen, step.agent_key or "")
    speech = speech_of_summary(seat, Form(task["form"]), task["most_tokens"], task["longest"])
    before = None
    if "summary" in by_origin:
        summary_id = UUID(by_origin["summary"]["summary_id"])
        before = await summaries.recap(conn, turn.workspace_id, summary_id)
    turns = await _end_of_history(conn, turn, told["turns"] + told["after"])
    seen = as_seen(told["scope"], turns[: told["turns"]])
    texts = texts_of_summary(speech, before, seen)
    return _with_repair(audit, speech, texts, messages_of_summary(speech, before, seen))


def _with_repair(
    audit: Audit, speech: Speech, texts: list[str], built: tuple[ChatMessage, ...]
) -> Sent:
    for section in audit.sections:
        if section["origin"] == "repair":
            texts.append(f"{section['reply']}\n\n{section['told']}")
            built += mended(section["reply"], section["told"])
    return Sent(speech, texts, built)


async def _end_of_history(conn: Connection, turn: TurnRow, turns: int) -> Sequence[PastTurn]:
    """Return so many turns before one, whatever their size."""
    return await load_history(
        conn, turn.workspace_id, turn.session_id, turn.parent_id, turn.index,
        most_turns=turns, most_tokens=2**62,
    )  # fmt: skip


async def _parts(
    conn: Connection, turn: TurnRow, speaker: Speaker, speech: Speech, audit: Audit
) -> Parts:
    recap = None
    pinned: Sequence[Quote] = ()
    history: Sequence[PastTurn] = ()
    shown = {section.get("step_id") for section in audit.sections}
    for section in audit.sections:
        if section["origin"] == "summary":
            recap = await summaries.recap(conn, turn.workspace_id, UUID(section["summary_id"]))
        elif section["origin"] == "pinned":
            pinned = await _quotes(conn, turn.workspace_id, section["message_ids"])
        elif section["origin"] == "history":
            # What is sent of the history is always its end.
            history = await _end_of_history(conn, turn, section["turns"])
    asked = await _quotes(conn, turn.workspace_id, [str(turn.input_message_id)])
    return Parts(
        recap,
        tuple(pinned),
        tuple(as_seen(speaker.scope, history)),
        asked[0],
        tuple(said for said in speech.earlier if str(said.step_id) in shown),
    )


async def _quotes(
    conn: Connection, workspace_id: UUID, message_ids: Sequence[str]
) -> tuple[Quote, ...]:
    """Return messages as quotes, in the order of their ids here."""
    found = await messages.texts(conn, workspace_id, [UUID(each) for each in message_ids])
    return tuple(Quote(found[each][0], found[each][1], 0) for each in map(UUID, message_ids))


async def _prompts(conn: Connection, turn: TurnRow) -> dict[UUID, str]:
    seats = Frozen.load(turn.frozen).everybody
    cursor = await conn.execute(
        """
        SELECT id, text FROM agent_prompts
        WHERE workspace_id = %(workspace)s AND id = ANY (%(ids)s::uuid[])
        """,
        {"workspace": turn.workspace_id, "ids": [seat.prompt_id for seat in seats]},
    )
    return dict(await cursor.fetchall())


async def _load(conn: Connection, who: Who, step_id: UUID) -> tuple[TurnRow, StepRow]:
    async with conn.cursor(row_factory=class_row(StepRow)) as steps_cursor:
        await steps_cursor.execute(
            "SELECT * FROM steps WHERE workspace_id = %(workspace)s AND id = %(id)s",
            {"workspace": who.workspace_id, "id": step_id},
        )
        step = await steps_cursor.fetchone()
    if step is None:
        raise NOT_FOUND(f"There is no step {step_id}.")
    async with conn.cursor(row_factory=class_row(TurnRow)) as cursor:
        await cursor.execute(
            "SELECT * FROM turns WHERE workspace_id = %(workspace)s AND id = %(id)s",
            {"workspace": who.workspace_id, "id": step.turn_id},
        )
        turn = await cursor.fetchone()
    assert turn is not None
    return turn, step
