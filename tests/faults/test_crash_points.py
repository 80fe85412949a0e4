"""Ended at every named point on a turn's way, in all modes at once: the next worker finishes."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from pantheon.base.crashpoints import CRASH_POINTS
from pantheon.ops.embedded import Server
from tests.faults.world import MODES, World, world

WORKER_POINTS = [point for point in CRASH_POINTS if not point.startswith("accept.")]
CRASHED = 99


@pytest.fixture
async def here(server: Server, fakes: str, tmp_path: Path) -> AsyncIterator[World]:
    """An installation of its own."""
    async with world(server, fakes, tmp_path) as here:
        yield here


@pytest.mark.parametrize("checkpoints", ["kept", "deleted"])
@pytest.mark.parametrize("point", WORKER_POINTS)
async def test_a_worker_that_ends_here_loses_nothing(
    here: World, point: str, checkpoints: str
) -> None:
    api = await here.start("api")
    for mode in MODES:
        session_id = await here.session(mode, "paced-20-2-20")
        assert (await here.ask(api, session_id, mode)).status_code == 201
    # The second passage: by then some steps of some modes are done, and others begin.
    passage = f"{point}:2"
    crashed = await here.start("worker", PANTHEON_CRASH_AT=passage)
    assert await crashed.ended == CRASHED
    if checkpoints == "deleted":
        async with here.db.transaction(here.who.workspace_id) as conn:
            await conn.execute("DELETE FROM checkpoints.checkpoints")
            await conn.execute("DELETE FROM checkpoints.checkpoint_blobs")
            await conn.execute("DELETE FROM checkpoints.checkpoint_writes")
    await here.start("worker")
    turns = await here.all_over(20)
    assert [turn["status"] for turn in turns] == ["completed"] * len(MODES)
    await here.check()


@pytest.mark.parametrize("point", ["accept.before_commit", "accept.committed"])
async def test_an_api_that_ends_while_accepting_doubles_nothing(here: World, point: str) -> None:
    await here.start("worker")
    crashing = await here.start("api", PANTHEON_CRASH_AT=point)
    session_id = await here.session("direct", "ok")
    key = uuid4().hex
    with pytest.raises(httpx2.TransportError):
        await here.ask(crashing, session_id, "direct", key)
    assert await crashing.ended == CRASHED
    api = await here.start("api")
    answer = await here.ask(api, session_id, "direct", key)
    assert answer.status_code == 201
    turns = await here.all_over(20)
    assert [turn["status"] for turn in turns] == ["completed"]
    assert answer.json()["id"] == str(turns[0]["id"])
    await here.check()
