"""Tests of `pantheon.ledger.rollups`: what is summed when, and what it waits for."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from pantheon.base.clock import now
from pantheon.ledger import rollups
from pantheon.ledger.reports import report
from tests.ledger.history import make_history
from tests.ledger.sums import advance, complete, sum_all
from tests.make import make_call, make_workspace

COUNT = "SELECT kind, count(*), sum(calls)::int FROM usage_rollups WHERE {} GROUP BY kind"
DAYS, MONTHS = COUNT.format("NOT monthly"), COUNT.format("monthly")


async def ask(db, who, statement):
    async with db.transaction(who.workspace_id) as conn:
        return await (await conn.execute(statement.encode())).fetchall()


async def test_days_that_are_over_are_summed_by_all_that_tells_them_apart(db, who, server):
    make_history(server, who, calls=600, days=70)
    async with db.sweep() as conn:
        assert await rollups.due(conn, 10) == [who.workspace_id]
    await sum_all(db, who)
    found = {kind: (rows, calls) for kind, rows, calls in await ask(db, who, DAYS)}
    (_, summed) = found["day"]
    assert 550 < summed < 600
    assert {calls for _, calls in found.values()} == {summed}
    months = {kind: calls for kind, _, calls in await ask(db, who, MONTHS)}
    assert set(months) == {"day", "model", "user", "room", "agent"}
    assert len(set(months.values())) == 1
    assert 0 < months["day"] < summed
    assert found["model"][0] < found["day"][0] <= summed
    assert await complete(db, who)
    async with db.sweep() as conn:
        assert await rollups.due(conn, 10) == []
    assert not await advance(db, who)


async def test_a_month_is_summed_in_a_piece(db, who, server):
    make_history(server, who, calls=300, days=100)
    # A hundred days lie in four or five months; the look at who writes comes first.
    assert await sum_all(db, who) in (4, 5)


async def test_a_day_waits_for_whoever_may_still_write_into_it(db, who, server):
    make_history(server, who, calls=50, days=5)
    async with db.transaction(who.workspace_id) as conn:
        await make_call(conn, who)
        assert await advance(db, who), "it notes who writes"
        assert not await advance(db, who)
        assert await ask(db, who, DAYS) == []
    await sum_all(db, who)
    assert len(await ask(db, who, DAYS)) >= 7


async def test_another_time_zone_means_other_days(db, who, server):
    make_history(server, who, calls=200, days=20)
    await sum_all(db, who)
    async with db.transaction(who.workspace_id) as conn:
        before = await report(conn, who, ["month"])
        await conn.execute("UPDATE workspaces SET time_zone = 'Pacific/Auckland'")
    async with db.sweep() as conn:
        assert await rollups.due(conn, 10) == [who.workspace_id]
    await sum_all(db, who)
    assert await ask(db, who, "SELECT time_zone FROM usage_marks") == [("Pacific/Auckland",)]
    async with db.transaction(who.workspace_id) as conn:
        after = await report(conn, who, ["purpose"])
    calls = [sum(item["usage"]["calls"] for item in r["items"]) for r in (before, after)]
    assert calls == [200, 200]


async def test_a_workspace_without_calls_is_done_at_once(db, who):
    await sum_all(db, who)
    assert await ask(db, who, DAYS) == []
    other = await make_workspace(db)
    async with db.sweep() as conn:
        assert await rollups.due(conn, 10) == [other.workspace_id]


@pytest.mark.parametrize(
    ("day", "zone", "begins"),
    [
        ("2026-03-29", "Europe/Berlin", datetime(2026, 3, 28, 23, tzinfo=UTC)),
        # Clocks go back at one to midnight: the day begins at the first of two midnights.
        ("2026-11-01", "America/Havana", datetime(2026, 11, 1, 4, tzinfo=UTC)),
        # They go forward at midnight: the day begins at one.
        ("2026-03-08", "America/Havana", datetime(2026, 3, 8, 5, tzinfo=UTC)),
        ("2026-06-01", "Asia/Kathmandu", datetime(2026, 5, 31, 18, 15, tzinfo=UTC)),
    ],
)
def test_a_day_begins_with_its_first_moment(server, day, zone, begins):
    with psycopg.connect(server.admin_url) as admin:
        row = admin.execute("SELECT day_begins(%s, %s)", (day, zone)).fetchone()
        before = admin.execute(
            "SELECT (%s AT TIME ZONE %s)::date::text", (begins - timedelta(microseconds=1), zone)
        ).fetchone()
    assert row == (begins,)
    assert before[0] < day


async def test_todays_calls_are_not_summed(db, who):
    async with db.transaction(who.workspace_id) as conn:
        await make_call(conn, who)
    await sum_all(db, who)
    assert await ask(db, who, DAYS) == []
    ((day,),) = await ask(db, who, "SELECT day FROM usage_marks")
    assert now().date() - day <= timedelta(days=1)
