"""SIGTERM with running turns and open streams: the end is orderly, soon, and costs no turn."""

import asyncio
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import pytest

from tests.faults.books import check
from tests.faults.conftest import Figures, Size, must_fail
from tests.faults.processes import Process
from tests.faults.reader import Reader, check_reader
from tests.faults.world import GRACE_SECONDS, MODES, World

# Three seconds: longer than the grace.
SLOW = "paced-20-30-100"
QUICK = "paced-20-10-40"
SETTLING_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended that was asked to, and what it left."""

    code: int
    seconds: float
    statuses: Counter[str]
    open_attempts: int


async def end(here: World, process: Process) -> Ended:
    """Ask a process to end; return how it did, and what the books say at that moment."""
    loop = asyncio.get_running_loop()
    asked_at = loop.time()
    process.ask_to_end()
    async with asyncio.timeout(60):
        code = await process.ended
    seconds = loop.time() - asked_at
    statuses = Counter(turn["status"] for turn in await here.turns())
    left = await here.rows("SELECT count(*) FROM llm_call_attempts WHERE closed_at IS NULL")
    return Ended(code, seconds, statuses, left[0][0])


async def drain(
    here: World, kinds: Sequence[str], seconds: float, without: Collection[str] = ()
) -> Ended:
    """Let the last of `kinds` run turns of all modes, with a reader of each, and ask it to end.

    Asserts that it leaves no lease and no open attempt, that another goes on with what is left as
    if nothing had been, and that every reader has everything.
    """
    *apis, ending = [await here.start(kind, without=without) for kind in kinds]
    api = apis[0] if apis else ending
    sessions = {}
    for mode in MODES:
        model = QUICK if mode == "direct" else SLOW
        sessions[await here.session(mode, model, agents=2)] = mode
    there = [ending if ending.url else api]
    readers = {Reader(here, session_id, lambda: there[0]): session_id for session_id in sessions}
    reading = [asyncio.create_task(reader.read(1)) for reader in readers]
    for session_id, mode in sessions.items():
        await here.ask(api, session_id, mode)
    await here.until(
        "SELECT count(DISTINCT turn_id) = %s FROM turn_events WHERE type = 'step.delta'",
        len(MODES),
    )
    ended = await end(here, ending)
    assert ended.code == 0
    assert ended.seconds <= seconds
    assert ended.open_attempts == 0, f"{ended.open_attempts} attempts are left open"
    resting = {"queued", "awaiting_input", "completed"}
    assert set(ended.statuses) <= resting, f"{dict(ended.statuses)}"
    if not apis:
        there[0] = await here.start(ending.kind)
    await here.start("worker")
    turns = await here.all_over()
    async with asyncio.timeout(60):
        await asyncio.gather(*reading)
    assert [turn["status"] for turn in turns] == ["completed"] * len(MODES)
    assert sum(turn["takeovers"] for turn in turns) == 0, "a drain is no fault"
    for reader, session_id in readers.items():
        await check_reader(here, reader, session_id)
    return ended


@pytest.mark.parametrize("kinds", [("api", "worker"), ("up",)], ids=["worker", "up"])
async def test_a_process_that_is_asked_to_end_loses_nothing(
    here: World, size: Size, figures: Figures, kinds: Sequence[str]
) -> None:
    ended = await drain(here, kinds, size.seconds(GRACE_SECONDS + SETTLING_SECONDS))
    tally = await check(here)
    assert 0 < tally.lost <= 9, "what outlasts the grace is cut, and nothing else"
    figures(
        f"SIGTERM of a {kinds[-1]} with running turns and open streams",
        exit_after_s=round(ended.seconds, 2),
        grace_s=GRACE_SECONDS,
        **tally.said,
        turns_lost=0,
        turns_repeated=0,
    )


async def test_without_its_drain_a_worker_leaves_a_mess(here: World, figures: Figures) -> None:
    """Control: a worker that just leaves."""
    found = await must_fail(drain(here, ("api", "worker"), 60, without=["drain"]))
    figures("control: SIGTERM without 'drain'", found=found)
