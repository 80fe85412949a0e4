"""Tests of `pantheon.ledger.holds`: reserved by one statement, earmarked, drawn, given back."""

import asyncio
from dataclasses import replace
from uuid import UUID

import pytest

from pantheon.base.errors import Problem
from pantheon.ledger import attempts, budgets, holds
from pantheon.ledger.holds import NotCovered
from tests.ledger.billing import CLOSING, attempt_of, give, in_wallet, sums, take


async def budget_of(conn, who, period: str, limit: int) -> dict:
    """Set a budget of the workspace, in micro-credits."""
    return await budgets.create_budget(
        conn, who, scope="workspace", scope_id=None, period=period, limit_microcredits=limit
    )


async def test_a_hold_is_reserved_drawn_and_given_back(conn, who):
    await give(conn, who, 1_000)
    hold_id, warnings = await take(conn, who, 600)
    assert (warnings, await in_wallet(conn)) == ([], (1_000, 600))
    attempt = attempt_of(who, hold_id, 500)
    await attempts.open_attempt(conn, attempt)
    with pytest.raises(NotCovered):
        await attempts.open_attempt(conn, attempt_of(who, hold_id, 101))
    closing = replace(CLOSING, charged_microcredits=120, cost_microcredits=100)
    assert await attempts.close(conn, who.workspace_id, attempt.id, closing, billed=True)
    assert not await attempts.close(conn, who.workspace_id, attempt.id, closing, billed=True)
    assert await in_wallet(conn) == (880, 480)
    for _ in range(2):
        await holds.release(conn, who.workspace_id, hold_id)
    assert await in_wallet(conn) == (880, 0)
    assert await sums(conn) == [(880, 0, 20, 100, -1_000)]


async def test_what_is_free_decides_not_the_balance(conn, who):
    await give(conn, who, 1_000)
    await take(conn, who, 600)
    with pytest.raises(Problem) as refused:
        async with conn.transaction():
            await take(conn, who, 401)
    assert refused.value.kind is holds.INSUFFICIENT_CREDITS
    assert refused.value.extra == {
        "budget": {"scope": "wallet"},
        "needed": "0.000401",
        "free": "0.0004",
        "reserved": "0.0006",
    }
    await take(conn, who, 400)
    assert await in_wallet(conn) == (1_000, 1_000)


async def test_a_hold_is_raised_as_far_as_wallet_and_budget_go(conn, who):
    await give(conn, who, 1_000)
    budget = await budget_of(conn, who, "day", 700)
    hold_id, _ = await take(conn, who, 500)
    assert await holds.extend(conn, who.workspace_id, hold_id, "a0", 600, 50, "enforce")
    assert await in_wallet(conn) == (1_000, 650)
    told = await budgets.get_budget(conn, who, UUID(budget["id"]))
    assert (told["reserved"], told["free"]) == ("0.0006", "0.0001")
    for need in (701, 1_001):
        async with conn.transaction(force_rollback=True):
            raised = holds.extend(conn, who.workspace_id, hold_id, "a0", need, 0, "enforce")
            assert not await raised
    await holds.release(conn, who.workspace_id, hold_id)
    assert await in_wallet(conn) == (1_000, 0)
    assert not await holds.extend(conn, who.workspace_id, hold_id, "a0", 1, 0, "enforce")


async def test_a_budget_of_turns_bounds_the_hold_and_is_never_passed(conn, who):
    await give(conn, who, 1_000)
    budget = await budget_of(conn, who, "turn", 300)
    once = holds.Share(None, "a0", 500, 100)
    hold_id, _ = await take(conn, who, 500, shares=[once])
    assert await in_wallet(conn) == (1_000, 300)
    assert not await holds.extend(conn, who.workspace_id, hold_id, "a0", 301, 0, "enforce")
    with pytest.raises(Problem) as refused:
        async with conn.transaction():
            await take(conn, who, 500, shares=[replace(once, once=301)])
    assert refused.value.kind is holds.BUDGET_EXCEEDED
    assert refused.value.extra["budget"]["id"] == budget["id"]
    assert (refused.value.extra["needed"], refused.value.extra["free"]) == ("0.000301", "0.0003")


async def test_where_billing_only_warns_everything_is_named_and_nothing_refused(conn, who):
    await give(conn, who, 100, "warn")
    await budget_of(conn, who, "month", 50)
    hold_id, warnings = await take(conn, who, 500, enforcement="warn")
    assert [warning["code"] for warning in warnings] == ["budget_exceeded", "insufficient_credits"]
    assert await holds.extend(conn, who.workspace_id, hold_id, "a0", 900, 0, "warn")
    assert await in_wallet(conn) == (100, 900)


async def test_of_many_raises_at_once_only_those_that_fit_are_made(db, who):
    async with db.transaction(who.workspace_id) as conn:
        await give(conn, who, 8 * 100 + 3 * 50 + 49)
        await budget_of(conn, who, "day", 10_000)
        taken = [(await take(conn, who, 100))[0] for _ in range(8)]

    async def extend(hold_id: UUID) -> bool:
        async with db.transaction(who.workspace_id) as conn:
            raised = await holds.extend(conn, who.workspace_id, hold_id, "a0", 150, 0, "enforce")
            if not raised:
                raise NotCovered
            return raised

    raised = await asyncio.gather(*map(extend, taken), return_exceptions=True)
    assert sorted(map(str, raised)) == [*[""] * 5, *["True"] * 3]
    async with db.transaction(who.workspace_id) as conn:
        assert await in_wallet(conn) == (999, 950)
        for hold_id in taken:
            await holds.release(conn, who.workspace_id, hold_id)
        assert await in_wallet(conn) == (999, 0)
        assert await sums(conn) == [(999, 0, 0, 0, -999)]
