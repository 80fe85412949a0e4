"""Many POSTs to one session at the same moment: one is taken, all others are told of it."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from uuid import UUID

import httpx2

from tests.faults.books import check
from tests.faults.conftest import Figures, Search, Size
from tests.faults.processes import Process
from tests.faults.world import World

AT_ONCE = 32


async def collide(
    here: World, apis: Sequence[Process], session_id: UUID, rounds: int
) -> Counter[int | str]:
    """POST to one session from many clients at once, so many rounds; return what was answered.

    Asserts that each round has one 201, and 409 `turn_in_progress` for the rest.
    """
    answers: Counter[int | str] = Counter()
    for _ in range(rounds):
        round_ = await asyncio.gather(
            *(here.post(apis[i % len(apis)], session_id, "direct") for i in range(AT_ONCE))
        )
        told = Counter(_told(response) for response in round_)
        answers += told
        assert told == {201: 1, "409 turn_in_progress": AT_ONCE - 1}, f"{dict(told)}"
        # The model never answers: the turn lasts until all have been told, and ends here.
        taken = next(response.json() for response in round_ if response.status_code == 201)
        assert (await here.cancel(apis[0], taken, "now")).status_code == 202
        await here.all_over()
    return answers


def _told(response: httpx2.Response) -> int | str:
    if response.status_code == 201:
        return 201
    return f"{response.status_code} {response.json().get('code')}"


async def deadlocks(here: World) -> int:
    """Return how many deadlocks the database has seen."""
    query = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    return int((await here.rows(query))[0][0])


async def test_one_of_many_posts_is_taken(here: World, size: Size, figures: Figures) -> None:
    rounds = size(50, 200)
    # A worker of its own process, and one beside an API, whose turns are born leased.
    apis = [await here.start("api"), await here.start("up")]
    await here.start("worker")
    session_id = await here.session("direct", "stall")
    answers = await collide(here, apis, session_id, rounds)
    turns = await here.turns()
    assert len(turns) == rounds
    assert {turn["status"] for turn in turns} == {"cancelled"}
    assert await deadlocks(here) == 0
    await check(here)
    figures(
        f"{AT_ONCE} POSTs at once to one session",
        rounds=rounds,
        taken=answers[201],
        refused_409=answers["409 turn_in_progress"],
        others=answers.total() - rounds * AT_ONCE,
        deadlocks=0,
    )


async def test_without_its_constraints_more_than_one_is_taken(
    until_found: Search, figures: Figures
) -> None:
    """Control: the unique indexes, and the head that moves only from where it was seen."""

    async def collide_freely(here: World) -> None:
        api = await here.start("api", without=["head"])
        session_id = await here.session("direct", "stall")
        async with await here.as_owner() as conn:
            await conn.execute("DROP INDEX turns_one_live")
            await conn.execute("ALTER TABLE turns DROP CONSTRAINT turns_session_index")
        await collide(here, [api], session_id, 3)

    found = await until_found(collide_freely)
    figures("control: POSTs at once without the constraints", found=found)
