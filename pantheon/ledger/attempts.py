"""Attempts and their call events: one row before a request leaves, one that closes it.

Where credits are counted, opening an attempt earmarks its worst case of the hold, and closing it
draws what it charges, in the same statements.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from pantheon.base import ids
from pantheon.db.pool import Connection
from pantheon.ledger.holds import NotCovered
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
    counts as lost when it is still open after `expires_seconds`. `hold_id` is the hold that pays
    for it, `None` where nobody is billed; `earmark_microcredits` the most that it may draw.
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
    hold_id: UUID | None = None
    earmark_microcredits: int = 0


@dataclass(frozen=True, slots=True)
class Closing:
    """What is known when an attempt is over. Times in milliseconds, cost in US dollars.

    `pricing` are the price lines that were used; `cost_microcredits` is the cost without margin,
    `excess_microcredits` what the earmark did not cover: that is the operator's.
    """

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
    pricing: dict[str, Any] | None = None
    cost_microcredits: int = 0
    excess_microcredits: int = 0


LOST = Closing(
    Outcome.lost, "process_lost", True, TokenUsage(), False, None, None, 0, None, None, None
)
"""What closes an attempt whose process is gone: it charges nothing."""


async def open_attempt(conn: Connection, attempt: Attempt, *, reserve: int = 0) -> None:
    """Record an attempt; its transaction commits before the request leaves.

    Raises NotCovered where its hold has not as much left as it earmarks, and `reserve` beside it.
    """
    if attempt.hold_id is not None:
        await _open_covered(conn, attempt, reserve)
        return
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


async def _open_covered(conn: Connection, attempt: Attempt, reserve: int) -> None:
    cursor = await conn.execute(
        """
        WITH hold AS (
            UPDATE holds SET earmarked_microcredits = earmarked_microcredits + %(need)s
            WHERE workspace_id = %(workspace)s AND id = %(hold)s AND released_at IS NULL
              AND (%(need)s = 0 OR drawn_microcredits + earmarked_microcredits + %(need)s
                   + %(reserve)s <= amount_microcredits)
            RETURNING id
        ), shares AS (
            UPDATE budget_holds b
            SET earmarked_microcredits = b.earmarked_microcredits + %(need)s
            FROM hold
            WHERE b.workspace_id = %(workspace)s AND b.hold_id = hold.id
              AND (b.agent_key IS NULL OR b.agent_key = %(agent)s)
              AND b.drawn_microcredits + b.earmarked_microcredits + %(need)s
                  <= b.amount_microcredits
            RETURNING b.budget_id
        )
        INSERT INTO llm_call_attempts (workspace_id, id, user_id, room_id, session_id, turn_id,
            step_id, lease_epoch, number, purpose, agent_key, provider, model, request_sha256,
            expires_at, hold_id, earmark_microcredits)
        SELECT %(workspace)s, %(id)s, %(user)s, %(room)s, %(session)s, %(turn)s, %(step)s,
            %(epoch)s, %(number)s, %(purpose)s, %(agent)s, %(provider)s, %(model)s, %(sha256)s,
            clock_timestamp() + %(expires)s::float8 * interval '1 second', hold.id, %(need)s
        FROM hold
        WHERE NOT EXISTS (
            SELECT FROM budget_holds b
            WHERE b.workspace_id = %(workspace)s AND b.hold_id = %(hold)s
              AND (b.agent_key IS NULL OR b.agent_key = %(agent)s)
              AND b.budget_id NOT IN (SELECT budget_id FROM shares)
        )
        """,
        {
            "workspace": attempt.workspace_id,
            "id": attempt.id,
            "user": attempt.user_id,
            "room": attempt.room_id,
            "session": attempt.session_id,
            "turn": attempt.turn_id,
            "step": attempt.step_id,
            "epoch": attempt.lease_epoch,
            "number": attempt.number,
            "purpose": attempt.purpose,
            "agent": attempt.agent_key,
            "provider": attempt.provider,
            "model": attempt.model,
            "sha256": attempt.request_sha256,
            "expires": attempt.expires_seconds,
            "hold": attempt.hold_id,
            "need": attempt.earmark_microcredits,
            "reserve": reserve,
        },
    )
    if cursor.rowcount != 1:
        raise NotCovered(f"{attempt.earmark_microcredits} of hold {attempt.hold_id}")


async def load_open(conn: Connection, workspace_id: UUID, step_id: UUID) -> Attempt:
    """Return the open attempt of a step that is known to have one."""
    async with conn.cursor(row_factory=class_row(Attempt)) as cursor:
        await cursor.execute(
            """
            SELECT workspace_id, id, user_id, room_id, session_id, turn_id, step_id, lease_epoch,
                   number, purpose, agent_key, provider, model, request_sha256, hold_id,
                   earmark_microcredits
            FROM llm_call_attempts
            WHERE workspace_id = %(workspace)s AND step_id = %(step)s AND closed_at IS NULL
            """,
            {"workspace": workspace_id, "step": step_id},
        )
        attempt = await cursor.fetchone()
    assert attempt is not None
    return attempt


async def close(
    conn: Connection, workspace_id: UUID, attempt_id: UUID, closing: Closing, *, billed: bool
) -> bool:
    """Close an open attempt by its call event. Returns false if it was closed before.

    `billed`: a hold may pay for it. Then what is charged is drawn on it, and what was earmarked
    beyond that is free again.
    """
    usage = closing.usage
    given = {
        "workspace": workspace_id,
        "id": attempt_id,
        "outcome": closing.outcome.value,
        "error_code": closing.error_code,
        "sent": closing.sent,
        "input": usage.input_tokens,
        "cached": usage.cached_input_tokens,
        "cache_write": usage.cache_write_tokens,
        "output": usage.output_tokens,
        "reasoning": usage.reasoning_tokens,
        "tool_calls": usage.tool_calls,
        "estimated": closing.estimated,
        "cost": closing.cost_usd,
        "version": closing.pricing_version,
        "pricing": None if closing.pricing is None else Jsonb(closing.pricing),
        "charged": closing.charged_microcredits,
        "excess": closing.excess_microcredits,
        "request": closing.provider_request_id,
        "first": closing.time_to_first_token_ms,
        "latency": closing.latency_ms,
    }
    if billed:
        given |= {"posting": ids.new(), "cost_mc": closing.cost_microcredits}
    cursor = await conn.execute(CLOSE_BILLED if billed else CLOSE, given)
    return cursor.rowcount == 1


CLOSE = """
    WITH closed AS (
        UPDATE llm_call_attempts SET closed_at = clock_timestamp()
        WHERE workspace_id = %(workspace)s AND id = %(id)s AND closed_at IS NULL
        RETURNING *
    )
    INSERT INTO llm_call_events (workspace_id, attempt_id, user_id, room_id, session_id,
        turn_id, step_id, number, purpose, agent_key, provider, model, request_sha256,
        outcome, error_code, sent, input_tokens, cached_input_tokens, cache_write_tokens,
        output_tokens, reasoning_tokens, tool_calls, estimated, cost_usd, pricing_version, pricing,
        charged_microcredits, excess_microcredits, hold_id,
        provider_request_id, time_to_first_token_ms, latency_ms)
    SELECT workspace_id, id, user_id, room_id, session_id,
        turn_id, step_id, number, purpose, agent_key, provider, model, request_sha256,
        %(outcome)s, %(error_code)s, %(sent)s, %(input)s, %(cached)s, %(cache_write)s,
        %(output)s, %(reasoning)s, %(tool_calls)s, %(estimated)s, %(cost)s, %(version)s,
        %(pricing)s, %(charged)s, %(excess)s, hold_id,
        %(request)s, %(first)s, %(latency)s
    FROM closed
"""

CLOSE_BILLED = """
    WITH closed AS (
        UPDATE llm_call_attempts SET closed_at = clock_timestamp()
        WHERE workspace_id = %(workspace)s AND id = %(id)s AND closed_at IS NULL
        RETURNING *
    ), hold AS (
        UPDATE holds h
        SET earmarked_microcredits = h.earmarked_microcredits - c.earmark_microcredits,
            drawn_microcredits = h.drawn_microcredits + %(charged)s
        FROM closed c WHERE h.workspace_id = c.workspace_id AND h.id = c.hold_id
        RETURNING h.id
    ), shares AS (
        UPDATE budget_holds b
        SET earmarked_microcredits = b.earmarked_microcredits - c.earmark_microcredits,
            drawn_microcredits = b.drawn_microcredits + %(charged)s
        FROM closed c
        WHERE b.workspace_id = c.workspace_id AND b.hold_id = c.hold_id
          AND (b.agent_key IS NULL OR b.agent_key = c.agent_key)
        RETURNING b.budget_id, b.since
    ), wallet AS (
        UPDATE wallets w SET balance_microcredits = w.balance_microcredits - %(charged)s,
            held_microcredits = w.held_microcredits - %(charged)s,
            low_since = CASE
                WHEN w.balance_microcredits - %(charged)s >= w.low_balance_microcredits THEN NULL
                ELSE coalesce(w.low_since, clock_timestamp()) END
        FROM hold
        WHERE w.workspace_id = %(workspace)s AND (%(charged)s > 0 OR %(cost_mc)s > 0)
        RETURNING w.closed_through
    ), uses AS (
        UPDATE budget_uses u SET spent_microcredits = u.spent_microcredits + %(charged)s,
            held_microcredits = u.held_microcredits - %(charged)s
        FROM shares s CROSS JOIN wallet
        WHERE u.workspace_id = %(workspace)s AND u.budget_id = s.budget_id AND u.since = s.since
    ), posted AS (
        INSERT INTO postings (workspace_id, id, kind, held_microcredits, revenue_microcredits,
            provider_cost_microcredits, hold_id, attempt_id, month)
        SELECT %(workspace)s, %(posting)s, 'charge', -%(charged)s::bigint,
            %(charged)s::bigint - %(cost_mc)s::bigint, %(cost_mc)s::bigint, hold.id, %(id)s,
            posting_month(%(workspace)s, wallet.closed_through)
        FROM wallet CROSS JOIN hold
    )
    INSERT INTO llm_call_events (workspace_id, attempt_id, user_id, room_id, session_id,
        turn_id, step_id, number, purpose, agent_key, provider, model, request_sha256,
        outcome, error_code, sent, input_tokens, cached_input_tokens, cache_write_tokens,
        output_tokens, reasoning_tokens, tool_calls, estimated, cost_usd, pricing_version, pricing,
        charged_microcredits, excess_microcredits, hold_id,
        provider_request_id, time_to_first_token_ms, latency_ms)
    SELECT workspace_id, id, user_id, room_id, session_id,
        turn_id, step_id, number, purpose, agent_key, provider, model, request_sha256,
        %(outcome)s, %(error_code)s, %(sent)s, %(input)s, %(cached)s, %(cache_write)s,
        %(output)s, %(reasoning)s, %(tool_calls)s, %(estimated)s, %(cost)s, %(version)s,
        %(pricing)s, %(charged)s, %(excess)s, hold_id,
        %(request)s, %(first)s, %(latency)s
    FROM closed
"""


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
        ), freed AS (
            UPDATE holds h SET earmarked_microcredits = h.earmarked_microcredits - c.earmark
            FROM (
                SELECT hold_id, sum(earmark_microcredits) AS earmark FROM closed
                WHERE hold_id IS NOT NULL GROUP BY hold_id
            ) AS c
            WHERE h.workspace_id = %(workspace)s AND h.id = c.hold_id
        ), shares AS (
            UPDATE budget_holds b SET earmarked_microcredits = b.earmarked_microcredits - c.earmark
            FROM (
                SELECT s.hold_id, s.budget_id, sum(c.earmark_microcredits) AS earmark
                FROM closed c JOIN budget_holds s ON s.workspace_id = c.workspace_id
                    AND s.hold_id = c.hold_id AND (s.agent_key IS NULL OR s.agent_key = c.agent_key)
                GROUP BY s.hold_id, s.budget_id
            ) AS c
            WHERE b.workspace_id = %(workspace)s AND b.hold_id = c.hold_id
              AND b.budget_id = c.budget_id
        ), events AS (
            INSERT INTO llm_call_events (workspace_id, attempt_id, user_id, room_id, session_id,
                turn_id, step_id, number, purpose, agent_key, provider, model, request_sha256,
                outcome, error_code, sent, hold_id)
            SELECT workspace_id, id, user_id, room_id, session_id,
                turn_id, step_id, number, purpose, agent_key, provider, model, request_sha256,
                'lost', 'worker_lost', true, hold_id
            FROM closed
        )
        SELECT step_id FROM closed
        """,
        {"workspace": workspace_id, "turn": turn_id, "step": step_id},
    )
    return [row[0] for row in await cursor.fetchall()]
