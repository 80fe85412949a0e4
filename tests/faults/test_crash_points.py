"""Ended at every named point on a turn's way, in all modes at once: the next worker finishes."""

from uuid import UUID, uuid4

import httpx2
import pytest

from pantheon.base.crashpoints import CRASH_POINTS
from tests import make
from tests.faults.books import check
from tests.faults.world import MODES, World

WORKER_POINTS = [point for point in CRASH_POINTS if not point.startswith("accept.")]
CRASHED = 99
# What lies between the raise of a hold and the charge of the request that needed it.
RAISED_POINTS = (
    "step.attempt_committed", "step.answered", "step.before_close", "step.before_commit",
)  # fmt: skip
MOVED = """
    SELECT kind, count(*) FROM postings WHERE hold_id IS NOT NULL GROUP BY kind ORDER BY kind
"""


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


async def overlong(here: World) -> UUID:
    """Open a round table whose first agent writes far more than it may.

    That pays no more than was set aside for it; the second has to read it, and needs a raise.
    """
    async with here.db.transaction(here.who.workspace_id) as conn:
        agents = [
            await make.make_agent(
                conn, here.who, model=f"fake/{model}", parameters={"max_output_tokens": 50}
            )
            for model in ("ok-1000", "ok-40")
        ]
        room = await make.make_room(conn, here.who, agents=agents, mode="roundtable")
        return UUID((await make.make_session(conn, here.who, room=room))["id"])


@pytest.mark.parametrize("point", RAISED_POINTS)
async def test_a_worker_that_ends_between_a_raise_and_its_charge_pays_once(
    here: World, point: str
) -> None:
    api = await here.start("api")
    await here.ask(api, await overlong(here), "roundtable")
    crashed = await here.start("worker", crash_at=f"{point}:2")
    assert await crashed.ended == CRASHED
    assert await here.rows(MOVED) == [("charge", 1), ("hold", 1), ("raise", 1)]
    await here.start("worker")
    (turn,) = await here.all_over()
    assert turn["status"] == "completed"
    # What the lost attempt had of the raised hold is free for the one after it.
    moved = [("charge", 2), ("hold", 1), ("raise", 1), ("release", 1)]
    assert await here.rows(MOVED) == moved
    outcomes = await here.rows("SELECT outcome FROM llm_call_events ORDER BY created_at, number")
    assert [outcome for (outcome,) in outcomes] == ["completed", "lost", "completed"]
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
