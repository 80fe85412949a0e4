"""The domain's connections: pools by role, and transactions that carry their workspace."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

import orjson
import psycopg
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg_pool import AsyncConnectionPool

from pantheon.base.errors import UNAVAILABLE


@dataclass(frozen=True, slots=True)
class Notice:
    """What a committed transaction makes known: to this process at once, to others by NOTIFY.

    `work`: a turn waits to be claimed. `cancel`: a cancel was asked for.
    `events`: a session's log has grown; `payload` is what this process may use instead of a read.
    """

    kind: Literal["work", "cancel", "events"]
    session_id: UUID | None = None
    payload: Any = None


class Connection(psycopg.AsyncConnection[tuple[Any, ...]]):
    """A connection that collects what its transaction will make known after the commit."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.notices: list[Notice] = []


class Database:
    """The domain's two pools: `pantheon_app` inside a workspace, `pantheon_sweep` across them."""

    def __init__(self, url: str, *, size: int = 16) -> None:
        """Describe the pools for `url`; `open` makes the connections. `size` bounds the app's."""
        set_json_dumps(orjson.dumps)
        set_json_loads(orjson.loads)
        self.url = url
        self.listeners: list[Callable[[list[Notice]], None]] = []
        self._app = _pool(url, "pantheon_app", size)
        self._sweep = _pool(url, "pantheon_sweep", 4)

    async def open(self) -> None:
        """Open the pools and wait until a connection is there.

        Raises psycopg_pool.PoolTimeout after 30 seconds without one.
        """
        await self._app.open(wait=True, timeout=30)
        await self._sweep.open(wait=True, timeout=30)

    async def close(self) -> None:
        """Close both pools."""
        await self._app.close()
        await self._sweep.close()

    @asynccontextmanager
    async def transaction(
        self, workspace_id: UUID | None, *, snapshot: bool = False
    ) -> AsyncIterator[Connection]:
        """Open a transaction as the app, with the row-security workspace set.

        `None` sees no tenant row: for resolving credentials. With `snapshot` all its statements
        see one moment of the database. After the commit the notices that
        the transaction collected go to the listeners.
        Raises the problem `unavailable` when no connection can be had.
        """
        # In one round trip; a UUID's text needs no quoting.
        level = " ISOLATION LEVEL REPEATABLE READ" if snapshot else ""
        workspace = workspace_id or ""
        begin = f"BEGIN{level}; SELECT set_config('pantheon.workspace_id', '{workspace}', true)"
        async with _borrowed(self._app) as conn:
            async with _transaction(conn, begin):
                yield conn
            notices, conn.notices = conn.notices, []
        if notices:
            self.announce(notices)

    @asynccontextmanager
    async def sweep(self) -> AsyncIterator[Connection]:
        """Open a transaction across workspaces, with the few rights of the sweep role."""
        async with _borrowed(self._sweep) as conn, _transaction(conn, "BEGIN"):
            yield conn

    def announce(self, notices: list[Notice]) -> None:
        """Tell the listeners of this process what was committed."""
        for listener in self.listeners:
            listener(notices)


def _pool(url: str, role: str, size: int) -> AsyncConnectionPool[Connection]:
    return AsyncConnectionPool(
        url,
        connection_class=Connection,
        kwargs={"autocommit": True, "options": f"-c role={role}", "prepare_threshold": 2},
        min_size=1,
        max_size=size,
        open=False,
        timeout=10,
        name=role,
    )


@asynccontextmanager
async def _borrowed(pool: AsyncConnectionPool[Connection]) -> AsyncIterator[Connection]:
    try:
        conn = await pool.getconn()
    except psycopg.OperationalError as error:
        raise UNAVAILABLE(
            "The database cannot be reached. Try again in a few seconds.",
            headers={"Retry-After": "2"},
        ) from error
    try:
        yield conn
    finally:
        conn.notices.clear()
        await pool.putconn(conn)


@asynccontextmanager
async def _transaction(conn: Connection, begin: str) -> AsyncIterator[None]:
    await conn.execute(begin, prepare=False)
    try:
        yield
    except BaseException:
        if not conn.closed:
            await conn.execute("ROLLBACK", prepare=False)
        raise
    await conn.execute("COMMIT", prepare=False)
