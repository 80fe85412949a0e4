"""Tests of `pantheon.db.wake`: notices between processes, also across lost connections."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest

from pantheon.base import ids
from pantheon.db.pool import Database, Notice
from pantheon.db.wake import BURST, CHANNEL, SPACING_SECONDS, Wake

LISTENING = ("LISTEN pantheon",)
IDLE = (*LISTENING, "SET synchronous_commit = off")


class Peer:
    """What another process would have: pools, a wake, and a list of what it was told."""

    def __init__(self, url: str) -> None:
        self.db = Database(url)
        self.wake = Wake(self.db)
        self.told: asyncio.Queue[Notice] = asyncio.Queue()
        self.wake.on_notice(self.told.put_nowait)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Peer"]:
        task = asyncio.create_task(self.wake.run())
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def next(self) -> Notice:
        async with asyncio.timeout(5):
            return await self.told.get()


@pytest.fixture
async def admin(server) -> AsyncIterator[psycopg.AsyncConnection]:
    async with await psycopg.AsyncConnection.connect(server.admin_url, autocommit=True) as conn:
        yield conn


@pytest.fixture
async def pair(server, admin) -> AsyncIterator[tuple[Peer, Peer]]:
    """Two processes that listen to each other."""
    one, two = Peer(server.url), Peer(server.url)
    async with one.running(), two.running():
        await connected(admin, 4, IDLE)
        yield one, two


async def connected(
    admin: psycopg.AsyncConnection, count: int, queries: tuple[str, ...] = LISTENING
) -> None:
    """Wait until so many connections have one of `queries` as their last."""
    statement = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND query = ANY (%s)"
    )
    async with asyncio.timeout(10):
        while (await (await admin.execute(statement, (list(queries),))).fetchone()) != (count,):
            await admin.execute("SELECT pg_sleep(0.01)")


async def test_a_notice_reaches_the_other_process(pair):
    one, two = pair
    session = ids.new()
    one.db.announce([Notice("born", session, payload="for this process alone")])
    one.db.announce([Notice("events", session, payload="not sent")])
    one.db.announce([Notice("work")])
    assert [await two.next(), await two.next()] == [Notice("events", session), Notice("work")]
    two.db.announce([Notice("cancel", session)])
    assert await one.next() == Notice("cancel", session)
    # Its own come back to it on the same channel, before the other's, and are passed over.
    assert one.told.empty()
    assert two.told.empty()


async def test_a_transaction_tells_the_other_process_after_its_commit(pair, db):
    one, two = pair
    await one.db.open()
    async with one.db.transaction(None) as conn:
        conn.notices.append(Notice("work"))
        await asyncio.sleep(0)
        assert two.told.empty()
    assert await two.next() == Notice("work")
    await one.db.close()


async def test_many_at_once_are_one_and_a_burst_is_followed_by_a_pause(pair, server):
    one, _ = pair
    sessions = [ids.new() for _ in range(3 * BURST)]
    one.db.announce([Notice("born", ids.new())])
    loop = asyncio.get_running_loop()
    async with await psycopg.AsyncConnection.connect(server.admin_url, autocommit=True) as conn:
        await conn.execute(f"LISTEN {CHANNEL}")
        arrived: list[tuple[float, str]] = []
        for session in sessions:
            for _ in range(50):
                one.db.announce([Notice("events", session)])
            async for message in conn.notifies(timeout=5, stop_after=1):
                arrived.append((loop.time(), message.payload.split(" ")[2]))
        async for message in conn.notifies(timeout=0.1):
            arrived.append((loop.time(), message.payload))
    assert [session for _, session in arrived] == [str(session) for session in sessions]
    # On average one each 10 ms, however fast they are announced.
    assert arrived[-1][0] - arrived[0][0] > (len(sessions) - 2 * BURST) * SPACING_SECONDS


async def test_both_connections_come_back_and_what_was_to_be_sent_is_sent(pair, admin):
    one, two = pair
    cut = """
        SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()
    """
    await admin.execute(cut)
    await connected(admin, 2)
    session = ids.new()
    one.db.announce([Notice("events", session)])
    assert await two.next() == Notice("events", session)


async def test_a_notice_during_the_loss_is_sent_afterwards(server, admin):
    one, two = Peer(server.url), Peer(server.url)
    async with two.running():
        await connected(admin, 1)
        session = ids.new()
        # Nothing runs yet: as while the connection is away.
        one.db.announce([Notice("events", session)])
        async with one.running():
            assert await two.next() == Notice("events", session)
            sender = await admin.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND query LIKE 'SELECT pg_notify%'"
            )
            assert await sender.fetchall() == [(True,)]
            other = ids.new()
            one.db.announce([Notice("events", other)])
            assert await two.next() == Notice("events", other)


async def test_words_of_others_on_the_channel_are_passed_over(pair, admin):
    _, two = pair
    session = ids.new()
    await admin.execute("SELECT pg_notify('pantheon', 'someone unknown ')")
    await admin.execute("SELECT pg_notify('pantheon', %s)", (f"someone events {session}",))
    assert await two.next() == Notice("events", session)
