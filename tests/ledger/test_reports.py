"""Tests of `pantheon.ledger.reports`: sums and calls together tell what the calls alone tell."""

import itertools
import random
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from pantheon.base import cursors
from pantheon.base.clock import now
from pantheon.base.errors import Problem
from pantheon.ledger.reports import GROUPS, report
from pantheon.ledger.usage import EVERYTHING, Filter
from tests.ledger.history import make_history
from tests.ledger.sums import sum_all
from tests.make import make_call

ZONES = ("UTC", "America/Havana", "Asia/Kathmandu")
CALLS, DAYS = 1_500, 75


async def everything(conn, who, groups, wanted=EVERYTHING, *, limit=200) -> list:
    items, cursor = [], None
    while True:
        page = await report(conn, who, groups, wanted, limit=limit, cursor=cursor)
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return items


def spans(seed: int) -> list[Filter]:
    """Return filters of time: none, days, moments, inside of a day, of a month, the future."""
    choice = random.Random(seed)
    today = now().replace(hour=0, minute=0, second=0, microsecond=0)
    moments = sorted(now() - timedelta(days=choice.uniform(0, DAYS)) for _ in range(2))
    return [
        Filter(),
        Filter(since=today - timedelta(days=60), until=today - timedelta(days=3)),
        Filter(*moments),
        Filter(since=moments[0]),
        Filter(until=moments[1]),
        Filter(since=moments[0], until=moments[0] + timedelta(hours=2)),
        Filter(since=today.replace(day=1) - timedelta(days=31), until=today.replace(day=1)),
        Filter(since=now() + timedelta(days=1)),
    ]


@pytest.mark.parametrize("zone", ZONES)
async def test_sums_and_calls_tell_what_the_calls_alone_tell(db, who, server, zone):
    make_history(server, who, calls=CALLS, days=DAYS)
    member = replace(who, role="member")
    async with db.transaction(who.workspace_id) as conn:
        await conn.execute("UPDATE workspaces SET time_zone = %s", (zone,))
        _, some = (await report(conn, who, ["room", "session", "turn"], limit=2))["items"]
        questions = [
            (asker, groups, wanted)
            for seed, groups in enumerate(
                [*([name] for name in GROUPS), *itertools.combinations(GROUPS, 2)]
            )
            for wanted in random.Random(seed).sample(spans(seed), 2)
            for asker in (who, member)[: 1 + seed % 2]
        ]
        for name, value in (
            ("room_id", UUID(some["room"])),
            ("session_id", UUID(some["session"])),
            ("turn_id", UUID(some["turn"])),
            ("agent_key", "agent1"),
            ("purpose", "route"),
            ("model", "lab/m2"),
        ):
            for seed, groups in enumerate([["session"], ["turn"], ["month"], ["day", "agent"]]):
                wanted = random.Random(seed).choice(spans(seed))
                questions.append((who, groups, replace(wanted, **{name: value})))
        before = [await everything(conn, *question) for question in questions]
    await sum_all(db, who)
    async with db.transaction(who.workspace_id) as conn:
        for question, expected in zip(questions, before, strict=True):
            assert await everything(conn, *question) == expected, question
    assert sum(1 for items in before if items) > 80


async def test_a_call_counts_the_moment_it_is_closed(db, who, server):
    make_history(server, who, calls=200, days=10)
    await sum_all(db, who)
    async with db.transaction(who.workspace_id) as conn:
        await make_call(conn, who, purpose="summary", cost_usd="123")
        (item,) = await everything(conn, who, ["purpose"], Filter(purpose="summary"))
        assert (item["usage"]["calls"], item["usage"]["cost_usd"]) == (1, "123.000000")
        items = await everything(conn, who, ["day"])
        assert sum(item["usage"]["calls"] for item in items) == 201


async def test_sums_are_what_is_read(db, who, server):
    """A control: what the sums do not have is not told, so the reports above come from them."""
    make_history(server, who, calls=200, days=10)
    await sum_all(db, who)
    async with db.transaction(who.workspace_id) as conn:
        await conn.execute("DELETE FROM usage_rollups")
        for groups in (["day"], ["model"], ["user"], ["session"], ["turn"], ["room", "agent"]):
            items = await everything(conn, who, groups)
            assert sum(item["usage"]["calls"] for item in items) < 50
        whole = await everything(conn, who, ["session", "purpose"])
        assert sum(item["usage"]["calls"] for item in whole) == 200


@pytest.mark.parametrize(
    "groups",
    [
        ["day"],
        ["week", "agent"],
        ["user", "month"],
        ["agent", "day"],
        ["month", "week"],
        ["day", "turn"],
    ],
)
async def test_pages_by_time_give_each_group_once_the_newest_first(db, who, server, groups):
    """Also where nothing was asked for longer than a page looks back at once."""
    make_history(server, who, calls=150, days=900)
    await sum_all(db, who)
    unit = next(name for name in ("day", "month", "week") if name in groups)
    recent = Filter(since=now() - timedelta(days=400), until=now() - timedelta(days=200))
    async with db.transaction(who.workspace_id, snapshot=True) as conn:
        for wanted in (EVERYTHING, recent, replace(recent, agent_key="agent1")):
            whole = (await report(conn, who, groups, wanted, limit=1000))["items"]
            assert await everything(conn, who, groups, wanted, limit=3) == whole
            times = [item[unit] for item in whole]
            assert times == sorted(times, reverse=True)
            calls = await report(conn, who, ["purpose"], wanted)
            assert _calls(whole) == _calls(calls["items"]) > 0


def _calls(items: list) -> int:
    return sum(item["usage"]["calls"] for item in items)


async def test_a_page_by_time_reads_no_more_than_its_days(db, who, server):
    make_history(server, who, calls=3_000, days=30)
    await sum_all(db, who)
    async with db.transaction(who.workspace_id) as conn:
        page = await report(conn, who, ["day", "turn"], limit=20)
        await conn.execute("DELETE FROM usage_rollups WHERE day < current_date - 5")
        assert await report(conn, who, ["day", "turn"], limit=20) == page


@pytest.mark.parametrize("place", [("2026-05-01", -1), ("May", 1), ("0001-01-01", 0), (5, 5)])
async def test_a_place_in_time_that_is_none_is_refused(conn, who, place):
    with pytest.raises(Problem, match="validation_error"):
        await report(conn, who, ["day"], cursor=cursors.encode(*place))
