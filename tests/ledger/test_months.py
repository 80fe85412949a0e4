"""Tests of `pantheon.ledger.months`: closed when they are over, in order, with sums that stay."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date
from uuid import UUID

import psycopg
import pytest

from pantheon.base.errors import Problem
from pantheon.ledger import attempts, holds, months, wallets
from pantheon.ops.reconcile import reconcile
from tests.ledger.billing import CLOSING, attempt_of, give, take

FIRST, SECOND = date(2020, 1, 1), date(2020, 2, 1)
MIDNIGHT = """
    CREATE SCHEMA past;
    CREATE FUNCTION past.clock_timestamp() RETURNS timestamptz LANGUAGE sql STABLE
        AS $$ SELECT timestamptz '2020-01-31 23:59:59.9+00' $$;
    GRANT USAGE ON SCHEMA past TO PUBLIC
"""
BLOCKED = """
    SELECT count(*) FROM pg_locks l
    WHERE NOT l.granted AND %(by)s = ANY (pg_blocking_pids(l.pid))
"""


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


async def in_the_past(conn) -> None:
    """Let a transaction's statements believe that it is the last moment of `FIRST`."""
    await conn.execute("SET LOCAL search_path = past, pg_catalog, public")


async def pid_of(conn) -> int:
    cursor = await conn.execute("SELECT pg_backend_pid()")
    ((pid,),) = await cursor.fetchall()
    return pid


async def waits_for(server, pid: int) -> None:
    """Wait until somebody waits for a lock of that backend."""
    async with await psycopg.AsyncConnection.connect(server.admin_url, autocommit=True) as admin:
        async with asyncio.timeout(10):
            while True:
                cursor = await admin.execute(BLOCKED, {"by": pid})
                if (await cursor.fetchone())[0]:
                    return
                await asyncio.sleep(0.01)


async def charge(conn, who, hold_id: UUID, attempt) -> None:
    closing = replace(CLOSING, charged_microcredits=120, cost_microcredits=100)
    assert await attempts.close(conn, who.workspace_id, attempt.id, closing, billed=True)


async def raise_it(conn, who, hold_id: UUID, attempt) -> None:
    assert await holds.extend(conn, who.workspace_id, hold_id, "a0", 700, 0, "enforce")


async def release(conn, who, hold_id: UUID, attempt) -> None:
    await holds.release(conn, who.workspace_id, hold_id)


async def hold(conn, who, hold_id: UUID, attempt) -> None:
    await take(conn, who, 100)


async def grant(conn, who, hold_id: UUID, attempt) -> None:
    await wallets.grant(conn, who.workspace_id, 50, reason="Late")


MOVEMENTS: dict[str, Callable[..., Awaitable[None]]] = {
    "charge": charge,
    "raise": raise_it,
    "release": release,
    "hold": hold,
    "grant": grant,
}


@pytest.mark.parametrize("first", ["movement", "month"])
@pytest.mark.parametrize("kind", MOVEMENTS)
async def test_what_is_written_while_its_month_is_closed_is_in_one_month(
    db, server, who, kind, first
):
    """Whoever locks the wallet first: the other waits for it and sees what it did."""
    async with await psycopg.AsyncConnection.connect(server.admin_url) as admin:
        await admin.execute(MIDNIGHT)
    async with db.transaction(who.workspace_id) as conn:
        await in_the_past(conn)
        await give(conn, who, 10_000)
        hold_id, _ = await take(conn, who, 600)
        attempt = replace(attempt_of(who, hold_id, 500), id=hold_id)
        await attempts.open_attempt(conn, attempt)
    done = asyncio.Event()
    begun: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def move(stay: bool) -> None:
        async with db.transaction(who.workspace_id) as conn:
            await in_the_past(conn)
            pid = await pid_of(conn)
            await MOVEMENTS[kind](conn, who, hold_id, attempt)
            if stay:
                begun.set_result(pid)
                await done.wait()

    async def close(stay: bool) -> None:
        async with db.transaction(who.workspace_id) as conn:
            pid = await pid_of(conn)
            await months.close_month(conn, who, FIRST)
            if stay:
                begun.set_result(pid)
                await done.wait()

    ahead, behind = (move, close) if first == "movement" else (close, move)
    async with asyncio.TaskGroup() as both:
        both.create_task(ahead(stay=True))
        pid = await begun
        both.create_task(behind(stay=False))
        await waits_for(server, pid)
        done.set()
    async with db.transaction(who.workspace_id) as conn:
        await attempts.close(conn, who.workspace_id, attempt.id, CLOSING, billed=True)
        await holds.release(conn, who.workspace_id, hold_id)
        await months.close_month(conn, who, SECOND)
        later, earlier = (await months.list_months(conn, who))["items"]
    expected = [Counter(["grant", "hold"]), Counter()]
    expected[first == "month"][kind] += 1
    assert [
        Counter({s["kind"]: s["rows"] for s in m["totals"]}) for m in (earlier, later)
    ] == expected
    assert [f for f in await reconcile(server.admin_url) if f.drift and f.check.id == "I1"] == []
