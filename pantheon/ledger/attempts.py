"""Attempts and their call events: one row before a request leaves, one that closes it."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from psycopg.rows import class_row

from pantheon.db.pool import Connection
from pantheon.providers.types import TokenUsage


class Outcome(StrEnum):
    """How an attempt ended."""

    completed = "completed"
    failed = "failed"
    cancelled = "cancelled"
    lost = "lost"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request about to leave for a provider. `number` counts within its step, from 1.

    Outside of a turn (a test call) there is no session, turn, step or lease; then the attempt
    counts as lost when it is still open after `expires_seconds`.
    """

    workspace_id: UUID
    id: UUID
    user_id: UUID
    room_id: UUID | None
    session_id: UUID | None
    turn_id: UUID | None
    step_id: UUID | None
    lease_epoch: int | None
    number: int
    purpose: str
    agent_key: str | None
    provider: str
    model: str
    request_sha256: bytes
    expires_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Closing:
    """What is known when an attempt is over. Times in milliseconds, cost in US dollars."""

    outcome: Outcome
    error_code: str | None
    sent: bool
    usage: TokenUsage
    estimated: bool
    cost_usd: Decimal | None
    pricing_version: str | None
    charged_microcredits: int
    provider_request_id: str | None
    time_to_first_token_ms: int | None
    latency_ms: int | None


LOST = Closing(
    Outcome.lost, "process_lost", True, TokenUsage(), False, None, None, 0, None, None, None
)
"""What closes an attempt whose process is gone: it charges nothing."""


async def open_attempt(conn: Connection, attempt: Attempt) -> None:
    """Record an attempt; its transaction commits before the request leaves."""
    await conn.execute(
        """
        INSERT INTO llm_call_attempts (workspace_id, id, user_id, room_id, session_id, turn_id,
            step_id, lease_epoch, number, purpose, agent_key, provider, model, request_sha256,
            expires_at)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s,
            clock_timestamp() + %s::float8 * interval '1 second')
        """,
        (
            attempt.workspace_id, attempt.id, attempt.user_id, attempt.room_id,
            attempt.session_id, attempt.turn_id, attempt.step_id, attempt.lease_epoch,
            attempt.number, attempt.purpose, attempt.agent_key, attempt.provider, attempt.model,
            attempt.request_sha256, attempt.expires_seconds,
        ),
    )  # fmt: skip


async def load_open(conn: Connection, workspace_id: UUID, step_id: UUID) -> Attempt:
    """Return the open attempt of a step that is known to have one."""
    async with conn.cursor(row_factory=class_row(Attempt)) as cursor:
        await cursor.execute(
            """
            SELECT workspace_id, id, user_id, room_id, session_id, turn_id, step_id, lease_epoch,
                   number, purpose, agent_key, provider, model, request_sha256
            FROM llm_call_attempts
            WHERE workspace_id = %(workspace)s AND step_id = %(step)s AND closed_at IS NULL
            """,
            {"workspace": workspace_id, "step": step_id},
        )
        attempt = await cursor.fetchone()
    assert attempt is not None
    return attempt


async def close(conn: Connection, workspace_id: UUID, attempt_id: UUID, closing: Closing) -> bool:
    """Close an open attempt by its call event. Returns false if it was closed before."""
    usage = closing.usage
    cursor = await conn.execute(
        """
        WITH closed AS (
            UPDATE llm_call_attempts SET closed_at = clock_timestamp()
            WHERE workspace_id = %(workspace)s AND id = %(id)s AND closed_at IS NULL
            RETURNING *
        )
        INSERT INTO llm_call_events (workspace_id, attempt_id, user_id, room_id, session_id,
            turn_id, step_id, number, purpose, agent_key, provider, model, request_sha256,
            outcome, error_code, sent, input_tokens, cached_input_tokens, output_tokens,
            reasoning_tokens, estimated, cost_usd, pricing_version, charged_microcredits,
            provider_request_id, time_to_first_token_ms, latency_ms)
        SELECT workspace_id, id, user_id, room_id, session_id,
            turn_id, step_id, number, purpose, agent_key, provider, model, request_sha256,
            %(outcome)s, %(error_code)s, %(sent)s, %(input)s, %(cached)s, %(output)s,
            %(reasoning)s, %(estimated)s, %(cost)s, %(pricing)s, %(charged)s,
            %(request)s, %(first)s, %(latency)s
        FROM closed
        """,
        {
            "workspace": workspace_id,
            "id": attempt_id,
            "outcome": closing.outcome.value,
            "error_code": closing.error_code,
            "sent": closing.sent,
            "input": usage.input_tokens,
            "cached": usage.cached_input_tokens,
            "output": usage.output_tokens,
            "reasoning": usage.reasoning_tokens,
            "estimated": closing.estimated,
            "cost": closing.cost_usd,
            "pricing": closing.pricing_version,
            "charged": closing.charged_microcredits,
            "request": closing.provider_request_id,
            "first": closing.time_to_first_token_ms,
            "latency": closing.latency_ms,
        },
    )
    return cursor.rowcount == 1


async def close_lost(
    conn: Connection, workspace_id: UUID, turn_id: UUID, *, step_id: UUID | None = None
) -> list[UUID]:
    """Settle a turn's open attempts (or one step's) as `lost`, which charges nothing.

    Returns their steps.

    The caller holds the turn by its fence: whoever opened them is gone or will be refused.
    """
    cursor = await conn.execute(
        """
        WITH closed AS (
            UPDATE llm_call_attempts SET closed_at = clock_timestamp()
            WHERE workspace_id = %(workspace)s AND turn_id = %(turn)s AND closed_at IS NULL
              AND (%(step)s::uuid IS NULL OR step_id = %(step)s)
            RETURNING *
        ), events AS (
            INSERT INTO llm_call_events (workspace_id, attempt_id, user_id, room_id, session_id,
                turn_id, step_id, number, purpose, agent_key, provider, model, request_sha256,
                outcome, error_code, sent)
            SELECT workspace_id, id, user_id, room_id, session_id,
                turn_id, step_id, number, purpose, agent_key, provider, model, request_sha256,
                'lost', 'worker_lost', true
            FROM closed
        )
        SELECT step_id FROM closed
        """,
        {"workspace": workspace_id, "turn": turn_id, "step": step_id},
    )
    return [row[0] for row in await cursor.fetchall()]
