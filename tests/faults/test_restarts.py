"""The database stopped under load: what was acknowledged comes true, what was paid for is kept."""

import asyncio
import random
from collections.abc import Collection
from dataclasses import dataclass

import pytest

from tests.faults.books import check
from tests.faults.conftest import Figures, Size, must_fail
from tests.faults.load import MODEL, Load, check_acknowledged
from tests.faults.postgres import Postgres
from tests.faults.processes import Process
from tests.faults.test_drains import SETTLING_SECONDS
from tests.faults.world import GRACE_SECONDS, MODES, World

# Longer than the database is away: who holds a turn then is still its holder afterwards.
LEASE_SECONDS = 8.0
READY_SECONDS = 10.0
SLOW = "paced-30-20-100"
CALLS_OUT = "SELECT count(*) >= 4 FROM llm_call_attempts WHERE closed_at IS NULL"


@dataclass(frozen=True, slots=True)
class Outages:
    """What came of stopping the database."""

    load: Load
    ready_after: list[float]


async def stop_database(
    here: World,
    postgres: Postgres,
    rng: random.Random,
    stops: int,
    ready_seconds: float,
    away_seconds: tuple[float, float] = (0.1, 2.0),
    without: Collection[str] = (),
) -> Outages:
    """Stop the database at once under load, so many times; it is away for a second or two.

    Asserts that the API is ready soon after it is back, that all that was acknowledged is
    answered, and that no answer was thrown away.
    """
    api = await here.start("api", lease_seconds=LEASE_SECONDS)
    for _ in range(2):
        await here.start("worker", without=without, lease_seconds=LEASE_SECONDS)
    load = Load(here, rng, lambda: api)
    ready_after = []
    async with load.running(MODEL):
        for _ in range(stops):
            seen = load.over
            await asyncio.sleep(rng.uniform(0.5, 1.5))
            await here.until(CALLS_OUT)
            await postgres.stop_at_once()
            await asyncio.sleep(rng.uniform(*away_seconds))
            await postgres.start()
            ready_after.append(await _until_ready(here, api))
            assert ready_after[-1] <= ready_seconds
            await load.until_over(seen + 1)
    assert set(load.answers) <= {201, 503}, f"{load.answers}"
    await check_acknowledged(here, load)
    tally = await check(here)
    assert tally.lost == 0, f"{tally.lost} answers were thrown away"
    return Outages(load, ready_after)


async def _until_ready(here: World, api: Process) -> float:
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.timeout(60):
        while True:
            if (await here.client.get(f"{api.url}/readyz")).json()["status"] == "ok":
                return loop.time() - began
            await asyncio.sleep(0.02)


async def test_a_database_that_is_stopped_loses_nothing(
    on_its_own: World, postgres: Postgres, rng: random.Random, size: Size, figures: Figures
) -> None:
    stops = size(3, 25)
    done = await stop_database(on_its_own, postgres, rng, stops, size.seconds(READY_SECONDS))
    figures(
        "PostgreSQL stopped (immediate) under load",
        stops=stops,
        turns=len(done.load.acknowledged),
        refused_503=done.load.answers[503],
        turns_lost=0,
        answers_thrown_away=0,
        ready_after_s=f"{max(done.ready_after):.1f} at most",
    )


async def test_without_repeating_what_is_stored_answers_are_thrown_away(
    on_its_own: World, postgres: Postgres, rng: random.Random, figures: Figures
) -> None:
    """Control: each transaction is tried once."""
    # So long that answers end meanwhile.
    harness = stop_database(
        on_its_own, postgres, rng, 2, 60, away_seconds=(1.5, 2.0), without=["persistence"]
    )
    found = await must_fail(harness)
    figures("control: PostgreSQL stopped without 'persistence'", found=found)


@pytest.mark.parametrize("kind", ["worker", "up"])
async def test_a_process_ends_in_time_though_the_database_is_away(
    on_its_own: World, postgres: Postgres, size: Size, figures: Figures, kind: str
) -> None:
    here = on_its_own
    ending = await here.start(kind)
    api = ending if ending.url else await here.start("api")
    for mode in MODES:
        await here.ask(api, await here.session(mode, SLOW), mode)
    await here.until(CALLS_OUT)
    await postgres.stop_at_once()
    loop = asyncio.get_running_loop()
    asked_at = loop.time()
    ending.ask_to_end()
    async with asyncio.timeout(120):
        code = await ending.ended
    seconds = loop.time() - asked_at
    assert (code, seconds <= size.seconds(GRACE_SECONDS + SETTLING_SECONDS)) == (0, True), seconds
    await postgres.start()
    await here.start("up")
    assert {turn["status"] for turn in await here.all_over()} == {"completed"}
    await check(here)
    figures(f"SIGTERM of a {kind} while PostgreSQL is away", exit_after_s=round(seconds, 2))
