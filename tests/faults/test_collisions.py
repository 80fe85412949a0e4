"""Two that meet at a named point: the first stands still there, the second comes, both go on.

Nothing here is left to chance or to the clock: a process stalls at a crash point, and what runs
into it is seen to wait in the database, or to have come through, before the process goes on.
"""

import asyncio
from collections.abc import Collection
from uuid import UUID, uuid4

import httpx2
import pytest

from tests.faults.books import check
from tests.faults.conftest import Figures, must_fail
from tests.faults.postgres import Postgres
from tests.faults.processes import Process
from tests.faults.world import ANSWER_SECONDS, MODES, World

WAITS = """
    SELECT EXISTS (
        SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid)
        WHERE NOT l.granted AND a.datname = current_database()
    )
"""
MODEL = "paced-20-10-40"
Answer = asyncio.Task[httpx2.Response]


async def met(here: World, second: Answer) -> bool:
    """Wait until `second` waits for a lock in the database (true), or has come through."""
    waiting = asyncio.create_task(here.until(WAITS))
    await asyncio.wait({waiting, second}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    return not second.done()


async def accepting(
    here: World,
    session_id: UUID,
    mode: str = "direct",
    *,
    point: str = "accept.before_commit",
    key: str | None = None,
    without: Collection[str] = (),
) -> tuple[Process, Answer]:
    """Have an API that stands still while it accepts a turn, and its answer to be."""
    api = await here.start("api", crash_at=f"{point} stall", without=without)
    answer = asyncio.create_task(here.post(api, session_id, mode, key=key))
    await api.until_stalled()
    return api, answer


@pytest.mark.parametrize("first_dies", [False, True], ids=["commits", "dies"])
@pytest.mark.parametrize("key", [None, "key"])
async def test_a_post_meets_one_that_is_not_committed(
    here: World, first_dies: bool, key: str | None
) -> None:
    """It waits for the other; then it is refused, answered with the other's turn, or taken."""
    session_id, key = await here.session("direct", "stall"), key and uuid4().hex
    other = await here.start("api")
    api, first = await accepting(here, session_id, key=key)
    second = asyncio.create_task(here.post(other, session_id, "direct", key=key))
    assert await met(here, second)
    if first_dies:
        await here.end(api)
        with pytest.raises(httpx2.TransportError):
            await first
        assert (await second).status_code == 201
    else:
        api.go_on()
        assert (await first).status_code == 201
        told = (await second).json()
        if key:
            assert told["id"] == (await first).json()["id"]
        else:
            assert told["code"] == "turn_in_progress"
    assert len(await here.turns()) == 1


async def test_a_switch_of_the_head_meets_a_turn_that_is_not_committed(here: World) -> None:
    """It waits for the turn, and is refused because that runs."""
    session_id = await here.session("direct", "ok")
    other = await here.start("api")
    worker = await here.start("worker")
    turns = []
    for _ in range(2):
        turns.append(await here.ask(other, session_id, "direct"))
        await here.all_over()
    await here.end(worker)
    api, first = await accepting(here, session_id)
    url, head = f"{other.url}/api/v1/sessions/{session_id}", turns[0]["id"]
    switching = asyncio.create_task(here.client.patch(url, json={"head_turn_id": head}))
    assert await met(here, switching)
    api.go_on()
    assert (await first).status_code == 201
    assert (await switching).json()["code"] == "turn_in_progress"


async def delete_at(
    here: World,
    what: str,
    point: str,
    *,
    seconds: float = ANSWER_SECONDS,
    without: Collection[str] = (),
) -> None:
    """Delete a turn's session or room while it is being accepted; assert that it does not run."""
    session_id = await here.session("roundtable", "stall")
    path = f"sessions/{session_id}"
    if what == "room":
        (room_id,) = (await here.rows("SELECT room_id FROM sessions WHERE id = %s", session_id))[0]
        path = f"rooms/{room_id}"
    other = await here.start("api")
    await here.start("worker")
    api, first = await accepting(here, session_id, "roundtable", point=point, without=without)
    deleting = asyncio.create_task(here.client.delete(f"{other.url}/api/v1/{path}"))
    await met(here, deleting)
    api.go_on()
    answer = await first
    assert (await deleting).status_code == 204
    if answer.status_code == 404:
        assert await here.turns() == []
    else:
        assert answer.status_code == 201
        assert [turn["status"] for turn in await here.all_over(seconds)] == ["cancelled"]


@pytest.mark.parametrize("what", ["session", "room"])
@pytest.mark.parametrize("point", ["accept.frozen", "accept.before_commit"])
async def test_a_turn_meets_the_end_of_its_place(here: World, what: str, point: str) -> None:
    """It is refused, or cancelled: it is committed after the deletion, or just before."""
    await delete_at(here, what, point)


async def test_a_turn_that_does_not_look_runs_in_a_room_that_is_gone(
    here: World, figures: Figures
) -> None:
    """Control: the head moves whatever has become of session and room."""
    harness = delete_at(here, "room", "accept.frozen", seconds=5, without=["head"])
    found = await must_fail(harness)
    figures("control: a turn meets the end of its room without 'head'", found=found)


async def cancel_at(here: World, mode: str, point: str, without: Collection[str] = ()) -> int:
    """Cancel a turn whose worker stands still at `point`; return what was told.

    Asserts that it comes true, or is told to come too late.
    """
    api = await here.start("api", without=without)
    turn = await here.ask(api, await here.session(mode, MODEL), mode)
    worker = await here.start("worker", crash_at=f"{point} stall")
    await worker.until_stalled()
    cancelling = asyncio.create_task(here.cancel(api, turn, "now"))
    await met(here, cancelling)
    worker.go_on()
    told = await cancelling
    await here.all_over()
    ended = await here.view(api, turn)
    if told.status_code == 409:
        assert told.json()["code"] == "already_terminal"
        assert ended["status"] == "completed"
    else:
        assert told.status_code == 202
        assert ended["status"] in ("cancelled", "completed")
    await check(here)
    return told.status_code


async def cancel_too_late(here: World, mode: str, without: Collection[str] = ()) -> None:
    """Cancel a turn in the middle of the transaction that ends it; assert that this is told."""
    told = await cancel_at(here, mode, "finalize.before_commit", without)
    assert told == 409, f"told {told} of a turn that is over"


@pytest.mark.parametrize("mode", MODES)
async def test_a_cancel_meets_the_closing_commit(here: World, figures: Figures, mode: str) -> None:
    """The transaction that ends the turn holds it: the cancel comes too late, and says so."""
    await cancel_too_late(here, mode)
    figures(f"a cancel meets the closing commit ({mode})", told=409, turn="completed")


async def test_a_cancel_that_does_not_look_tells_a_lie(here: World, figures: Figures) -> None:
    """Control: a turn is cancelled whether it is over or not."""
    found = await must_fail(cancel_too_late(here, "direct", without=["over"]))
    figures("control: a cancel meets the closing commit without 'over'", found=found)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "point", ["step.attempt_committed", "step.first_text", "step.before_close", "step.closed"]
)
async def test_a_cancel_comes_at_any_other_moment(here: World, mode: str, point: str) -> None:
    """What was answered by then is kept and paid, what was not is not; the turn ends once."""
    await cancel_at(here, mode, point)


@pytest.mark.parametrize("point", ["step.before_commit", "finalize.before_commit"])
async def test_the_database_dies_in_the_closing_transaction(
    on_its_own: World, postgres: Postgres, figures: Figures, point: str
) -> None:
    """The answer is there, nothing of it is committed: it is stored when the database is back."""
    here = on_its_own
    api = await here.start("api")
    for mode in MODES:
        await here.ask(api, await here.session(mode, MODEL), mode)
    worker = await here.start("worker", crash_at=f"{point} stall")
    await worker.until_stalled()
    await postgres.stop_at_once()
    await postgres.start()
    worker.go_on()
    turns = await here.all_over()
    assert [turn["status"] for turn in turns] == ["completed"] * len(MODES)
    tally = await check(here)
    assert tally.lost == 0
    figures(f"PostgreSQL dies at {point}", **tally.said, answers_thrown_away=0)
