"""A PostgreSQL of a test's own, to be stopped and started under those who use it."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg

from pantheon.db import migrate
from pantheon.ops import pg_process
from pantheon.ops.embedded import Server
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
)
from tests.conftest import OPTIONS

STOP_SECONDS = 30.0


class Postgres:
    """The server; its address stays the same from start to start."""

    def __init__(self, cluster: Cluster, binaries: Binaries, options: dict[str, str]) -> None:
        """Describe it; see `own_postgres`."""
        self._cluster = cluster
        self._binaries = binaries
        self._options = options
        self._process: subprocess.Popen[bytes]

    @property
    def address(self) -> PidFile:
        """Where the running server listens."""
        address = read_pid_file(self._cluster)
        assert address is not None
        return address

    async def start(self) -> None:
        """Start it; returns when it takes connections."""
        self._process = await pg_process.start(self._cluster, self._binaries, self._options)

    async def stop_at_once(self) -> None:
        """Stop it as `pg_ctl stop -m immediate` does: no connection gets a word."""
        pg_process.tell(self._process.pid, "QUIT", self._binaries)
        process = self._process
        assert await pg_process.comes_true(lambda: process.poll() is not None, STOP_SECONDS)

    async def stop(self) -> None:
        """Stop it in order."""
        await pg_process.stop(self._cluster, self._process, self._binaries)

    async def server(self) -> Server:
        """Return how to reach it, the login made and the schema at head."""
        address = self.address
        await make_login(self._cluster, address)
        admin_url = conninfo(self._cluster, address, SUPERUSER, DATABASE)
        await asyncio.to_thread(migrate.upgrade, admin_url, LOGIN_ROLE)
        url = conninfo(self._cluster, address, LOGIN_ROLE, DATABASE)
        return Server(url, admin_url, LOGIN_ROLE, embedded=True)

    async def until_it_answers(self, server: Server) -> None:
        """Wait until a connection can be had."""
        while True:
            try:
                conn = await psycopg.AsyncConnection.connect(server.url, connect_timeout=5)
            except psycopg.OperationalError:
                await asyncio.sleep(0.02)
            else:
                await conn.close()
                return


@asynccontextmanager
async def own_postgres(folder: Path, **options: str) -> AsyncIterator[Postgres]:
    """Make a cluster in the empty `folder` and start its server, also with these settings."""
    cluster = Cluster(folder, server_account(folder / "data"))
    binaries = find_binaries(None, cluster.account, folder / "programs")
    await pg_process.initialise(cluster, binaries, sync=False)
    given = {**pg_process.OPTIONS, **OPTIONS, **listen_options(cluster), **options}
    postgres = Postgres(cluster, binaries, given)
    await postgres.start()
    try:
        yield postgres
    finally:
        await postgres.stop()
