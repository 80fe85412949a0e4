"""Tests of `pantheon.db.pool`: transactions that carry their workspace and survive the server."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from pantheon.base import ids
from pantheon.base.errors import UNAVAILABLE, Problem
from pantheon.db import migrate, pool
from pantheon.db.pool import Database, Notice
from pantheon.db.roles import ROLES_MISSING
from pantheon.ops import pg_process
from pantheon.ops.pg_account import server_account
from pantheon.ops.pg_binaries import Binaries, find_binaries
from pantheon.ops.pg_cluster import (
    DATABASE,
    LOGIN_ROLE,
    SUPERUSER,
    Cluster,
    conninfo,
    listen_options,
    make_login,
    read_pid_file,
)

INSERT = "INSERT INTO workspaces (id, name) VALUES (%s, 'Test')"
BACKEND = "SELECT pg_backend_pid()"


async def one(conn: psycopg.AsyncConnection, statement: str, *values: object) -> object:
    row = await (await conn.execute(statement.encode(), values or None)).fetchone()
    return row[0] if row else None


@pytest.fixture
async def narrow(server) -> AsyncIterator[Database]:
    """A database with a single connection, so that each transaction gets the one before."""
    db = Database(server.url, size=1)
    await db.open()
    yield db
    await db.close()


@pytest.fixture
async def own_cluster(run_folder) -> tuple[Cluster, Binaries]:
    """A cluster of the test's own, made and not started, with the programs for it."""
    folder = run_folder / f"own-{ids.new().hex}"
    folder.mkdir()
    folder.chmod(0o711)
    it = Cluster(folder, server_account(folder / "data"))
    binaries = find_binaries(None, it.account, folder / "programs")
    await pg_process.initialise(it, binaries, sync=False)
    return it, binaries


async def end_backends(server) -> None:
    """Cut every connection of the test's database, as a restart of the server does."""
    async with await psycopg.AsyncConnection.connect(server.admin_url, autocommit=True) as admin:
        await admin.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


async def test_the_workspace_lasts_as_long_as_the_transaction(narrow):
    workspace = ids.new()
    setting = "SELECT current_setting('pantheon.workspace_id', true)"
    async with narrow.transaction(workspace) as conn:
        assert await one(conn, setting) == str(workspace)
        assert await one(conn, "SELECT current_user::text") == "pantheon_app"
        await conn.execute(INSERT, (workspace,))
        assert await one(conn, "SELECT count(*) FROM workspaces") == 1
        backend = await one(conn, BACKEND)
    async with narrow.transaction(None) as conn:
        assert await one(conn, BACKEND) == backend
        assert await one(conn, setting) == ""
        assert await one(conn, "SELECT count(*) FROM workspaces") == 0


async def test_the_sweep_is_another_role(db):
    async with db.sweep() as conn:
        assert await one(conn, "SELECT current_user::text") == "pantheon_sweep"


async def test_a_snapshot_sees_one_moment(db, who):
    count = "SELECT count(*) FROM users"
    async with db.transaction(who.workspace_id, snapshot=True) as early:
        assert await one(early, count) == 1
        async with db.transaction(who.workspace_id) as late:
            await late.execute(
                "INSERT INTO users (workspace_id, id, name, role) VALUES (%s, %s, 'B', 'member')",
                (who.workspace_id, ids.new()),
            )
        assert await one(early, count) == 1
    async with db.transaction(who.workspace_id) as conn:
        assert await one(conn, count) == 2


async def test_notices_are_told_after_the_commit(db, server):
    workspace, told, seen = ids.new(), [], []

    def listener(notices: list[Notice]) -> None:
        told.extend(notices)
        with psycopg.connect(server.admin_url) as other:
            seen.append(other.execute("SELECT count(*) FROM workspaces").fetchone())

    db.listeners.append(listener)
    async with db.transaction(workspace) as conn:
        await conn.execute(INSERT, (workspace,))
        conn.notices.append(Notice("work"))
        assert told == []
    assert (told, seen) == ([Notice("work")], [(1,)])


async def test_what_is_rolled_back_is_not_told_by_anybody(narrow):
    workspace, told = ids.new(), []
    narrow.listeners.append(told.extend)

    async def work() -> None:
        async with narrow.transaction(workspace) as conn:
            await conn.execute(INSERT, (workspace,))
            conn.notices.append(Notice("work"))
            raise KeyError

    with pytest.raises(KeyError):
        await work()
    async with narrow.transaction(workspace) as conn:
        assert conn.notices == []
        assert await one(conn, "SELECT count(*) FROM workspaces") == 0
    assert told == []


async def test_an_error_that_is_passed_over_does_not_become_a_commit(narrow):
    """PostgreSQL answers COMMIT with ROLLBACK then, and no error: it must not look stored."""
    workspace, told = ids.new(), []
    narrow.listeners.append(told.extend)

    async def work() -> None:
        async with narrow.transaction(workspace) as conn:
            await conn.execute(INSERT, (workspace,))
            conn.notices.append(Notice("work"))
            with pytest.raises(psycopg.errors.UniqueViolation):
                await conn.execute(INSERT, (workspace,))

    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        await work()
    assert told == []
    async with narrow.transaction(workspace) as conn:
        assert await one(conn, "SELECT count(*) FROM workspaces") == 0


async def test_a_deferred_constraint_is_told_by_the_commit(narrow, who):
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        async with narrow.transaction(who.workspace_id) as conn:
            await conn.execute(
                "INSERT INTO agents (workspace_id, id, key, name, color, model, prompt_id)"
                " VALUES (%s, %s, 'a', 'A', 1, 'demo/a', %s)",
                (who.workspace_id, ids.new(), ids.new()),
            )
    async with narrow.transaction(who.workspace_id) as conn:
        assert await one(conn, "SELECT count(*) FROM agents") == 0


async def test_a_cancelled_transaction_is_rolled_back_and_its_connection_kept(narrow, server):
    workspace = ids.new()

    async def work() -> None:
        async with narrow.transaction(workspace) as conn:
            await conn.execute(INSERT, (workspace,))
            await conn.execute("SELECT pg_sleep(60)")

    async with narrow.transaction(None) as conn:
        backend = await one(conn, BACKEND)
    task = asyncio.create_task(work())
    sleeping = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND pid = %s"
    async with await psycopg.AsyncConnection.connect(server.admin_url, autocommit=True) as admin:
        async with asyncio.timeout(5):
            while await one(admin, sleeping, backend) == 0:
                await admin.execute("SELECT 1")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(5), narrow.transaction(workspace) as conn:
        assert await one(conn, BACKEND) == backend
        assert await one(conn, "SELECT count(*) FROM workspaces") == 0


async def test_connections_that_were_cut_meanwhile_are_not_noticed(server):
    db = Database(server.url, size=4)
    await db.open()
    gate = asyncio.Barrier(4)

    async def meet() -> None:
        async with db.transaction(None):
            await gate.wait()

    await asyncio.gather(*(meet() for _ in range(4)))
    await end_backends(server)
    for _ in range(6):
        async with asyncio.timeout(5), db.transaction(None) as conn:
            assert await one(conn, "SELECT 1") == 1
    await db.close()


async def test_a_connection_that_is_cut_on_the_way_says_so(narrow, server):
    workspace, told = ids.new(), []
    narrow.listeners.append(told.extend)

    async def work() -> None:
        async with narrow.transaction(workspace) as conn:
            await conn.execute(INSERT, (workspace,))
            conn.notices.append(Notice("work"))
            await end_backends(server)

    with pytest.raises(psycopg.OperationalError):
        await work()
    async with asyncio.timeout(5), narrow.transaction(workspace) as conn:
        assert await one(conn, "SELECT count(*) FROM workspaces") == 0
    assert told == []


async def test_a_transaction_that_stands_still_is_ended_and_lets_go_of_its_locks(server):
    workspace = ids.new()
    db, other = Database(server.url, size=1, stalled_seconds=0.3), Database(server.url, size=1)
    await db.open()
    await other.open()

    async def stand_still() -> None:
        async with db.transaction(workspace) as conn:
            await conn.execute(INSERT, (workspace,))
            async with asyncio.timeout(20), other.transaction(workspace) as second:
                await second.execute(INSERT, (workspace,))
            await conn.execute("SELECT 1")

    # As an error of the connection, so that whoever repeats those repeats this.
    with pytest.raises(psycopg.OperationalError, match="idle-in-transaction"):
        await stand_still()
    async with asyncio.timeout(5), db.transaction(workspace) as conn:
        assert await one(conn, "SELECT count(*) FROM workspaces") == 1
    await db.close()
    await other.close()


async def test_the_cause_is_told_when_the_connection_is_gone_too(narrow, server):
    async def work() -> None:
        async with narrow.transaction(None):
            await end_backends(server)
            raise KeyError

    with pytest.raises(KeyError):
        await work()


async def test_no_connection_in_time_is_a_problem(narrow):
    narrow._app.timeout = 0.1
    async with narrow.transaction(None):
        with pytest.raises(Problem) as refused:
            async with narrow.transaction(None):
                pass
    assert refused.value.kind is UNAVAILABLE
    assert refused.value.headers == {"Retry-After": "2"}


async def test_it_opens_at_once_or_says_why_not(server, cluster):
    with pytest.raises(Problem) as refused:
        await Database("host=/nowhere dbname=none").open()
    assert refused.value.kind is UNAVAILABLE
    assert "/nowhere" in refused.value.detail
    with cluster.role() as login:
        with pytest.raises(Problem) as refused:
            await Database(make_conninfo(server.url, **login)).open()
        assert refused.value.kind is ROLES_MISSING
        assert "Run 'pantheon migrate'" in refused.value.detail


async def test_it_works_again_soon_after_a_long_outage(monkeypatch, own_cluster):
    """The pool's own pauses double for five minutes: after a long outage they would be long."""
    monkeypatch.setattr(pool, "RECONNECT_SECONDS", 1.0)
    it, binaries = own_cluster
    options = {**pg_process.OPTIONS, **listen_options(it), "fsync": "off"}
    process = await pg_process.start(it, binaries, options)
    address = read_pid_file(it)
    await make_login(it, address)
    admin_url = conninfo(it, address, SUPERUSER, DATABASE)
    await asyncio.to_thread(migrate.upgrade, admin_url, LOGIN_ROLE)
    db = Database(conninfo(it, address, LOGIN_ROLE, DATABASE))
    await db.open()
    db._app.timeout = 0.5

    async def answers() -> bool:
        try:
            async with db.transaction(None) as conn:
                return await one(conn, "SELECT 1") == 1
        except Problem as problem:
            return problem.kind is not UNAVAILABLE

    try:
        assert await answers()
        await pg_process.stop(it, process, binaries)
        for _ in range(8):
            assert not await answers()
        process = await pg_process.start(it, binaries, options)
        async with asyncio.timeout(10):
            while not await answers():
                pass
    finally:
        await db.close()
        await pg_process.stop(it, process, binaries)


async def test_a_connection_that_has_carried_very_much_is_not_kept(narrow):
    """The driver keeps buffers as large as the largest value that has passed through them."""
    backends = []
    for size in (pool.LARGE_BYTES - 1, pool.LARGE_BYTES, 0):
        async with narrow.transaction(None) as conn:
            conn.carried(size)
            conn.carried(1)
            backends.append(await one(conn, BACKEND))
    assert backends[0] == backends[1] != backends[2]
