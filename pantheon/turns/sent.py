"""What an agent was sent, read back from the audit: the same texts, built by the same function."""

from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from pantheon.accounts.roles import Who
from pantheon.base.errors import NOT_FOUND
from pantheon.context import audits
from pantheon.context.assemble import PastTurn, Quote, section_texts
from pantheon.context.audits import Audit
from pantheon.db.pool import Connection
from pantheon.providers.structured import Form
from pantheon.sessions import sessions
from pantheon.turns.ask import speaker_for
from pantheon.turns.history import load_history
from pantheon.turns.speech import speech_for
from pantheon.turns.types import Frozen, StepRow, TurnRow
from pantheon.turns.view import load_steps


async def view_sent(conn: Connection, who: Who, step_id: UUID) -> dict[str, Any]:
    """Return what a step's newest attempt sent: sections with text, budget, what was left out.

    A step that was taken over shows what the step that holds its message sent. Raises `not_found`,
    also before the first attempt.
    """
    turn, step = await _load(conn, who, step_id)
    await sessions.see(conn, who, turn.session_id)
    if step.source_step_id is not None:
        turn, step = await _load(conn, who, step.source_step_id)
    audit = await audits.latest(conn, who.workspace_id, step.id)
    if audit is None:
        raise NOT_FOUND(f"Nothing was sent for step {step_id}.")
    texts = await _texts(conn, turn, step, audit)
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
        "model": audit.model,
        "sections": [
            {
                "origin": section["origin"],
                "tokens": section["tokens"],
                "text": text,
                "from": section.get("from"),
            }
            for section, text in zip(audit.sections, texts, strict=True)
        ],
        "budget": {**audit.budget, "reported": reported},
        "actions": audit.actions,
        "request_sha256": audit.request_sha256.hex(),
        "cached_tokens": event[0] if event else 0,
    }


async def _texts(conn: Connection, turn: TurnRow, step: StepRow, audit: Audit) -> list[str]:
    frozen = Frozen.load(turn.frozen)
    rows = {r.step_key: r for r in await load_steps(conn, turn.workspace_id, [turn.id])}
    form = next((Form(s["form"]) for s in audit.sections if s["origin"] == "task"), Form.text)
    speech = speech_for(frozen, await _prompts(conn, turn), rows, rows[step.step_key], form)
    budget = audit.budget
    speaker = speaker_for(frozen, speech, budget["window"], budget["reply_reserve"])
    history: list[PastTurn] = []
    turns = sum(s["turns"] for s in audit.sections if s["origin"] == "history")
    if turns:
        # What was sent of the history is always its end: as many turns, without a bound of size.
        history = await load_history(
            conn,
            turn.workspace_id,
            turn.session_id,
            turn.parent_id,
            turn.index,
            most_turns=turns,
            most_tokens=2**62,
        )
    cursor = await conn.execute(
        "SELECT content, tokens FROM messages WHERE workspace_id = %(workspace)s AND id = %(id)s",
        {"workspace": turn.workspace_id, "id": turn.input_message_id},
    )
    row = await cursor.fetchone()
    assert row is not None
    texts = section_texts(speaker, history, Quote(None, row[0], row[1]), speech.earlier)
    return texts + [s["text"] for s in audit.sections if s["origin"] == "repair"]


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
