"""Usage, call by call: what was asked of models and what it cost, as the ledger has it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from pantheon.accounts.roles import SEE_ALL, Who
from pantheon.base import cursors
from pantheon.base.clock import rfc3339
from pantheon.base.errors import NOT_FOUND
from pantheon.base.money import credits_text, usd_text
from pantheon.db.pool import Connection


@dataclass(frozen=True, slots=True)
class Filter:
    """Which calls are meant; `None` means all. `since` is included, `until` is not."""

    since: datetime | None = None
    until: datetime | None = None
    room_id: UUID | None = None
    agent_key: str | None = None
    session_id: UUID | None = None
    turn_id: UUID | None = None
    purpose: str | None = None
    model: str | None = None

    def parameters(self, who: Who) -> dict[str, Any]:
        """Return the parameters of the statements here: a member sees only their own calls."""
        return {
            "workspace": who.workspace_id,
            "user": None if who.role in SEE_ALL else who.user_id,
            "since": self.since,
            "until": self.until,
            "room": self.room_id,
            "agent": self.agent_key,
            "session": self.session_id,
            "turn": self.turn_id,
            "purpose": self.purpose,
            "model": self.model,
        }


EVERYTHING = Filter()


@dataclass(frozen=True, slots=True)
class CallEvent:
    """A row of `llm_call_events`: one request, over."""

    workspace_id: UUID
    attempt_id: UUID
    user_id: UUID
    room_id: UUID | None
    session_id: UUID | None
    turn_id: UUID | None
    step_id: UUID | None
    number: int
    purpose: str
    agent_key: str | None
    provider: str
    model: str
    outcome: str
    error_code: str | None
    sent: bool
    input_tokens: int
    cached_input_tokens: int
    output_tokens: int
    reasoning_tokens: int
    estimated: bool
    cost_usd: Decimal | None
    pricing_version: str | None
    charged_microcredits: int
    request_sha256: bytes
    provider_request_id: str | None
    time_to_first_token_ms: int | None
    latency_ms: int | None
    created_at: datetime
    hold_id: UUID | None
    cache_write_tokens: int
    tool_calls: int
    pricing: dict[str, Any] | None
    excess_microcredits: int


def call_shape(call: CallEvent) -> dict[str, Any]:
    """Return the `Call` of the HTTP contract, JSON-ready."""
    return {
        "id": str(call.attempt_id),
        "turn_id": _text(call.turn_id),
        "step_id": _text(call.step_id),
        "session_id": _text(call.session_id),
        "room_id": _text(call.room_id),
        "purpose": call.purpose,
        "agent_key": call.agent_key,
        "provider": call.provider,
        "model": call.model,
        "outcome": call.outcome,
        "error_code": call.error_code,
        "usage": usage_shape(
            calls=1,
            unpriced_calls=int(call.cost_usd is None and call.outcome != "lost"),
            input_tokens=call.input_tokens,
            cached_input_tokens=call.cached_input_tokens,
            output_tokens=call.output_tokens,
            reasoning_tokens=call.reasoning_tokens,
            cost_usd=call.cost_usd or Decimal(0),
            charged_microcredits=call.charged_microcredits,
            estimated=call.estimated,
        ),
        "pricing_version": call.pricing_version,
        "request_sha256": call.request_sha256.hex(),
        "provider_request_id": call.provider_request_id,
        "time_to_first_token_ms": call.time_to_first_token_ms,
        "latency_ms": call.latency_ms,
        "created_at": rfc3339(call.created_at),
    }


def usage_shape(
    *,
    calls: int,
    unpriced_calls: int,
    input_tokens: int,
    cached_input_tokens: int,
    output_tokens: int,
    reasoning_tokens: int,
    cost_usd: Decimal,
    charged_microcredits: int,
    estimated: bool,
) -> dict[str, Any]:
    """Return the `Usage` of the HTTP contract. The cost is `None` where no call has a price."""
    return {
        "input_tokens": input_tokens,
        "cached_input_tokens": cached_input_tokens,
        "output_tokens": output_tokens,
        "reasoning_tokens": reasoning_tokens,
        "calls": calls,
        "unpriced_calls": unpriced_calls,
        "cost_usd": usd_text(cost_usd) if calls == 0 or unpriced_calls < calls else None,
        "credits": credits_text(charged_microcredits),
        "estimated": estimated,
    }


async def get_call(conn: Connection, who: Who, attempt_id: UUID) -> dict[str, Any]:
    """Return one closed request that `who` may see. Raises `not_found`."""
    async with conn.cursor(row_factory=class_row(CallEvent)) as cursor:
        await cursor.execute(
            """
            SELECT * FROM llm_call_events
            WHERE workspace_id = %(workspace)s AND attempt_id = %(id)s
              AND (%(user)s::uuid IS NULL OR user_id = %(user)s)
            """,
            {**EVERYTHING.parameters(who), "id": attempt_id},
        )
        call = await cursor.fetchone()
    if call is None:
        raise NOT_FOUND(f"There is no call {attempt_id}.")
    return call_shape(call)


async def list_calls(
    conn: Connection,
    who: Who,
    wanted: Filter = EVERYTHING,
    *,
    limit: int = 50,
    cursor: str | None = None,
) -> dict[str, Any]:
    """Return a page of the ledger's closed requests, the newest first.

    Owners and admins see the workspace's, members their own.
    """
    before, before_id = cursors.moment(cursor)
    async with conn.cursor(row_factory=class_row(CallEvent)) as rows:
        await rows.execute(
            """
            SELECT * FROM llm_call_events
            WHERE workspace_id = %(workspace)s
              AND (%(user)s::uuid IS NULL OR user_id = %(user)s)
              AND created_at >= coalesce(%(since)s, timestamptz '-infinity')
              AND created_at < coalesce(%(until)s, timestamptz 'infinity')
              AND (%(room)s::uuid IS NULL OR room_id = %(room)s)
              AND (%(agent)s::text IS NULL OR agent_key = %(agent)s)
              AND (%(session)s::uuid IS NULL OR session_id = %(session)s)
              AND (%(turn)s::uuid IS NULL OR turn_id = %(turn)s)
              AND (%(purpose)s::text IS NULL OR purpose = %(purpose)s)
              AND (%(model)s::text IS NULL OR model = %(model)s)
              AND created_at <= coalesce(%(before)s, timestamptz 'infinity')
              AND (%(before)s::timestamptz IS NULL
                   OR (created_at, attempt_id) < (%(before)s, %(before_id)s::uuid))
            ORDER BY created_at DESC, attempt_id DESC
            LIMIT %(limit)s
            """,
            {
                **wanted.parameters(who),
                "before": before,
                "before_id": before_id,
                "limit": limit + 1,
            },
        )
        found = await rows.fetchall()
    page = found[:limit]
    more = len(found) > limit
    return {
        "items": [call_shape(call) for call in page],
        "next_cursor": cursors.of_moment(page[-1].created_at, page[-1].attempt_id)
        if more
        else None,
    }


def _text(row_id: UUID | None) -> str | None:
    return None if row_id is None else str(row_id)
