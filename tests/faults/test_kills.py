"""Workers killed at random moments under load, in all modes: nothing is lost, nothing is doubled.

How long a kill waits is counted in closed steps, not in time: so turns go on between, on a busy
machine as on an idle one.
"""

import asyncio
import random
from collections.abc import Collection
from typing import Any

import pytest

from tests.faults.books import Tally, check
from tests.faults.conftest import Figures, Search, Size
from tests.faults.load import Load, check_acknowledged
from tests.faults.world import World

# So many steps have closed, and none is so far unlucky that one more death would end its turn: at
# five without a closed step between a turn fails visibly, which is another test's subject.
MAY_KILL = """
    SELECT (SELECT count(*) FROM steps WHERE finished_at IS NOT NULL) >= %s
       AND NOT EXISTS (SELECT FROM turns WHERE finished_at IS NULL AND takeovers >= 3)
       AND NOT EXISTS (SELECT FROM steps WHERE finished_at IS NULL AND lost_attempts >= 3)
"""


async def kill_workers(
    here: World,
    rng: random.Random,
    kills: int,
    *,
    forgetful: bool = False,
    without: Collection[str] = (),
) -> Load:
    """Kill one of two workers so many times, another takes its place; return the load at its end.

    `forgetful`: all checkpoints are deleted, at moments of their own.
    """
    api = await here.start("api")
    workers = [await here.start("worker", without=without) for _ in range(2)]
    load = Load(here, rng, lambda: api)
    forgetting = asyncio.create_task(_forget(here, rng)) if forgetful else None
    async with load.running():
        for _ in range(kills):
            closed = await here.rows("SELECT count(*) FROM steps WHERE finished_at IS NOT NULL")
            await here.until(MAY_KILL, closed[0][0] + rng.randint(0, 4))
            await asyncio.sleep(rng.uniform(0, 0.1))
            chosen = rng.randrange(2)
            await here.end(workers[chosen])
            workers[chosen] = await here.start("worker", without=without)
    if forgetting is not None:
        forgetting.cancel()
    return load


async def _forget(here: World, rng: random.Random) -> None:
    while True:
        await asyncio.sleep(rng.uniform(0, 0.3))
        await here.forget_checkpoints()


async def kill_and_check(here: World, rng: random.Random, kills: int, **given: Any) -> Tally:
    """Kill workers, then look into the books."""
    load = await kill_workers(here, rng, kills, **given)
    await check_acknowledged(here, load)
    return await check(here)


@pytest.mark.parametrize("checkpoints", ["kept", "deleted"])
async def test_killed_workers_lose_and_double_nothing(
    here: World, rng: random.Random, size: Size, figures: Figures, checkpoints: str
) -> None:
    kills = size(52, 250)
    tally = await kill_and_check(here, rng, kills, forgetful=checkpoints == "deleted")
    assert tally.lost > kills / 10, "too few kills hit a call"
    takeovers = sum(turn["lease_epoch"] - 1 for turn in await here.turns())
    figures(
        f"kill -9 of workers at random, checkpoints {checkpoints}",
        kills=kills,
        takeovers=takeovers,
        **tally.said,
        turns_lost=0,
        charged_twice=0,
    )


@pytest.mark.parametrize("guard", ["lost", "read_through"])
async def test_without_a_guard_kills_are_seen_in_the_books(
    until_found: Search, rng: random.Random, figures: Figures, guard: str
) -> None:
    """Control: what is left open or asked again has to be found."""
    found = await until_found(lambda here: kill_and_check(here, rng, 6, without=[guard]))
    figures(f"control: kill -9 of workers without '{guard}'", found=found)
