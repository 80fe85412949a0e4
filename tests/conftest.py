"""Fixtures: one PostgreSQL for the whole run, an empty database at head for each test."""

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pantheon.accounts.roles import Who
from pantheon.base import ids
from pantheon.base.log import configure_logging
from pantheon.base.settings import Settings
from pantheon.db import migrate
from pantheon.db.pool import Connection, Database
from pantheon.ops.embedded import Server, embedded
from pantheon.ops.file_lock import FileLock
from pantheon.ops.runtime import Runtime, open_runtime
from pantheon.worker.main import run_worker
from tests.fakes.process import running

TEMPLATE = "template_pantheon"
RUN_FOLDER = pytest.StashKey[Path]()

# Nothing here has to outlive the run.
OPTIONS = {
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder of the run, or take the one that the controller of xdist made."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell does that to what it runs behind it; programs under test would inherit it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    given = getattr(config, "workerinput", {}).get("run_folder")
    config.stash[RUN_FOLDER] = Path(given or tempfile.mkdtemp("", "pantheon-tests-", _place()))
    configure_logging(debug=False, json=False)


def _place() -> str | None:
    """Return memory's file system where there is a roomy one: a clone takes a tenth of the time."""
    memory = "/dev/shm"
    if not os.path.isdir(memory) or not os.access(memory, os.W_OK):
        return None
    status = os.statvfs(memory)
    roomy = status.f_bavail * status.f_frsize > 2 << 30
    # PostgreSQL's programs may have to be copied there.
    return memory if roomy and not status.f_flag & os.ST_NOEXEC else None


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node) -> None:
    """Tell a worker of xdist the folder of the run."""
    node.workerinput["run_folder"] = str(node.config.stash[RUN_FOLDER])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the folder of the run; the last server in it was stopped by its fixture."""
    if not hasattr(config, "workerinput") and RUN_FOLDER in config.stash:
        shutil.rmtree(config.stash[RUN_FOLDER], ignore_errors=True)


@dataclass(frozen=True)
class Cluster:
    """The run's PostgreSQL, as its superuser in the database `postgres`."""

    url: str
    admin_url: str
    login_role: str
    admin: psycopg.Connection
    finished: list[str] = field(default_factory=list)

    def server(self, name: str) -> Server:
        """Return how to reach the database `name`."""
        url, admin_url = (make_conninfo(u, dbname=name) for u in (self.url, self.admin_url))
        return Server(url, admin_url, self.login_role, embedded=True)

    def create(self, *, template: str = "template0") -> Server:
        """Make a database: empty, or as the template."""
        self.drop_finished()
        name = f"test_{uuid4().hex}"
        # As files: a checkpoint costs nothing here, and WAL_LOG takes three times as long.
        self.admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        return self.server(name)

    def drop(self, server: Server) -> None:
        """Remove a database, a little later: its last connections are still going, 0.1 s each."""
        self.finished.append(str(conninfo_to_dict(server.url)["dbname"]))

    def drop_finished(self) -> None:
        """Remove what can go, whoever is still connected."""
        while self.finished:
            name = sql.Identifier(self.finished.pop())
            self.admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))

    @contextmanager
    def role(self, attributes: str = "LOGIN") -> Iterator[dict[str, str]]:
        """Make a login role; gives what a conninfo needs to log in as it. It owns nothing after."""
        login = {"user": f"role_{uuid4().hex}", "password": uuid4().hex}
        name = sql.Identifier(login["user"])
        self.admin.execute(
            sql.SQL("CREATE ROLE {} {} PASSWORD {}").format(
                name, sql.SQL(attributes), login["password"]
            )
        )
        yield login
        self.drop_finished()
        self.admin.execute(sql.SQL("DROP ROLE {}").format(name))


@pytest.fixture(scope="session")
def cluster(pytestconfig: pytest.Config) -> Iterator[Cluster]:
    """One embedded PostgreSQL for the whole run: the first worker starts it, the others join."""
    folder = pytestconfig.stash[RUN_FOLDER]
    # It may be root's, and PostgreSQL's user has to pass.
    folder.chmod(0o711)
    running = embedded(folder / "postgres", options=OPTIONS, sync=False, linger_seconds=3600)
    # A loop of its own that is not the current one: nothing runs on it between start and stop.
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        server = runner.run(running.__aenter__())
        try:
            admin_url = make_conninfo(server.admin_url, dbname="postgres")
            with psycopg.connect(admin_url, autocommit=True) as admin:
                cluster = Cluster(server.url, server.admin_url, server.login_role, admin)
                _make_template(cluster, FileLock(folder / "template.lock"))
                yield cluster
        finally:
            runner.run(running.__aexit__(None, None, None))


def _make_template(cluster: Cluster, lock: FileLock) -> None:
    while not lock.acquire():
        cluster.admin.execute("SELECT pg_sleep(0.02)")
    try:
        found = cluster.admin.execute(
            "SELECT FROM pg_database WHERE datname = %s AND datistemplate", (TEMPLATE,)
        )
        if found.fetchone() is None:
            name = sql.Identifier(TEMPLATE)
            cluster.admin.execute(sql.SQL("CREATE DATABASE {}").format(name))
            migrate.upgrade(cluster.server(TEMPLATE).admin_url, cluster.login_role)
            cluster.admin.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE true").format(name))
    finally:
        lock.release()


@pytest.fixture
def run_folder(pytestconfig: pytest.Config) -> Path:
    """The folder of the run, removed at its end; PostgreSQL's user can enter it."""
    return pytestconfig.stash[RUN_FOLDER]


@pytest.fixture
def empty_server(cluster: Cluster) -> Iterator[Server]:
    """A database of the test's own, without any table."""
    server = cluster.create()
    yield server
    cluster.drop(server)


@pytest.fixture
def server(cluster: Cluster) -> Iterator[Server]:
    """A database of the test's own, at head and without rows."""
    server = cluster.create(template=TEMPLATE)
    yield server
    cluster.drop(server)


@pytest.fixture
async def db(server: Server) -> AsyncIterator[Database]:
    """The open pools of `server`."""
    db = Database(server.url)
    await db.open()
    yield db
    await db.close()


@pytest.fixture
async def who(db: Database) -> Who:
    """The owner of a fresh workspace."""
    who = Who(ids.new(), ids.new(), "owner", frozenset({"read", "write", "admin"}))
    async with db.transaction(who.workspace_id) as conn:
        await conn.execute(
            "INSERT INTO workspaces (id, name) VALUES (%s, 'Test')", (who.workspace_id,)
        )
        await conn.execute(
            "INSERT INTO users (workspace_id, id, name, role) VALUES (%s, %s, 'Owner', 'owner')",
            (who.workspace_id, who.user_id),
        )
    return who


@pytest.fixture
async def conn(db: Database, who: Who) -> AsyncIterator[Connection]:
    """A transaction in the workspace of `who`; committed at the end of a test that went well."""
    async with db.transaction(who.workspace_id) as conn:
        yield conn


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a lease of a second."""
    return Settings(data_dir=tmp_path, lease_seconds=1, grace_seconds=2)


@pytest.fixture
async def idle(settings: Settings, server: Server) -> AsyncIterator[Runtime]:
    """A runtime in which nobody runs turns."""
    async with open_runtime(settings, server, environment={}) as runtime:
        yield runtime


@pytest.fixture
async def runtime(idle: Runtime) -> AsyncIterator[Runtime]:
    """A runtime with a worker."""
    stopping = asyncio.Event()
    worker = asyncio.create_task(
        run_worker(idle, kind="worker", instance=ids.new(), stopping=stopping)
    )
    yield idle
    stopping.set()
    await worker


@pytest.fixture(scope="session")
def fakes() -> Iterator[str]:
    """The base URL of a fake model server, a process of its own (tests/fakes)."""
    with running() as url:
        yield url
