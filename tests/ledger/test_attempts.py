"""Tests of `pantheon.ledger.attempts`."""

from dataclasses import replace
from decimal import Decimal
from hashlib import sha256
from uuid import UUID

import psycopg
import pytest

from pantheon.base import ids
from pantheon.ledger import attempts
from pantheon.ledger.attempts import LOST, Attempt, Closing, Outcome
from pantheon.providers.types import TokenUsage
from tests.make import make_turn

CLOSING = Closing(
    outcome=Outcome.completed,
    error_code=None,
    sent=True,
    usage=TokenUsage(120, 100, 30, 10),
    estimated=False,
    cost_usd=Decimal("0.001234500"),
    pricing_version="test",
    charged_microcredits=1_235,
    provider_request_id="req-1",
    time_to_first_token_ms=50,
    latency_ms=200,
)


def attempt_of(who, turn: dict, step: int = 0, **given) -> Attempt:
    """Return an attempt of a step of a turn, not recorded yet."""
    made = Attempt(
        workspace_id=who.workspace_id,
        id=ids.new(),
        user_id=who.user_id,
        room_id=None,
        session_id=UUID(turn["session_id"]),
        turn_id=UUID(turn["id"]),
        step_id=UUID(turn["steps"][step]["id"]),
        lease_epoch=1,
        number=1,
        purpose="answer",
        agent_key="a0",
        provider="lab",
        model="lab/m1",
        request_sha256=sha256(b"body").digest(),
    )
    return replace(made, **given)


async def ledger(conn) -> list[tuple]:
    """Return the call events: attempt, outcome, code, input, output, cost, charge."""
    cursor = await conn.execute(
        """
        SELECT attempt_id, outcome, error_code, input_tokens, output_tokens, cost_usd,
               charged_microcredits
        FROM llm_call_events ORDER BY attempt_id
        """
    )
    return await cursor.fetchall()


async def test_an_attempt_is_closed_by_one_call_event(conn, who):
    attempt = attempt_of(who, await make_turn(conn, who))
    await attempts.open_attempt(conn, attempt)
    assert await attempts.load_open(conn, who.workspace_id, attempt.step_id) == attempt
    assert await attempts.close(conn, who.workspace_id, attempt.id, CLOSING, billed=False)
    row = (attempt.id, "completed", None, 120, 30, Decimal("0.0012345"), 1_235)
    assert await ledger(conn) == [row]
    assert not await attempts.close(conn, who.workspace_id, attempt.id, LOST, billed=False)
    assert await ledger(conn) == [row]


async def test_what_is_open_is_settled_as_lost_and_charges_nothing(conn, who):
    turn = await make_turn(conn, who)
    lost, done = attempt_of(who, turn), attempt_of(who, turn, 1)
    other = attempt_of(who, await make_turn(conn, who))
    for attempt in (lost, done, other):
        await attempts.open_attempt(conn, attempt)
    await attempts.close(conn, who.workspace_id, done.id, CLOSING, billed=False)
    settled = await attempts.close_lost(conn, who.workspace_id, lost.turn_id)
    assert settled == [lost.step_id]
    assert (await ledger(conn))[0] == (lost.id, "lost", "worker_lost", 0, 0, None, 0)
    assert len(await ledger(conn)) == 2
    assert await attempts.close_lost(conn, who.workspace_id, lost.turn_id) == []
    assert await attempts.load_open(conn, who.workspace_id, other.step_id) == other


async def test_one_step_can_be_settled_alone(conn, who):
    turn = await make_turn(conn, who)
    first, second = attempt_of(who, turn), attempt_of(who, turn, 1)
    for attempt in (first, second):
        await attempts.open_attempt(conn, attempt)
    settled = await attempts.close_lost(
        conn, who.workspace_id, first.turn_id, step_id=second.step_id
    )
    assert settled == [second.step_id]
    assert await attempts.load_open(conn, who.workspace_id, first.step_id) == first


@pytest.mark.parametrize(("in_turn", "expires"), [(True, 60), (False, None)])
async def test_outside_of_a_turn_an_attempt_expires_and_inside_it_does_not(
    conn, who, in_turn, expires
):
    attempt = attempt_of(who, await make_turn(conn, who), expires_seconds=expires)
    if not in_turn:
        attempt = replace(attempt, session_id=None, turn_id=None, step_id=None, lease_epoch=None)
    with pytest.raises(psycopg.errors.CheckViolation, match="llm_call_attempts_expiry"):
        async with conn.transaction():
            await attempts.open_attempt(conn, attempt)


async def test_the_ledger_is_append_only_for_the_app(conn, who):
    attempt = attempt_of(who, await make_turn(conn, who))
    await attempts.open_attempt(conn, attempt)
    await attempts.close(conn, who.workspace_id, attempt.id, CLOSING, billed=False)
    for statement in ("UPDATE llm_call_events SET cost_usd = 0", "DELETE FROM llm_call_events"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with conn.transaction():
                await conn.execute(statement)
