"""Orchestrated turns whose workers die in each phase: the same decisions, nothing asked twice."""

from typing import Any
from uuid import UUID

import pytest

from tests import make
from tests.faults.books import check
from tests.faults.test_crash_points import CRASHED
from tests.faults.world import World
from tests.turns.stories import FINISH, FIRST, SECOND, delegate, on

MODEL = "paced-20-2-20"
ASKED = delegate("a0", "a1")
SCRIPT = "\n".join([on(FIRST, ASKED), on(SECOND, FINISH), f"on Write the answer => as: {MODEL}"])
STEPS = ["route1", "r1.1:a0", "r1.2:a1", "route2", "synth"]
POINTS = ("step.attempt_committed", "step.answered", "step.closed")


async def managed(here: World, approve: str = "never") -> UUID:
    """Open a session in a room whose manager asks both agents, then finishes."""
    async with here.db.transaction(here.who.workspace_id) as conn:
        agents = [
            await make.make_agent(conn, here.who, f"a{i}", model=f"fake/{MODEL}") for i in range(2)
        ]
        room = await make.make_room(
            conn, here.who, agents=agents, mode="orchestrator", modes=("orchestrator",),
            goal="Ship.", approve=approve, manager={"model": "fake/scripted", "prompt": SCRIPT},
        )  # fmt: skip
        return UUID((await make.make_session(conn, here.who, room=room))["id"])


async def told(here: World, between: list[str] | None = None) -> None:
    """Assert that the turn has gone the one way that its decisions lead, each asked for once."""
    ((status, reason),) = await here.rows("SELECT status, stop_reason FROM turns")
    assert (status, reason) == ("completed", None)
    steps = await here.rows(
        "SELECT step_key, status, decision, attempts - lost_attempts FROM steps"
        " ORDER BY round, position, id"
    )
    keys = [*STEPS[:1], *(between or []), *STEPS[1:]]
    assert [(step[0], step[1]) for step in steps] == [(key, "completed") for key in keys]
    decided: list[Any] = [step[2] for step in steps if step[0].startswith("route")]
    assert decided == [ASKED, FINISH]
    assert all(asked == (0 if key in (between or []) else 1) for key, _, _, asked in steps)
    await check(here)


@pytest.mark.parametrize("passage", range(1, 6))
@pytest.mark.parametrize("point", POINTS)
async def test_a_worker_that_dies_here_changes_no_decision(
    here: World, point: str, passage: int
) -> None:
    """Five steps pass each point: a decision, two agents, a decision, the synthesis."""
    api = await here.start("api")
    await here.ask(api, await managed(here), "orchestrator")
    crashed = await here.start("worker", crash_at=f"{point}:{passage}")
    assert await crashed.ended == CRASHED
    if passage % 2:
        await here.forget_checkpoints()
    await here.start("worker")
    await here.all_over()
    await told(here)


async def test_a_wait_outlives_the_worker_that_asked(here: World) -> None:
    """Nobody runs while the user thinks: killing the worker then is no loss of any kind."""
    here.answers_approvals = False
    api = await here.start("api")
    turn = await here.ask(api, await managed(here, "plan"), "orchestrator")
    first = await here.start("worker")
    await here.until("SELECT status = 'awaiting_input' FROM turns")
    await here.end(first)
    await here.forget_checkpoints()
    approval = (await here.view(api, turn))["approval"]
    body = {"id": approval["id"], "action": "approve"}
    url = f"{api.url}/api/v1/turns/{turn['id']}/approval"
    assert (await here.client.post(url, json=body)).status_code == 202
    assert (await here.client.post(url, json=body)).status_code == 409
    await here.start("worker")
    await here.all_over()
    await told(here, ["approve1"])
    assert await here.rows("SELECT count(*) FROM llm_call_events WHERE outcome = 'lost'") == [(0,)]
