"""Ended at every named point on a turn's way, in all modes at once: the next worker finishes."""

from uuid import uuid4

import httpx2
import pytest

from pantheon.base.crashpoints import CRASH_POINTS
from tests.faults.books import check
from tests.faults.world import MODES, World

WORKER_POINTS = [point for point in CRASH_POINTS if not point.startswith("accept.")]
CRASHED = 99


@pytest.mark.parametrize("checkpoints", ["kept", "deleted"])
@pytest.mark.parametrize("point", WORKER_POINTS)
async def test_a_worker_that_ends_here_loses_nothing(
    here: World, point: str, checkpoints: str
) -> None:
    api = await here.start("api")
    for mode in MODES:
        await here.ask(api, await here.session(mode, "paced-20-2-20"), mode)
    # The second passage: by then some steps of some modes are done, and others begin.
    passage = 1 if point.startswith("approve.") else 2
    crashed = await here.start("worker", crash_at=f"{point}:{passage}")
    assert await crashed.ended == CRASHED
    if checkpoints == "deleted":
        await here.forget_checkpoints()
    await here.start("worker")
    turns = await here.all_over()
    assert [turn["status"] for turn in turns] == ["completed"] * len(MODES)
    await check(here)


@pytest.mark.parametrize("point", ["accept.before_commit", "accept.committed"])
async def test_an_api_that_ends_while_accepting_doubles_nothing(here: World, point: str) -> None:
    await here.start("worker")
    crashing = await here.start("api", crash_at=point)
    session_id = await here.session("direct", "ok")
    key = uuid4().hex
    with pytest.raises(httpx2.TransportError):
        await here.post(crashing, session_id, "direct", key=key)
    assert await crashing.ended == CRASHED
    api = await here.start("api")
    accepted = await here.ask(api, session_id, "direct", key=key)
    turns = await here.all_over()
    assert [(str(turn["id"]), turn["status"]) for turn in turns] == [(accepted["id"], "completed")]
    await check(here)
