"""A turn that needs more than it has reserved: its hold is raised before the request leaves.

A forecast bounds what it can know. It cannot know of a model that writes on past its
`max_output_tokens`: its answer pays no more than was set aside for it, but whoever speaks next has
to read it.
"""

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from pantheon.accounts.roles import Who
from pantheon.base.money import credits_text, microcredits_of
from pantheon.base.settings import ModelSetting, ProviderSetting, Settings
from pantheon.ledger import budgets, wallets
from pantheon.ops.embedded import Server
from pantheon.ops.runtime import Runtime
from pantheon.turns.forecast import forecast_turn
from pantheon.turns.retry import retry_turn
from pantheon.turns.types import TurnInput
from tests.fakes.process import requests
from tests.turns.drive import ended, rows, send
from tests.turns.test_terms import CREDIT, PRICE, bill, drift, session_of, wallet

TEXT = "Who speaks?"
LONG = "ok-3000"
POSTINGS = """
    SELECT p.kind, p.wallet_microcredits, p.held_microcredits FROM postings p
    WHERE p.hold_id IS NOT NULL ORDER BY p.created_at, p.id
"""
CALLS = """
    SELECT e.agent_key, e.outcome, e.charged_microcredits, e.excess_microcredits,
        a.earmark_microcredits
    FROM llm_call_events e
    JOIN llm_call_attempts a ON a.workspace_id = e.workspace_id AND a.id = e.attempt_id
    ORDER BY e.created_at
"""


@pytest.fixture
def settings(tmp_path: Path, fakes: str) -> Settings:
    """Settings with the fake server's models, each with a price."""
    known = [
        ModelSetting.model_validate({"id": name, "price": PRICE, "context_window": 32_768})
        for name in (LONG, "ok-40")
    ]
    fake = ProviderSetting(base_url=fakes, models=known)
    return Settings(data_dir=tmp_path, lease_seconds=1, grace_seconds=2, providers={"fake": fake})


async def room_of(runtime: Runtime, who: Who) -> tuple[UUID, int]:
    """Open a round table whose first agent writes far too much; return it, and what a turn holds.

    In micro-credits: the upper bound of its forecast.
    """
    session_id = await session_of(runtime, who, "roundtable", LONG, "ok-40")
    async with runtime.db.transaction(who.workspace_id) as conn:
        told = await forecast_turn(conn, runtime.providers, who, session_id, TurnInput(TEXT))
    return session_id, microcredits_of(told["credits"]["high"])


async def limit(runtime: Runtime, who: Who, scope: str, period: str, most: int) -> UUID:
    """Set a budget of the workspace or of the second agent, in micro-credits; return its id."""
    scope_id = None
    if scope == "agent":
        ((scope_id,),) = await rows(runtime, who, "SELECT id FROM agents WHERE key = 'a1'")
    async with runtime.db.transaction(who.workspace_id) as conn:
        budget = await budgets.create_budget(
            conn, who, scope=scope, scope_id=scope_id, period=period, limit_microcredits=most
        )
    return UUID(budget["id"])


async def turn_of(runtime: Runtime, who: Who, session_id: UUID) -> dict[str, Any]:
    """Ask, and return the turn that is over."""
    return await ended(runtime, who, await send(runtime, who, session_id, TEXT))


async def test_a_hold_is_raised_and_what_is_left_of_it_given_back(
    runtime: Runtime, server: Server, who: Who
) -> None:
    await bill(runtime, who, 100 * CREDIT)
    session_id, most = await room_of(runtime, who)
    of_all = await limit(runtime, who, "workspace", "month", 100 * CREDIT)
    of_one = await limit(runtime, who, "agent", "day", 100 * CREDIT)
    turn = await turn_of(runtime, who, session_id)
    assert (turn["status"], turn["warnings"]) == ("completed", [])
    first, second = await rows(runtime, who, CALLS)
    # What the first wrote beyond its earmark is the operator's; the second needs more than is left.
    assert first[2] == first[4]
    assert first[3] > 0
    assert second[3] == 0 < second[2] < second[4]
    raised = first[2] + second[4] - most
    assert raised > 0
    left = second[4] - second[2]
    assert await rows(runtime, who, POSTINGS) == [
        ("hold", -most, most),
        ("charge", 0, -first[2]),
        ("raise", -raised, raised),
        ("charge", 0, -second[2]),
        ("release", left, -left),
    ]
    ((amount, drawn, released),) = await rows(
        runtime,
        who,
        "SELECT amount_microcredits, drawn_microcredits, released_at IS NOT NULL FROM holds",
    )
    assert (amount, drawn, released) == (most + raised, first[2] + second[2], True)
    assert turn["usage"]["credits"] == credits_text(drawn)
    told = await wallet(runtime, who)
    assert (told["balance"], told["reserved"]) == (credits_text(100 * CREDIT - drawn), "0.0000")
    async with runtime.db.transaction(who.workspace_id) as conn:
        spent = [await budgets.get_budget(conn, who, budget) for budget in (of_all, of_one)]
    assert [(b["spent"], b["reserved"]) for b in spent] == [
        (credits_text(drawn), "0.0000"),
        (credits_text(second[2]), "0.0000"),
    ]
    assert await drift(server) == []


async def test_it_is_raised_in_the_transaction_that_records_the_attempt(
    runtime: Runtime, who: Who
) -> None:
    """Before the request leaves, and never without an attempt that needs it."""
    await bill(runtime, who, 100 * CREDIT)
    session_id, _ = await room_of(runtime, who)
    await turn_of(runtime, who, session_id)
    ((attempt_id, same, raised_at),) = await rows(
        runtime,
        who,
        """
        SELECT a.id::text, u.xmin = p.xmin, extract(epoch FROM p.created_at)::float8
        FROM postings p
        JOIN llm_call_attempts a ON a.workspace_id = p.workspace_id AND a.agent_key = 'a1'
        JOIN context_audits u ON u.workspace_id = a.workspace_id AND u.attempt_id = a.id
        WHERE p.kind = 'raise'
        """,
    )
    (asked,) = await asyncio.to_thread(
        requests, runtime.settings.providers["fake"].base_url, attempt_id
    )
    assert same
    assert raised_at < asked["at"]


@pytest.mark.parametrize(
    ("scope", "period"),
    [("wallet", ""), ("workspace", "month"), ("agent", "day"), ("workspace", "turn")],
)
async def test_what_cannot_be_raised_is_not_sent(
    runtime: Runtime, server: Server, who: Who, scope: str, period: str
) -> None:
    """Nothing but what the turn holds is free: in the wallet, or in one of its budgets."""
    session_id, most = await room_of(runtime, who)
    granted = most if scope == "wallet" else 100 * CREDIT
    await bill(runtime, who, granted)
    if period:
        await limit(runtime, who, scope, period, most)
    turn = await turn_of(runtime, who, session_id)
    (first,) = await rows(runtime, who, CALLS)
    assert (first[0], first[1]) == ("a0", "completed")
    assert [(step["status"], step["attempts"]) for step in turn["steps"]] == [
        ("completed", 1),
        ("failed", 0),
    ]
    error = turn["steps"][1]["error"]
    assert (error["code"], error["retryable"]) == ("insufficient_credits", False)
    assert turn["status"] == "partial"
    ((opened,),) = await rows(runtime, who, "SELECT count(*) FROM llm_call_attempts")
    assert opened == 1
    assert [row[0] for row in await rows(runtime, who, POSTINGS)] == ["hold", "charge", "release"]
    told = await wallet(runtime, who)
    assert (told["balance"], told["reserved"]) == (credits_text(granted - first[2]), "0.0000")
    assert await drift(server) == []


async def test_where_billing_only_warns_it_is_raised_without_cover(
    runtime: Runtime, server: Server, who: Who
) -> None:
    session_id, most = await room_of(runtime, who)
    await bill(runtime, who, most, "warn")
    await limit(runtime, who, "workspace", "month", most)
    turn = await turn_of(runtime, who, session_id)
    assert turn["status"] == "completed"
    kinds = [row[0] for row in await rows(runtime, who, POSTINGS)]
    assert kinds == ["hold", "charge", "raise", "charge", "release"]
    assert await drift(server) == []


async def test_a_retry_of_the_refused_step_runs_when_there_is_credit(
    runtime: Runtime, server: Server, who: Who
) -> None:
    session_id, most = await room_of(runtime, who)
    await bill(runtime, who, most)
    turn = await turn_of(runtime, who, session_id)
    async with runtime.db.transaction(who.workspace_id) as conn:
        await wallets.grant(conn, who.workspace_id, 10 * CREDIT, reason="More")
        again = await retry_turn(conn, runtime.providers, who, turn["id"])
    assert (await ended(runtime, who, again))["status"] == "completed"
    assert [call[:2] for call in await rows(runtime, who, CALLS)] == [
        ("a0", "completed"),
        ("a1", "completed"),
    ]
    assert await drift(server) == []
