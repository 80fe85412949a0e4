"""Tests of `pantheon.ledger.payments`: rates, and events in any order; webhooks are in `api`."""

import itertools
from dataclasses import replace
from decimal import Decimal

import pytest

from pantheon.base import ids
from pantheon.base.errors import Problem
from pantheon.ledger import payments, price_books, wallets
from pantheon.ledger.payments import Movement


async def test_the_rate_of_the_price_book_counts_when_it_was_asked_for(db, who):
    async with db.transaction(who.workspace_id) as conn:
        await price_books.create_book(conn, who, {}, {}, credits_per_usd=Decimal("1.5"), reason="R")
        top_up_id, microcredits = await payments.begin(conn, who, 1_001)
        assert microcredits == 1_001 * 15_000
        await price_books.create_book(conn, who, {}, {}, credits_per_usd=Decimal(9), reason="R")
        assert (await payments.get_top_up(conn, who, top_up_id))["credits"] == "15.0150"
        with pytest.raises(Problem, match="not_found"):
            await payments.get_top_up(conn, replace(who, user_id=ids.new()), top_up_id)
        await price_books.create_book(
            conn, who, {}, {}, credits_per_usd=Decimal("0.00001"), reason="R"
        )
        with pytest.raises(Problem, match="a cent buys nothing"):
            await payments.begin(conn, who, 100)


@pytest.mark.parametrize("order", [*itertools.permutations(range(4))], ids=str)
async def test_events_in_any_order_come_to_the_same(db, who, order):
    async with db.transaction(who.workspace_id) as conn:
        top_up_id, _ = await payments.begin(conn, who, 1_000)
        paid = Movement("e0", "paid", who.workspace_id, top_up_id, "top_up", 1_000, "stripe:cs")
        refund = replace(paid, event_id="e1", kind="refund", cents=300, reference="stripe:re")
        failed = replace(refund, event_id="e2", returned=True)
        dispute = replace(paid, event_id="e3", kind="dispute", cents=50, reference="stripe:dp")
        events = (paid, refund, failed, dispute)
        for at in (*order, *order):
            await payments.settle(conn, events[at])
        view = await wallets.view(conn, who.workspace_id)
        assert view["balance"] == "9.5000"
        page = await wallets.list_grants(conn, who)
        assert sorted(item["credits"] for item in page["items"]) == [
            "-0.5000", "-3.0000", "10.0000", "3.0000",
        ]  # fmt: skip
        assert not await payments.settle(conn, replace(paid, event_id="e4", top_up_id=ids.new()))
