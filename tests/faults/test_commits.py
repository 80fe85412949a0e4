"""Commits cut on their way, there or back; stalls and resets: nothing twice, nothing missing."""

import asyncio
import random
from collections.abc import Collection
from contextlib import AsyncExitStack

from tests.faults.books import Tally, check
from tests.faults.conftest import Figures, Search, Size
from tests.faults.load import Load, check_acknowledged
from tests.faults.pg_proxy import Proxy, Rates, proxy_before
from tests.faults.test_kills import MAY_KILL
from tests.faults.world import LEASE_SECONDS, World

# Longer than any stall on the way: who holds a turn keeps it.
LONG_LEASE_SECONDS = 8.0
RATES = Rates(cut_request=0.06, cut_reply=0.06, stall=0.03, reset=0.004)


async def cut_commits(
    here: World,
    rng: random.Random,
    turns: int,
    *,
    keyed: bool = True,
    rates: Rates = RATES,
    without: Collection[str] = (),
) -> tuple[Proxy, Load, Tally]:
    """Ask so many turns while the way to the database of APIs and workers is a bad one.

    Asserts that there are as many turns as were acknowledged, each complete, that nothing was
    charged twice, and that no answer was thrown away.
    """
    async with proxy_before(here.server, rng) as proxy:
        far = {"database_url": proxy.server.url, "lease_seconds": LONG_LEASE_SECONDS}
        apis = [await here.start(kind, without=without, **far) for kind in ("api", "up")]
        await here.start("worker", without=without, **far)
        load = Load(here, rng, lambda: rng.choice(apis), keyed=keyed)
        async with load.running():
            proxy.rates = rates
            await load.until_over(turns)
        proxy.rates = Rates()
        await here.all_over()
        assert set(load.answers) <= {201, 503, *([] if keyed else [409])}, f"{load.answers}"
        await check_acknowledged(here, load)
        tally = await check(here)
        assert tally.lost == 0, f"{tally.lost} answers were thrown away"
        return proxy, load, tally


async def test_cut_commits_double_and_lose_nothing(
    here: World, rng: random.Random, size: Size, figures: Figures
) -> None:
    proxy, load, tally = await cut_commits(here, rng, size(30, 300))
    figures(
        "COMMIT requests and replies cut, stalls, resets; with Idempotency-Key",
        **dict(proxy.done),
        refused_503=load.answers[503],
        **tally.said,
        duplicates=0,
        missing=0,
    )


async def stall_workers(
    here: World, rng: random.Random, stalls: int, longest_seconds: float
) -> tuple[int, Tally]:
    """Let the way to the database stand still, now for one worker, now for the other.

    Each stall is longer than the lease: the other worker takes over what both then believe to
    hold. Returns how often that was, and what the books hold.
    """
    api = await here.start("api")
    load = Load(here, rng, lambda: api)
    async with AsyncExitStack() as ways:
        proxies = [await ways.enter_async_context(proxy_before(here.server, rng)) for _ in range(2)]
        for proxy in proxies:
            await here.start("worker", database_url=proxy.server.url)
        async with load.running():
            for _ in range(stalls):
                await here.until(MAY_KILL, 0)
                await asyncio.sleep(rng.uniform(0, 0.5))
                proxy = rng.choice(proxies)
                proxy.running.clear()
                await asyncio.sleep(rng.uniform(LEASE_SECONDS + 0.2, longest_seconds))
                proxy.running.set()
        turns = await here.all_over()
        await check_acknowledged(here, load)
        return sum(turn["lease_epoch"] - 1 for turn in turns), await check(here)


async def test_workers_cut_off_past_their_leases_are_fenced(
    here: World, rng: random.Random, size: Size, figures: Figures
) -> None:
    stalls = size(4, 30)
    takeovers, tally = await stall_workers(here, rng, stalls, size(2.5, 7.0))
    assert takeovers > 0
    figures(
        "workers cut off from PostgreSQL past their leases",
        stalls=stalls,
        takeovers=takeovers,
        **tally.said,
        turns_lost=0,
        charged_twice=0,
    )


async def test_without_the_key_turns_are_doubled(
    until_found: Search, rng: random.Random, figures: Figures
) -> None:
    """Control: a client that asks again without saying that it is the same question."""
    rates = Rates(cut_reply=0.15)
    found = await until_found(lambda here: cut_commits(here, rng, 25, keyed=False, rates=rates))
    assert found.startswith("turns that were lost, or made twice")
    figures("control: COMMIT replies cut, without Idempotency-Key", found=found)


async def test_without_knowing_its_own_commits_a_worker_stumbles(
    until_found: Search, rng: random.Random, figures: Figures
) -> None:
    """Control: a closing transaction whose reply was cut is written again."""
    rates = Rates(cut_reply=0.3)
    found = await until_found(
        lambda here: cut_commits(here, rng, 6, rates=rates, without=["committed"])
    )
    figures("control: COMMIT replies cut, without 'committed'", found=found)
