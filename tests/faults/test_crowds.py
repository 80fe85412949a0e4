"""Too much of everything: readers that do not read, answers without end, a crowd of turns."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Collection
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import httpx2
import psutil
import pytest

from pantheon.accounts import keys
from pantheon.accounts.roles import Who
from tests import make
from tests.faults.books import check
from tests.faults.conftest import Figures, Size, must_fail
from tests.faults.processes import Process
from tests.faults.reader import Reader
from tests.faults.world import World

MEGABYTE = 1 << 20
# Of what a process had in memory after the same load once before.
KEPT = 1.1
WARM = 6
CROWDS = 4
SETTLES_SECONDS = 60.0
HUGE = "huge"
ENDLESS = "huge-4000"
SHORT_OF_MEMORY = [(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)]
FIRST_TOKEN = "paced-500-5-20"
SLOTS = 8


def memory(process: Process) -> int:
    """Return the bytes that a process has in memory."""
    return int(psutil.Process(process.pid).memory_info().rss)


async def returns_to(process: Process, before: int) -> float:
    """Wait until a process has no more in memory than it had, or a tenth more; return the share.

    `before` is what it had after the same load: an allocator keeps what it once needed. Raises
    AssertionError where it does not come down to that.
    """
    end = asyncio.get_running_loop().time() + SETTLES_SECONDS
    while (share := memory(process) / before) > KEPT:
        assert asyncio.get_running_loop().time() < end, f"memory stays at {share:.2f} of before"
        await asyncio.sleep(0.2)
    return share


async def answered(here: World, api: Process, session_id: UUID) -> dict[str, Any]:
    """Ask, and wait for the end; returns the turn."""
    turn = await here.ask(api, session_id, "direct")
    await here.all_over(120)
    return await here.view(api, turn)


async def stand_still(
    here: World, up: Process, session_id: UUID, readers: int
) -> Callable[[], Awaitable[None]]:
    """Open so many streams of a session and read nothing; returns how to end them."""
    stack = AsyncExitStack()
    transport = httpx2.AsyncHTTPTransport(
        socket_options=SHORT_OF_MEMORY, limits=httpx2.Limits(max_connections=None)
    )
    client = await stack.enter_async_context(
        httpx2.AsyncClient(transport=transport, headers=here.headers, timeout=60)
    )
    url = f"{up.url}/api/v1/sessions/{session_id}/events"
    for _ in range(readers):
        response = await stack.enter_async_context(client.stream("GET", url))
        assert response.status_code == 200
    return stack.aclose


async def read_beside(
    here: World, up: Process, session_id: UUID, readers: int
) -> tuple[float, int]:
    """Answer 10 MB while so many readers stand still and one reads; return seconds and memory.

    Asserts that the turn completes, and that the one has the whole text.
    """
    (before,) = (await here.rows("SELECT count(*) FROM turns WHERE session_id = %s", session_id))[0]
    leave = await stand_still(here, up, session_id, readers)
    reader = Reader(here, session_id, lambda: up)
    reader.last_id = f"{before}.999999"
    reading = asyncio.create_task(reader.read(1))
    began = asyncio.get_running_loop().time()
    turn = await answered(here, up, session_id)
    took = asyncio.get_running_loop().time() - began
    async with asyncio.timeout(60):
        await reading
    most = memory(up)
    await leave()
    assert turn["status"] == "completed"
    (step,) = turn["steps"]
    assert reader.texts[step["id"]] == step["message"]["content"]
    return took, most


async def test_readers_that_do_not_read_hold_up_nobody(
    here: World, size: Size, figures: Figures
) -> None:
    """What they do not take is not kept for them; whoever reads beside them has everything."""
    up = await here.start("up")
    session_id = await here.session("direct", HUGE)
    alone, _ = await read_beside(here, up, session_id, 0)
    before, readers = memory(up), size(20, 200)
    took, most = await read_beside(here, up, session_id, readers)
    for_each = (most - before) / MEGABYTE / readers
    assert for_each < 10, f"{for_each:.1f} MB are kept for each reader: a whole answer"
    told = {}
    if size.long:
        kept = []
        for _ in range(CROWDS):
            await read_beside(here, up, session_id, readers)
            kept.append(memory(up))
        share = await returns_to(up, kept[0])
        told = {"memory_after": f"{share:.2f} of before", "memory_mb": memory(up) // MEGABYTE}
    await check(here)
    figures(
        f"{readers} readers that do not read, an answer of 10 MB",
        turn_s=round(took, 1),
        turn_alone_s=round(alone, 1),
        kept_for_each_mb=round(for_each, 1),
        **told,
    )


@pytest.mark.parametrize(
    ("model", "code"), [(HUGE, None), (ENDLESS, "answer_too_long")], ids=["10 MB", "endless"]
)
async def test_an_answer_without_measure_is_forgotten_again(
    here: World, size: Size, figures: Figures, model: str, code: str | None
) -> None:
    """It is taken up to 16 million characters; what it took of memory is given back."""
    up = await here.start("up")
    session_id = await here.session("direct", model)
    for _ in range(WARM):
        await answered(here, up, session_id)
    before = memory(up)
    rounds = size(2, 5)
    for _ in range(rounds):
        turn = await answered(here, up, session_id)
        (step,) = turn["steps"]
        assert (step["error"] or {}).get("code") == code
    share = await returns_to(up, before)
    await check(here)
    figures(
        f"an answer that is {'endless' if code else '10 MB long'}",
        answers=rounds,
        ended_as=code or "completed",
        memory_after=f"{share:.2f} of before",
    )


async def users(here: World) -> list[tuple[Who, dict[str, str]]]:
    """Return two users of one workspace, each with the header of a key."""
    made = []
    async with here.db.transaction(here.who.workspace_id) as conn:
        for _ in range(2):
            user = await make.make_user(conn, here.who)
            token, _ = await keys.create_key(conn, user, "crowd", ["read", "write"])
            made.append((user, {"Authorization": f"Bearer {token}"}))
    return made


async def open_sessions(here: World, user: Who, sessions: int) -> list[UUID]:
    """Open so many sessions of a user with an agent; the owner sees them, for the books."""
    async with here.db.transaction(here.who.workspace_id) as conn:
        agent = await make.make_agent(conn, here.who, model=f"fake/{FIRST_TOKEN}")
        made = [await make.make_session(conn, user, agent=agent) for _ in range(sessions)]
        await conn.execute("UPDATE sessions SET shared = true")
    return [UUID(session["id"]) for session in made]


async def first_text(here: World, api: Process, headers: Any, session_id: UUID) -> float:
    """Ask a question; return the seconds until the first of the answer was seen."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    turn = await ask_as(here, api, headers, session_id)
    query = "SELECT count(*) > 0 FROM turn_events WHERE turn_id = %s AND type = 'step.delta'"
    await here.until(query, UUID(turn["id"]))
    return loop.time() - began


async def ask_as(here: World, api: Process, headers: Any, session_id: UUID) -> dict[str, Any]:
    """Ask as a user."""
    url = f"{api.url}/api/v1/sessions/{session_id}/turns"
    answer = await here.client.post(url, json={"input": "What now?"}, headers=headers)
    assert answer.status_code == 201, answer.text
    turn: dict[str, Any] = answer.json()
    return turn


async def crowd(
    here: World, queued: int, asked: int, longer: float, without: Collection[str] = ()
) -> tuple[float, float]:
    """Let one user queue many turns; return how long another waits, alone and beside them.

    Asserts that it is so many times as long at most, each of `asked` times.
    """
    api = await here.start("api")
    await here.start("worker", without=without, worker_concurrency=SLOTS)
    (many, many_headers), (one, headers) = await users(here)
    theirs = await open_sessions(here, many, queued)
    own = await open_sessions(here, one, 1)
    alone = [await _alone(here, api, headers, own[0]) for _ in range(3)]
    for at in range(0, queued, 50):
        await asyncio.gather(
            *(ask_as(here, api, many_headers, session) for session in theirs[at : at + 50])
        )
    waited = [await _beside(here, api, headers, own[0]) for _ in range(asked)]
    unloaded, longest = max(alone), max(waited)
    assert longest <= longer * unloaded, f"waits {longest:.2f} s, alone {unloaded:.2f} s"
    waiting = await here.rows("SELECT count(*) FROM turns WHERE status = 'queued'")
    assert waiting[0][0] > 0, "the crowd was gone before the last was asked"
    return unloaded, longest


async def _alone(here: World, api: Process, headers: Any, session_id: UUID) -> float:
    seconds = await first_text(here, api, headers, session_id)
    await here.all_over()
    return seconds


async def _beside(here: World, api: Process, headers: Any, session_id: UUID) -> float:
    seconds = await first_text(here, api, headers, session_id)
    over = "SELECT bool_and(finished_at IS NOT NULL) FROM turns WHERE session_id = %s"
    await here.until(over, session_id)
    return seconds


async def test_a_crowd_of_turns_holds_up_nobody_else(
    here: World, size: Size, figures: Figures
) -> None:
    queued = size(120, 1000)
    # Twice is the promise; a machine that is shared is slower beside a crowd for other reasons.
    unloaded, longest = await crowd(here, queued, size(2, 10), size(4.0, 2.0))
    await here.all_over(300)
    await check(here)
    figures(
        f"{queued} queued turns of one user beside another",
        first_text_alone_s=round(unloaded, 2),
        first_text_beside_s=f"{longest:.2f} at most",
    )


async def test_without_fairness_one_waits_for_all(here: World, figures: Figures) -> None:
    """Control: first come, first served."""
    found = await must_fail(crowd(here, 120, 1, 4.0, without=["fairness"]))
    figures("control: a crowd of turns without 'fairness'", found=found)
