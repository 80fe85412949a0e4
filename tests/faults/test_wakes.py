"""Wake-ups that are lost, and a NOTIFY that blocks all others: turns and readers go on."""

import asyncio
from collections.abc import AsyncIterator, Collection
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.faults.books import check
from tests.faults.conftest import Figures, must_fail
from tests.faults.postgres import own_postgres
from tests.faults.processes import Nursery
from tests.faults.reader import Reader, check_reader
from tests.faults.world import MODES, World, world

MODEL = "paced-20-10-40"
CONTROL_SECONDS = 6.0
HANGS = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
STANDBY_MISSING = {
    "wal_level": "replica",
    "max_wal_senders": "2",
    "synchronous_standby_names": "nobody",
    "synchronous_commit": "local",
}


async def ask_and_read(
    here: World, seconds: float, without: Collection[str] = ()
) -> tuple[int, float]:
    """Ask a turn of each mode and read it at a process that does not run it, all in `seconds`.

    Returns how many turns that were, and how long they took.
    """
    api = await here.start("api", without=without)
    await here.start("worker", without=without)
    sessions = {await here.session(mode, MODEL): mode for mode in MODES}
    readers = {Reader(here, session_id, lambda: api): session_id for session_id in sessions}
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
        for reader in readers:
            group.create_task(reader.read(1))
        for session_id, mode in sessions.items():
            await here.ask(api, session_id, mode)
    took = loop.time() - began
    for reader, session_id in readers.items():
        await check_reader(here, reader, session_id)
    assert {turn["status"] for turn in await here.all_over()} == {"completed"}
    await check(here)
    return len(sessions), took


async def test_turns_go_on_though_every_wake_up_is_lost(here: World, figures: Figures) -> None:
    turns, took = await ask_and_read(here, 60, without=["notify"])
    figures("every NOTIFY lost", turns=turns, took_s=round(took, 1), turns_lost=0)


async def test_without_the_poll_a_lost_wake_up_is_missed(here: World, figures: Figures) -> None:
    """Control: nobody looks by himself."""
    found = await must_fail(ask_and_read(here, CONTROL_SECONDS, without=["notify", "poll"]))
    figures("control: every NOTIFY lost, without 'poll'", found=found or "nothing comes")


@pytest.fixture
async def here_with_a_hanging_notify(
    own_folder: Path, fakes: str, tmp_path: Path, nursery: Nursery
) -> AsyncIterator[World]:
    """An installation on whose PostgreSQL the commit of a NOTIFY hangs.

    It waits for a standby that is not there, and holds the lock that puts all commits with a
    NOTIFY in order; nobody else's commit waits for standbys.
    """
    async with (
        own_postgres(own_folder, **STANDBY_MISSING) as postgres,
        world(await postgres.server(), fakes, tmp_path, nursery) as here,
        await here.as_owner() as watching,
        await here.as_owner() as notifying,
    ):
        hanging = asyncio.create_task(_notify_until_it_hangs(notifying))
        async with asyncio.timeout(60):
            await _until_it_hangs(watching)
        yield here
        await notifying.cancel_safe()
        await hanging


async def _until_it_hangs(conn: psycopg.AsyncConnection[Any]) -> None:
    while True:
        if await (await conn.execute(HANGS)).fetchone() is not None:
            return
        await asyncio.sleep(0.02)


async def _notify_until_it_hangs(conn: psycopg.AsyncConnection[Any]) -> None:
    """Commit a NOTIFY that waits for the standby; the server warns when that is cut short.

    Just after its start it does not wait yet.
    """
    warned = asyncio.Event()
    conn.add_notice_handler(lambda _: warned.set())
    await conn.execute("SET synchronous_commit = 'on'")
    while not warned.is_set():
        await conn.execute("NOTIFY elsewhere")


async def test_a_notify_that_blocks_all_others_holds_up_no_turn(
    here_with_a_hanging_notify: World, figures: Figures
) -> None:
    turns, took = await ask_and_read(here_with_a_hanging_notify, 60)
    figures("a NOTIFY that blocks all others", turns=turns, took_s=round(took, 1), turns_lost=0)


async def test_a_notify_inside_the_transaction_is_blocked_with_it(
    here_with_a_hanging_notify: World, figures: Figures
) -> None:
    """Control: the NOTIFY is no statement of its own."""
    harness = ask_and_read(here_with_a_hanging_notify, CONTROL_SECONDS, without=["own_statement"])
    found = await must_fail(harness)
    figures("control: a NOTIFY that blocks, without 'own_statement'", found=found or "no answer")
