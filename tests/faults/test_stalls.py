"""Workers that stand still past their lease and then go on: the fence stops them, wherever."""

from collections.abc import Collection
from typing import Any

import pytest

from tests.faults.books import Tally, check
from tests.faults.conftest import Figures, Search, Size
from tests.faults.test_crash_points import WORKER_POINTS
from tests.faults.world import MODES, World

MODEL = "paced-20-10-40"
BEFORE_WRITING = ("step.before_attempt", "step.attempt_committed", "step.before_close")
IN_TRANSACTION = ("step.before_commit", "finalize.before_commit")


async def overtake(here: World, point: str, without: Collection[str] = ()) -> Tally:
    """Let two workers overtake each other on turns of all modes.

    The first stalls at `point`. The second takes its turns over and stalls in the middle of
    answers. The first goes on, as if its leases were still its own, and later claims the turns
    anew and ends them. At last the second goes on. Asserts that each stops where it was overtaken.
    """
    api = await here.start("api")
    for mode in MODES:
        await here.ask(api, await here.session(mode, MODEL), mode)
    first = await here.start("worker", without=without, crash_at=f"{point} stall")
    await first.until_stalled()
    second = await here.start("worker", without=without, crash_at="step.first_text:3 stall")
    await second.until_stalled()
    first.go_on()
    turns = await here.all_over()
    assert [turn["status"] for turn in turns] == ["completed"] * len(MODES)
    await here.end(first)
    told = await _log(here)
    second.go_on()
    # It is well: it takes what comes next, and has not touched what is over.
    await here.ask(api, await here.session("direct", "ok"), "direct")
    await here.all_over()
    touched = {row[0] for row in set(await _log(here)) ^ set(told)}
    assert len(touched) == 1, f"turns that were written to after they were over: {touched}"
    return await check(here)


async def _log(here: World) -> list[Any]:
    return await here.rows(
        """
        SELECT e.turn_id, e.seq, e.type FROM turns t
        JOIN turn_events e ON e.workspace_id = t.workspace_id AND e.turn_id = t.id
        ORDER BY t.id, e.seq
        """
    )


@pytest.mark.parametrize("point", WORKER_POINTS)
async def test_the_fence_stops_a_worker_that_was_overtaken(
    here: World, size: Size, figures: Figures, point: str
) -> None:
    if point not in size(BEFORE_WRITING, WORKER_POINTS):
        pytest.skip("in the long form")
    tally = await overtake(here, point)
    figures(f"a worker stalled at {point}, overtaken twice", **tally.said, written_after=0)


@pytest.mark.parametrize("point", ["step.before_attempt", "step.before_close"])
async def test_without_the_fence_both_go_on(
    until_found: Search, figures: Figures, point: str
) -> None:
    """Control: whoever held a lease once may write for ever.

    Which steps the second is in when it stalls is chance: the first may meet none of them.
    """
    found = await until_found(lambda here: overtake(here, point, without=["fence"]))
    figures(f"control: a worker stalled at {point} without 'fence'", found=found)


@pytest.mark.parametrize("point", IN_TRANSACTION)
async def test_a_worker_that_stalls_in_a_transaction_holds_nobody_up(
    here: World, point: str
) -> None:
    """It has locked a turn, which no other can claim before the database takes the lock back."""
    api = await here.start("api")
    for mode in MODES:
        await here.ask(api, await here.session(mode, MODEL), mode)
    stalled = await here.start("worker", crash_at=f"{point} stall")
    await stalled.until_stalled()
    await here.start("worker")
    turns = await here.all_over()
    assert [turn["status"] for turn in turns] == ["completed"] * len(MODES)
    stalled.go_on()
    await here.ask(api, await here.session("direct", "ok"), "direct")
    await here.all_over()
    await check(here)
