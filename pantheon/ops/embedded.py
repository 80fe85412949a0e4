"""The database of an installation: the server that is named, or our own in the data directory.

Whoever comes first starts our own and stops it at the end; others join it meanwhile.
"""

import asyncio
import getpass
import os
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import structlog
from psycopg.conninfo import conninfo_to_dict

from pantheon.base.errors import Problem, ProblemType
from pantheon.base.settings import Settings
from pantheon.ops.data_dir import DATA_DIR_CLOSED, DATA_DIR_IN_USE, prepare_data_dir
from pantheon.ops.file_lock import FileLock
from pantheon.ops.pg_account import server_account
from pantheon.ops.pg_binaries import Binaries, find_binaries
from pantheon.ops.pg_cluster import (
    DATABASE,
    LOGIN_ROLE,
    SUPERUSER,
    Cluster,
    PidFile,
    conninfo,
    listen_options,
    make_login,
    read_pid_file,
    remove_short_socket,
)
from pantheon.ops.pg_leftovers import clear_leftovers
from pantheon.ops.pg_process import OPTIONS, comes_true, initialise, start, stop

DATABASE_URL_INVALID = ProblemType("database_url_invalid", 500, "The database's URL is not valid")

JOIN_SECONDS = 60.0
LINGER_SECONDS = 5.0
LOOK_SECONDS = 0.05
WATCH_SECONDS = 0.5
RESTART_PAUSE_SECONDS = 5.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Server:
    """A database to work on: what the pools and what migrations connect with (libpq's forms)."""

    url: str
    admin_url: str
    login_role: str
    embedded: bool


@asynccontextmanager
async def database(settings: Settings, *, own: bool = False) -> AsyncIterator[Server]:
    """Have the database that the settings name for as long as the block lasts.

    `PANTHEON_DATABASE_URL`, else the embedded server of the data directory: joined while another
    process runs it, else started here and stopped at the end. With `own` (`pantheon up`) it is
    never joined: a brief command that runs it is waited for, and at the end nobody is.
    Raises `database_url_invalid`, `data_dir_in_use`, `data_dir_closed`, `postgres_missing`,
    `postgres_needs_user` and `database_failed`.
    """
    if settings.database_url is not None:
        yield _named(settings.database_url)
        return
    folder = prepare_data_dir(settings.data_dir) / "postgres"
    linger = 0 if own else LINGER_SECONDS
    async with embedded(folder, settings.pg_bin, join=not own, linger_seconds=linger) as server:
        yield server


@asynccontextmanager
async def embedded(
    folder: Path,
    pg_bin: Path | None = None,
    *,
    join: bool = True,
    linger_seconds: float = LINGER_SECONDS,
    options: Mapping[str, str] | None = None,
    sync: bool = True,
) -> AsyncIterator[Server]:
    """Have the embedded server whose files are in `folder`, on the terms of `database`.

    At the end whoever started it waits `linger_seconds` for those who joined. `options` are
    PostgreSQL's; `sync=False` makes the cluster without waiting for the disk, for tests.
    """
    cluster = _open_cluster(folder)
    running, users = FileLock(folder / "running.lock"), FileLock(folder / "users.lock")
    try:
        joined = await _enter(cluster, running, users, join)
        if joined is not None:
            yield joined
            return
        running.write_pid()
        binaries = find_binaries(pg_bin, cluster.account, folder / "programs", cluster.major)
        keeper = _Keeper(
            cluster, binaries, {**OPTIONS, **listen_options(cluster), **(options or {})}
        )
        try:
            yield await keeper.start(sync)
            # From here on nobody joins.
            await comes_true(users.acquire, linger_seconds, every=LOOK_SECONDS)
        finally:
            await keeper.stop()
    finally:
        users.release()
        running.release()


class _Keeper:
    """Holds the server's process, and starts another when it dies while it is needed."""

    def __init__(self, cluster: Cluster, binaries: Binaries, options: Mapping[str, str]) -> None:
        self.cluster = cluster
        self.binaries = binaries
        self.options = options
        self.process: subprocess.Popen[bytes] | None = None
        self.task: asyncio.Task[None] | None = None

    async def start(self, sync: bool) -> Server:
        await clear_leftovers(self.cluster, self.binaries)
        await initialise(self.cluster, self.binaries, sync=sync)
        self.process = await start(self.cluster, self.binaries, self.options)
        address = read_pid_file(self.cluster)
        assert address is not None, "a server that is ready has written it"
        await make_login(self.cluster, address)
        self.task = asyncio.create_task(self._watch(self.process), name="embedded database")
        return _server(self.cluster, address)

    async def _watch(self, process: subprocess.Popen[bytes]) -> None:
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            if process.poll() is None:
                continue
            log.error("the database died, starting it again", exit=process.returncode)
            try:
                await clear_leftovers(self.cluster, self.binaries)
                self.process = process = await start(self.cluster, self.binaries, self.options)
            except Problem as problem:
                log.error("the database could not be started again", error=problem.detail)
                await asyncio.sleep(RESTART_PAUSE_SECONDS)

    async def stop(self) -> None:
        if self.task is not None:
            self.task.cancel()
            await asyncio.wait([self.task])
        if self.process is not None:
            await stop(self.cluster, self.process, self.binaries)
        remove_short_socket(self.cluster, self.options)


def _named(url: str) -> Server:
    try:
        parts = conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        raise DATABASE_URL_INVALID(
            f"PANTHEON_DATABASE_URL cannot be read: {str(error).strip()}."
            " It looks like postgresql://user:password@host:5432/name."
        ) from error
    user = parts.get("user") or os.environ.get("PGUSER") or getpass.getuser()
    return Server(url, url, str(user), embedded=False)


def _server(cluster: Cluster, address: PidFile) -> Server:
    return Server(
        conninfo(cluster, address, LOGIN_ROLE, DATABASE),
        conninfo(cluster, address, SUPERUSER, DATABASE),
        LOGIN_ROLE,
        embedded=True,
    )


def _open_cluster(folder: Path) -> Cluster:
    account = server_account(folder / "data")
    try:
        folder.mkdir(exist_ok=True)
        folder.chmod(0o711 if account else 0o700)
    except PermissionError as error:
        raise DATA_DIR_CLOSED(
            f"The database's folder '{folder}' belongs to another user. Run Pantheon as that one,"
            " or name another folder with --data-dir."
        ) from error
    if account and not account.can_enter(folder):
        raise DATA_DIR_CLOSED(
            f"PostgreSQL does not run as root; its user '{account.name}' cannot enter '{folder}'."
            " Name a folder that it can reach with --data-dir, such as /var/lib/pantheon, or run"
            " Pantheon as an ordinary user."
        )
    return Cluster(folder, account)


async def _enter(cluster: Cluster, running: FileLock, users: FileLock, join: bool) -> Server | None:
    """Take the lock of whoever runs the server (`None`), or join the one who does."""
    deadline = asyncio.get_running_loop().time() + JOIN_SECONDS
    while not running.acquire():
        # Held before looking, so that the owner does not stop between look and use.
        if join and users.acquire(shared=True):
            address = read_pid_file(cluster)
            if address and address.ready and await _answers(_server(cluster, address)):
                return _server(cluster, address)
            users.release()
        if asyncio.get_running_loop().time() > deadline:
            pid = running.read_pid()
            raise DATA_DIR_IN_USE(
                f"The database in '{cluster.folder}' is run by another process"
                f"{f' ({pid})' if pid else ''}, which neither ends nor lets it be used."
                " Stop it first.",
                pid=pid,
            )
        await asyncio.sleep(LOOK_SECONDS)
    return None


async def _answers(server: Server) -> bool:
    try:
        conn = await psycopg.AsyncConnection.connect(server.url, connect_timeout=5)
    except psycopg.OperationalError:
        return False
    await conn.close()
    return True
