"""Tests of `pantheon.ledger.months`: closed when they are over, in order, with sums that stay."""

from datetime import date

import psycopg
import pytest

from pantheon.base.errors import Problem
from pantheon.ledger import months, wallets

FIRST, SECOND = date(2020, 1, 1), date(2020, 2, 1)


async def movement(conn, who, month: date, microcredits: int) -> None:
    """Grant so much, as it was done in that month."""
    await conn.execute(
        """
        INSERT INTO postings (workspace_id, id, kind, wallet_microcredits, grants_microcredits,
            month)
        VALUES (%(workspace)s, gen_random_uuid(), 'grant', %(amount)s, -%(amount)s::bigint,
            %(month)s)
        """,
        {"workspace": who.workspace_id, "amount": microcredits, "month": month},
    )


async def test_a_month_is_closed_once_with_its_sums(conn, who):
    for amount in (5_000_000, 250_000):
        await movement(conn, who, FIRST, amount)
    closed = await months.close_month(conn, who, FIRST)
    assert closed["month"] == "2020-01"
    assert closed["totals"] == [
        {
            "kind": "grant",
            "rows": 2,
            "wallet": "5.2500",
            "held": "0.0000",
            "revenue": "0.0000",
            "provider_cost": "0.0000",
            "grants": "-5.2500",
        }
    ]
    assert await months.close_month(conn, who, FIRST) == closed
    later = await months.close_month(conn, who, SECOND)
    page = await months.list_months(conn, who, limit=1)
    rest = await months.list_months(conn, who, cursor=page["next_cursor"])
    assert [*page["items"], *rest["items"]] == [later, closed]


async def test_months_are_closed_in_their_order_and_when_they_are_over(conn, who):
    await movement(conn, who, FIRST, 1)
    with pytest.raises(Problem, match="Close 2020-01 first"):
        await months.close_month(conn, who, SECOND)
    cursor = await conn.execute("SELECT date_trunc('month', now() AT TIME ZONE 'UTC')::date")
    ((this,),) = await cursor.fetchall()
    with pytest.raises(Problem, match="is not over"):
        await months.close_month(conn, who, this)
    await months.close_month(conn, who, FIRST)
    await months.close_month(conn, who, date(2020, 3, 1))
    with pytest.raises(Problem, match="had no movements"):
        await months.close_month(conn, who, SECOND)


async def test_what_comes_late_counts_to_the_month_after_the_closed_one(conn, who):
    cursor = await conn.execute(
        """
        INSERT INTO wallets (workspace_id, closed_through)
        SELECT id, date_trunc('month', now() AT TIME ZONE time_zone) FROM workspaces
        RETURNING to_char(closed_through + interval '1 month', 'YYYY-MM')
        """
    )
    ((after,),) = await cursor.fetchall()
    await wallets.grant(conn, who.workspace_id, 5, reason="Late")
    (late,) = (await wallets.list_grants(conn, who))["items"]
    assert late["month"] == after


async def test_a_closed_month_cannot_be_written_anew(conn, who):
    await months.close_month(conn, who, FIRST)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with conn.transaction():
            await conn.execute("UPDATE closed_months SET totals = '{}'")
