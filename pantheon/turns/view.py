"""The turn as everybody sees it: timeline, `GET /turns/{id}` and `turn.completed` all use this."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from pantheon.accounts.roles import Who
from pantheon.base.clock import rfc3339
from pantheon.base.errors import NOT_FOUND
from pantheon.base.money import credits_text, usd_text
from pantheon.db.pool import Connection
from pantheon.events import event_log
from pantheon.sessions import sessions
from pantheon.turns.types import Frozen, StepRow, StepStatus, TurnRow, TurnStatus


def step_shape(step: StepRow, frozen: Frozen, siblings: Sequence[UUID] = ()) -> dict[str, Any]:
    """Return the `Step` of the HTTP contract, JSON-ready."""
    seat = next((seat for seat in frozen.everybody if seat.key == step.agent_key), None)
    message = None
    if step.content is not None or step.message_id is not None:
        message_id = str(step.message_id) if step.message_id else None
        message = {"id": message_id, "content": step.content or ""}
    shape: dict[str, Any] = {
        "id": str(step.id),
        "key": step.step_key,
        "kind": step.kind,
        "round": step.round,
        "position": step.position,
        "agent": seat
        and {"key": seat.key, "name": seat.name, "color": seat.color, "model": seat.model},
        "status": step.status,
        "message": message,
        "decision": step.decision,
        "error": step.error,
        "read": step.read,
        "source_step_id": str(step.source_step_id) if step.source_step_id else None,
        "stale": step.stale,
        "siblings": [str(sibling) for sibling in siblings],
        "charged": step.charged_microcredits > 0,
        "attempts": step.attempts,
        "usage": usage_shape([step]),
        "time_to_first_token_ms": step.time_to_first_token_ms,
        "latency_ms": step.latency_ms,
        "started_at": rfc3339(step.started_at),
        "finished_at": rfc3339(step.finished_at),
    }
    return shape


def approval_shape(turn: TurnRow, steps: Iterable[StepRow]) -> dict[str, Any] | None:
    """Return what a waiting turn asks its user, `None` where it does not wait."""
    if turn.status != TurnStatus.awaiting_input:
        return None
    step = next(s for s in steps if s.kind == "approval" and s.status == StepStatus.running)
    proposal = (step.decision or {})["proposal"]
    return {
        "id": str(step.id),
        "kind": proposal["kind"],
        "proposal": proposal,
        "expires_at": rfc3339(turn.awaiting_until),
    }


def usage_shape(steps: Iterable[StepRow]) -> dict[str, Any]:
    """Return the `Usage` of some steps. The cost is `None` where no call at all has a price."""
    steps = list(steps)
    calls = sum(step.calls for step in steps)
    unpriced = sum(step.unpriced_calls for step in steps)
    cost = None
    if calls == 0 or unpriced < calls:
        cost = sum((step.cost_usd for step in steps), Decimal(0))
    return {
        "input_tokens": sum(step.input_tokens for step in steps),
        "cached_input_tokens": sum(step.cached_input_tokens for step in steps),
        "output_tokens": sum(step.output_tokens for step in steps),
        "reasoning_tokens": sum(step.reasoning_tokens for step in steps),
        "calls": calls,
        "unpriced_calls": unpriced,
        "cost_usd": usd_text(cost),
        "credits": credits_text(sum(step.charged_microcredits for step in steps)),
        "estimated": any(step.estimated for step in steps),
    }


def turn_shape(
    turn: TurnRow,
    text: str,
    steps: Sequence[StepRow],
    siblings: Mapping[str, Sequence[UUID]] | None = None,
) -> dict[str, Any]:
    """Return the `Turn` of the HTTP contract, JSON-ready. `text` is the user's message."""
    frozen = Frozen.load(turn.frozen)
    ordered = sorted(steps, key=lambda step: (step.round, step.position, step.id))
    known = siblings or {}
    return {
        "id": str(turn.id),
        "session_id": str(turn.session_id),
        "index": turn.index,
        "parent_id": str(turn.parent_id) if turn.parent_id else None,
        "retry_of": str(turn.retry_of) if turn.retry_of else None,
        "mode": turn.mode,
        "status": turn.status,
        "stop_reason": turn.stop_reason,
        "input": text,
        "input_message_id": str(turn.input_message_id),
        "roster": [
            {
                "agent_id": seat.agent_id,
                "key": seat.key,
                "name": seat.name,
                "color": seat.color,
                "model": seat.model,
                "position": seat.position,
            }
            for seat in frozen.seats
        ],
        "steps": [
            step_shape(step, frozen, [s for s in known.get(step.step_key, ()) if s != step.id])
            for step in ordered
        ],
        "usage": usage_shape(ordered),
        "context": {
            **{
                action: any(action in step.context_actions for step in ordered)
                for action in ("summarised", "pruned")
            },
            "overflow": any(
                (step.error or {}).get("code") == "context_budget_exceeded" for step in ordered
            ),
        },
        "limits": frozen.limits,
        "warnings": turn.warnings,
        "approval": approval_shape(turn, ordered),
        "error": turn.error,
        "created_at": rfc3339(turn.created_at),
        "started_at": rfc3339(turn.started_at),
        "finished_at": rfc3339(turn.finished_at),
        "version": turn.last_seq,
    }


async def view_turn(conn: Connection, who: Who, turn_id: UUID) -> dict[str, Any]:
    """Return one turn. Raises `not_found` if there is none that `who` may see."""
    async with conn.cursor(row_factory=class_row(TurnRow)) as cursor:
        await cursor.execute(
            "SELECT * FROM turns WHERE workspace_id = %(workspace)s AND id = %(id)s",
            {"workspace": who.workspace_id, "id": turn_id},
        )
        row = await cursor.fetchone()
    if row is None:
        raise NOT_FOUND(f"There is no turn {turn_id}.")
    await sessions.see(conn, who, row.session_id)
    return (await view_rows(conn, [row]))[0][0]


async def load_steps(
    conn: Connection, workspace_id: UUID, turn_ids: Sequence[UUID]
) -> list[StepRow]:
    """Return the steps of some turns with their texts; a running step's as the log has it."""
    async with conn.cursor(row_factory=class_row(StepRow)) as cursor:
        await cursor.execute(
            """
            SELECT s.*, m.content FROM steps s
            LEFT JOIN messages m ON m.workspace_id = s.workspace_id AND m.id = s.message_id
            WHERE s.workspace_id = %(workspace)s AND s.turn_id = ANY (%(turns)s)
            ORDER BY s.round, s.position, s.id
            """,
            {"workspace": workspace_id, "turns": list(turn_ids)},
        )
        rows = await cursor.fetchall()
    conn.carried(sum(len(row.content or "") for row in rows))
    if any(row.status == StepStatus.running for row in rows):
        texts = await event_log.texts(conn, workspace_id, turn_ids)
        rows = [
            replace(row, content=texts.get((row.id, row.attempts), ""))
            if row.status == StepStatus.running
            else row
            for row in rows
        ]
    return rows


async def load_siblings(
    conn: Connection, workspace_id: UUID, session_id: UUID, parents: Sequence[UUID | None]
) -> dict[tuple[UUID | None, str], list[UUID]]:
    """Return, per parent turn and step key, the steps that turns with that parent have run."""
    cursor = await conn.execute(
        """
        SELECT t.parent_id, s.step_key, array_agg(s.id ORDER BY t.index)
        FROM turns t
        JOIN steps s ON s.workspace_id = t.workspace_id AND s.turn_id = t.id
        WHERE t.workspace_id = %(workspace)s AND t.session_id = %(session)s
          AND (t.parent_id = ANY (%(parents)s::uuid[]) OR (%(first)s AND t.parent_id IS NULL))
          AND s.source_step_id IS NULL
        GROUP BY t.parent_id, s.step_key
        HAVING count(*) > 1
        """,
        {
            "workspace": workspace_id,
            "session": session_id,
            "parents": [parent for parent in parents if parent],
            "first": None in parents,
        },
    )
    return {(parent, key): ids for parent, key, ids in await cursor.fetchall()}


async def view_rows(
    conn: Connection, rows: Sequence[TurnRow]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the `Turn`s of some rows, and which of the messages that they show are pinned.

    A pin is no part of a turn: it comes and goes after the turn's last event.
    """
    if not rows:
        return [], []
    workspace_id = rows[0].workspace_id
    steps = await load_steps(conn, workspace_id, [row.id for row in rows])
    siblings = await load_siblings(
        conn, workspace_id, rows[0].session_id, [row.parent_id for row in rows]
    )
    cursor = await conn.execute(
        """
        SELECT id, CASE WHEN id = ANY (%(asked)s) THEN content END, pinned_at IS NOT NULL
        FROM messages
        WHERE workspace_id = %(workspace)s AND id = ANY (%(asked)s || %(answers)s::uuid[])
        ORDER BY id
        """,
        {
            "workspace": workspace_id,
            "asked": [row.input_message_id for row in rows],
            "answers": [step.message_id for step in steps if step.message_id],
        },
    )
    said = await cursor.fetchall()
    texts: dict[UUID, str] = {message_id: text for message_id, text, _ in said}
    shapes = [
        turn_shape(
            row,
            texts[row.input_message_id],
            [step for step in steps if step.turn_id == row.id],
            {key: ids for (parent, key), ids in siblings.items() if parent == row.parent_id},
        )
        for row in rows
    ]
    return shapes, [str(message_id) for message_id, _, pinned in said if pinned]
