"""The rows of steps: started by each attempt, ended once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from pantheon.base import ids
from pantheon.db.pool import Connection
from pantheon.providers.types import TokenUsage
from pantheon.turns.types import StepPlan, StepRow, StepStatus


@dataclass(frozen=True, slots=True)
class Spent:
    """What a closed call adds to its step."""

    usage: TokenUsage
    estimated: bool
    cost_usd: Decimal | None
    charged_microcredits: int
    time_to_first_token_ms: int | None
    latency_ms: int


async def load(conn: Connection, workspace_id: UUID, step_id: UUID) -> StepRow:
    """Return a step that is known to be there, without text."""
    async with conn.cursor(row_factory=class_row(StepRow)) as cursor:
        await cursor.execute(
            "SELECT * FROM steps WHERE workspace_id = %(workspace)s AND id = %(id)s",
            {"workspace": workspace_id, "id": step_id},
        )
        row = await cursor.fetchone()
    assert row is not None
    return row


async def create(
    conn: Connection, workspace_id: UUID, turn_id: UUID, plans: Sequence[StepPlan]
) -> list[StepRow]:
    """Add the steps that a mode wants next, where they are not there yet; return their rows."""
    if not plans:
        return []
    async with conn.cursor(row_factory=class_row(StepRow)) as cursor:
        await cursor.execute(
            """
            INSERT INTO steps
                (workspace_id, id, turn_id, step_key, kind, round, position, agent_key)
            SELECT %(workspace)s, p.id, %(turn)s, p.key, p.kind, p.round, p.position, p.agent_key
            FROM unnest(%(ids)s::uuid[], %(keys)s::text[], %(kinds)s::text[], %(rounds)s::int[],
                %(positions)s::int[], %(agents)s::text[])
                AS p (id, key, kind, round, position, agent_key)
            ON CONFLICT (workspace_id, turn_id, step_key) DO NOTHING
            RETURNING *
            """,
            {
                "workspace": workspace_id,
                "turn": turn_id,
                "ids": [ids.new() for _ in plans],
                "keys": [plan.key for plan in plans],
                "kinds": [plan.kind for plan in plans],
                "rounds": [plan.round for plan in plans],
                "positions": [plan.position for plan in plans],
                "agents": [plan.agent_key for plan in plans],
            },
        )
        rows = await cursor.fetchall()
        if len(rows) < len(plans):
            await cursor.execute(
                """
                SELECT * FROM steps
                WHERE workspace_id = %(workspace)s AND turn_id = %(turn)s
                  AND step_key = ANY (%(keys)s)
                """,
                {"workspace": workspace_id, "turn": turn_id, "keys": [p.key for p in plans]},
            )
            rows = await cursor.fetchall()
    return sorted(rows, key=lambda row: (row.round, row.position, row.id))


async def create_started(
    conn: Connection,
    workspace_id: UUID,
    turn_id: UUID,
    plan: StepPlan,
    read: Sequence[dict[str, Any]],
    actions: Sequence[str],
) -> StepRow:
    """Add a step whose first attempt leaves with the same commit; returns its row."""
    async with conn.cursor(row_factory=class_row(StepRow)) as cursor:
        await cursor.execute(
            """
            INSERT INTO steps (workspace_id, id, turn_id, step_key, kind, round, position,
                agent_key, status, attempts, read, context_actions, started_at)
            VALUES (%(workspace)s, %(id)s, %(turn)s, %(key)s, %(kind)s, %(round)s, %(position)s,
                %(agent)s, 'running', 1, %(read)s, %(actions)s, clock_timestamp())
            RETURNING *
            """,
            {
                "workspace": workspace_id,
                "id": ids.new(),
                "turn": turn_id,
                "key": plan.key,
                "kind": plan.kind,
                "round": plan.round,
                "position": plan.position,
                "agent": plan.agent_key,
                "read": Jsonb(list(read)),
                "actions": list(actions),
            },
        )
        row = await cursor.fetchone()
    assert row is not None
    return row


async def start(
    conn: Connection,
    step: StepRow,
    read: Sequence[dict[str, Any]],
    actions: Sequence[str],
) -> StepRow:
    """Count an attempt that is about to leave; the step runs. Returns the row, without text."""
    async with conn.cursor(row_factory=class_row(StepRow)) as cursor:
        await cursor.execute(
            """
            UPDATE steps SET status = 'running', attempts = attempts + 1, read = %(read)s,
                context_actions = %(actions)s, started_at = coalesce(started_at, clock_timestamp())
            WHERE workspace_id = %(workspace)s AND id = %(id)s
              AND status IN ('pending', 'running')
            RETURNING *
            """,
            {
                "read": Jsonb(list(read)),
                "actions": list(actions),
                "workspace": step.workspace_id,
                "id": step.id,
            },
        )
        row = await cursor.fetchone()
    assert row is not None, "only the holder of the lease ends steps"
    return row


async def spend(conn: Connection, step: StepRow, spent: Spent) -> None:
    """Add a failed attempt's use to a step that goes on."""
    await conn.execute(
        """
        UPDATE steps SET calls = calls + 1, unpriced_calls = unpriced_calls + %(unpriced)s,
            input_tokens = input_tokens + %(input)s,
            cached_input_tokens = cached_input_tokens + %(cached)s,
            output_tokens = output_tokens + %(output)s,
            reasoning_tokens = reasoning_tokens + %(reasoning)s,
            cost_usd = cost_usd + %(cost)s,
            charged_microcredits = charged_microcredits + %(charged)s,
            estimated = estimated OR %(estimated)s
        WHERE workspace_id = %(workspace)s AND id = %(id)s
        """,
        {"workspace": step.workspace_id, "id": step.id, **_added(spent)},
    )


async def finish(
    conn: Connection,
    step: StepRow,
    status: StepStatus,
    *,
    message_id: UUID | None,
    error: dict[str, Any] | None,
    spent: Spent | None,
    decision: Mapping[str, Any] | None = None,
) -> StepRow | None:
    """Give a step its result; returns the row without text, `None` if it had one already."""
    async with conn.cursor(row_factory=class_row(StepRow)) as cursor:
        await cursor.execute(
            """
            UPDATE steps SET status = %(status)s, message_id = %(message)s, error = %(error)s,
                decision = %(decision)s,
                calls = calls + %(calls)s, unpriced_calls = unpriced_calls + %(unpriced)s,
                input_tokens = input_tokens + %(input)s,
                cached_input_tokens = cached_input_tokens + %(cached)s,
                output_tokens = output_tokens + %(output)s,
                reasoning_tokens = reasoning_tokens + %(reasoning)s,
                cost_usd = cost_usd + %(cost)s,
                charged_microcredits = charged_microcredits + %(charged)s,
                estimated = estimated OR %(estimated)s,
                time_to_first_token_ms = coalesce(%(first)s, time_to_first_token_ms),
                latency_ms = coalesce(%(latency)s, latency_ms),
                finished_at = clock_timestamp()
            WHERE workspace_id = %(workspace)s AND id = %(id)s
              AND status IN ('pending', 'running')
            RETURNING *
            """,
            {
                "status": status.value,
                "message": message_id,
                "error": None if error is None else Jsonb(error),
                "decision": None if decision is None else Jsonb(dict(decision)),
                "calls": 0 if spent is None else 1,
                "first": spent and spent.time_to_first_token_ms,
                "latency": spent and spent.latency_ms,
                "workspace": step.workspace_id,
                "id": step.id,
                **_added(spent),
            },
        )
        return await cursor.fetchone()


async def ask(conn: Connection, step: StepRow, proposal: Mapping[str, Any]) -> StepRow | None:
    """Let a step wait for the user's word on `proposal`; `None` if it does so already."""
    async with conn.cursor(row_factory=class_row(StepRow)) as cursor:
        await cursor.execute(
            """
            UPDATE steps SET status = 'running', decision = %(proposal)s,
                started_at = clock_timestamp()
            WHERE workspace_id = %(workspace)s AND id = %(id)s AND status = 'pending'
            RETURNING *
            """,
            {
                "proposal": Jsonb({"proposal": dict(proposal)}),
                "workspace": step.workspace_id,
                "id": step.id,
            },
        )
        return await cursor.fetchone()


async def answer(conn: Connection, step: StepRow, decision: Mapping[str, Any]) -> StepRow | None:
    """Store the user's word; `None` if the step has one already."""
    async with conn.cursor(row_factory=class_row(StepRow)) as cursor:
        await cursor.execute(
            """
            UPDATE steps SET status = 'completed', decision = %(decision)s,
                finished_at = clock_timestamp()
            WHERE workspace_id = %(workspace)s AND id = %(id)s AND status = 'running'
            RETURNING *
            """,
            {
                "decision": Jsonb(dict(decision)),
                "workspace": step.workspace_id,
                "id": step.id,
            },
        )
        return await cursor.fetchone()


async def lose(conn: Connection, workspace_id: UUID, step_ids: Sequence[UUID]) -> None:
    """Count attempts that were lost with their worker; their steps wait to be run again."""
    await conn.execute(
        """
        UPDATE steps SET status = 'pending', calls = calls + 1, lost_attempts = lost_attempts + 1
        WHERE workspace_id = %(workspace)s AND id = ANY (%(ids)s)
          AND status IN ('pending', 'running')
        """,
        {"workspace": workspace_id, "ids": list(step_ids)},
    )


async def pause(conn: Connection, step: StepRow) -> None:
    """Put a step that waited for its next attempt back to `pending`."""
    await conn.execute(
        """
        UPDATE steps SET status = 'pending'
        WHERE workspace_id = %(workspace)s AND id = %(id)s AND status = 'running'
        """,
        {"workspace": step.workspace_id, "id": step.id},
    )


async def end_open(
    conn: Connection, workspace_id: UUID, turn_id: UUID, status: StepStatus
) -> list[StepRow]:
    """End the steps that have no result (`cancelled` or `skipped`); return them, without text."""
    async with conn.cursor(row_factory=class_row(StepRow)) as cursor:
        await cursor.execute(
            """
            UPDATE steps SET status = %(status)s, finished_at = clock_timestamp()
            WHERE workspace_id = %(workspace)s AND turn_id = %(turn)s
              AND status IN ('pending', 'running')
            RETURNING *
            """,
            {"status": status.value, "workspace": workspace_id, "turn": turn_id},
        )
        rows = await cursor.fetchall()
    return sorted(rows, key=lambda row: (row.round, row.position))


def _added(spent: Spent | None) -> dict[str, Any]:
    usage = spent.usage if spent else TokenUsage()
    return {
        "unpriced": 1 if spent is not None and spent.cost_usd is None else 0,
        "input": usage.input_tokens,
        "cached": usage.cached_input_tokens,
        "output": usage.output_tokens,
        "reasoning": usage.reasoning_tokens,
        "cost": (spent and spent.cost_usd) or Decimal(0),
        "charged": spent.charged_microcredits if spent else 0,
        "estimated": spent is not None and spent.estimated,
    }
