"""Tests of `pantheon.ledger.rates`."""

import asyncio

import pytest

from pantheon.base.errors import Problem
from pantheon.base.settings import Settings
from pantheon.ledger.rates import HOUR, MINUTE, TOO_MANY_TURNS, Rate, Rates, rates_of
from tests.make import make_user, make_workspace


async def begin(db, who, rates: Rates) -> bool:
    """Begin a turn in a transaction of its own; tells whether it was let in."""
    try:
        async with db.transaction(who.workspace_id) as conn, rates.counting(conn, who):
            pass
    except Problem as problem:
        if problem.kind is not TOO_MANY_TURNS:
            raise
        return False
    return True


async def pass_time(db, who, seconds: float) -> None:
    """Let the rows be older."""
    async with db.transaction(who.workspace_id) as conn:
        await conn.execute(
            "UPDATE turn_rates SET full_at = full_at - make_interval(secs => %s)", (seconds,)
        )


def test_what_is_set_is_counted(tmp_path):
    assert rates_of(Settings(data_dir=tmp_path)) == ()
    settings = Settings(
        data_dir=tmp_path, turns_per_minute=3, turns_per_hour=20, workspace_turns_per_hour=100
    )
    assert rates_of(settings) == (
        Rate(False, MINUTE, 3),
        Rate(False, HOUR, 20),
        Rate(True, HOUR, 100),
    )


@pytest.mark.parametrize(
    ("of_workspace", "seconds", "turns"),
    [(False, MINUTE, 1), (False, MINUTE, 7), (True, HOUR, 7), (False, HOUR, 5)],
)
async def test_of_many_at_once_exactly_so_many_are_let_in(db, who, of_workspace, seconds, turns):
    rate = Rate(of_workspace, seconds, turns)
    # Each has a memory of its own, as processes do.
    tries = [begin(db, who, Rates((rate,))) for _ in range(8 * turns)]
    assert sum(await asyncio.gather(*tries)) == turns


async def test_who_waits_as_long_as_told_is_let_in_and_not_before(db, who):
    rates = (Rate(False, MINUTE, 4),)
    assert [await begin(db, who, Rates(rates)) for _ in range(5)] == [True] * 4 + [False]
    with pytest.raises(Problem) as caught:
        async with db.transaction(who.workspace_id) as conn, Rates(rates).counting(conn, who):
            pass
    # A quarter of a minute: less what has passed since the first of them.
    assert caught.value.headers == {"Retry-After": "15"}
    assert "4 turns in a minute" in caught.value.detail
    await pass_time(db, who, 13)
    assert not await begin(db, who, Rates(rates))
    await pass_time(db, who, 2)
    assert [await begin(db, who, Rates(rates)) for _ in range(2)] == [True, False]
    await pass_time(db, who, 10_000)
    assert [await begin(db, who, Rates(rates)) for _ in range(5)] == [True] * 4 + [False]


async def test_what_is_refused_counts_nowhere(db, who):
    """The minute is over its limit; the hour must not pay for what was refused."""
    rates = (Rate(False, MINUTE, 1), Rate(False, HOUR, 2))
    assert [await begin(db, who, Rates(rates)) for _ in range(6)] == [True] + [False] * 5
    await pass_time(db, who, 61)
    assert await begin(db, who, Rates(rates))


async def test_a_user_has_their_own_allowance_and_shares_the_workspaces(db, who):
    async with db.transaction(who.workspace_id) as conn:
        other = await make_user(conn, who)
    own = (Rate(False, MINUTE, 1),)
    assert [await begin(db, one, Rates(own)) for one in (who, who, other)] == [True, False, True]
    shared = (Rate(True, MINUTE, 1),)
    assert [await begin(db, one, Rates(shared)) for one in (who, other)] == [True, False]
    stranger = await make_workspace(db)
    assert await begin(db, stranger, Rates(shared))


async def test_who_was_refused_is_told_again_without_the_database(db, who):
    rates = Rates((Rate(False, MINUTE, 1),))
    assert [await begin(db, who, rates) for _ in range(2)] == [True, False]
    with pytest.raises(Problem) as caught:
        async with rates.counting(None, who):
            raise AssertionError("it was let in")
    assert 59 <= int(caught.value.headers["Retry-After"]) <= 60


async def test_without_a_limit_nothing_is_asked(who):
    async with Rates(()).counting(None, who):
        pass
