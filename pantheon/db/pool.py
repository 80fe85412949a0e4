"""The domain's connections: pools by role, and transactions that carry their workspace."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

import orjson
import psycopg
from psycopg import sql
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg_pool import AsyncConnectionPool

from pantheon.base.errors import UNAVAILABLE
from pantheon.db.roles import APP, ROLES_MISSING, SWEEP

OPEN_SECONDS = 30.0
# Few and warm: the pool hands its connections out in turn, and each has plans and caches of its
# own to keep. Measured on two cores against 16: 1 ms of first token and of CPU a turn.
APP_SIZE = max(6, 3 * (os.cpu_count() or 1))
CONNECT_SECONDS = 5
# The pool's pause between attempts doubles until it gives up and begins anew: short, so that a
# database that is back after a long time is seen at once.
RECONNECT_SECONDS = 3.0
# A transaction waits for nothing but the database. One that stands still so long is of a process
# that is paused or cut off, and what it has locked would wait with it.
STALLED_SECONDS = 30.0
# The driver's library keeps buffers as large as the largest value that has passed through them.
LARGE_BYTES = 1 << 21


@dataclass(frozen=True, slots=True)
class Notice:
    """What a committed transaction makes known: to this process at once, to others by NOTIFY.

    `work`: a turn waits to be claimed. `cancel`: a cancel was asked for. `born`: a turn is leased
    to this process's worker, `payload` says which; other processes are not told.
    `events`: a session's log has grown; `payload` is what this process may use instead of a read.
    `session`: the row of a session has changed, its name say.
    """

    kind: Literal["work", "cancel", "events", "born", "session"]
    session_id: UUID | None = None
    payload: Any = None


class Connection(psycopg.AsyncConnection[tuple[Any, ...]]):
    """A connection that collects what its transaction will make known after the commit."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.notices: list[Notice] = []
        self.large = False

    def carried(self, size: int) -> None:
        """Tell that so many bytes have passed at once: after very many the connection is closed.

        With it goes the memory that it would keep for ever.
        """
        self.large = self.large or size >= LARGE_BYTES


class Database:
    """The domain's two pools: `pantheon_app` inside a workspace, `pantheon_sweep` across them."""

    def __init__(
        self, url: str, *, size: int = APP_SIZE, stalled_seconds: float = STALLED_SECONDS
    ) -> None:
        """Describe the pools for `url`; `open` makes the connections. `size` bounds the app's.

        The server ends a transaction that stands still for `stalled_seconds`.
        """
        set_json_dumps(orjson.dumps)
        set_json_loads(orjson.loads)
        self.url = url
        self.listeners: list[Callable[[list[Notice]], None]] = []
        self._app = _pool(url, APP, size, stalled_seconds)
        self._sweep = _pool(url, SWEEP, 4, stalled_seconds)

    async def open(self) -> None:
        """Open the pools and wait until each has a connection.

        Raises `unavailable`, with the driver's reason, where there is no server, and
        `roles_missing` where the login cannot act as the pools' roles.
        """
        await _look(self.url)
        await self._app.open(wait=True, timeout=OPEN_SECONDS)
        await self._sweep.open(wait=True, timeout=OPEN_SECONDS)

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
        see one moment of the database. After the commit the notices that the transaction
        collected go to the listeners. Raises the problem `unavailable` when no connection can be
        had, psycopg.OperationalError when it is lost on the way, and InFailedSqlTransaction when
        the block went on after a statement that failed: nothing is committed then.
        """
        # In one round trip; a UUID's text needs no quoting.
        level = " ISOLATION LEVEL REPEATABLE READ" if snapshot else ""
        workspace = workspace_id or ""
        begin = f"BEGIN{level}; SELECT set_config('pantheon.workspace_id', '{workspace}', true)"
        async with _transaction(self._app, begin) as conn:
            yield conn
            notices = conn.notices
        if notices:
            self.announce(notices)

    @asynccontextmanager
    async def sweep(self) -> AsyncIterator[Connection]:
        """Open a transaction across workspaces, with the few rights of the sweep role.

        It makes nothing known. Raises as `transaction` does.
        """
        async with _transaction(self._sweep, "BEGIN") as conn:
            yield conn

    def announce(self, notices: list[Notice]) -> None:
        """Tell the listeners of this process what was committed."""
        for listener in self.listeners:
            listener(notices)


def session_options(role: str, stalled_seconds: float) -> str:
    """Return libpq's `options` for connections that act as `role`."""
    return f"-c role={role} -c idle_in_transaction_session_timeout={round(stalled_seconds * 1000)}"


def _pool(
    url: str, role: str, size: int, stalled_seconds: float
) -> AsyncConnectionPool[Connection]:
    return AsyncConnectionPool(
        url,
        connection_class=Connection,
        kwargs={
            "autocommit": True,
            "options": session_options(role, stalled_seconds),
            "prepare_threshold": 2,
            "connect_timeout": CONNECT_SECONDS,
        },
        min_size=1,
        max_size=size,
        open=False,
        timeout=10,
        reconnect_timeout=RECONNECT_SECONDS,
        name=role,
    )


async def _look(url: str) -> None:
    """Connect once and take each role: the pools themselves would only say that they waited."""
    try:
        conn = await psycopg.AsyncConnection.connect(url, connect_timeout=CONNECT_SECONDS)
    except psycopg.OperationalError as error:
        raise UNAVAILABLE(f"The database cannot be reached: {str(error).strip()}") from error
    async with conn:
        for role in (APP, SWEEP):
            try:
                await conn.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
            except psycopg.Error as error:
                raise ROLES_MISSING(
                    f"The user '{conn.info.user}' cannot act as '{role}' in the database"
                    f" '{conn.info.dbname}' ({str(error).strip()}). Run 'pantheon migrate'."
                ) from error


@asynccontextmanager
async def _transaction(
    pool: AsyncConnectionPool[Connection], begin: str
) -> AsyncIterator[Connection]:
    conn = await _begun(pool, begin)
    try:
        try:
            yield conn
        except BaseException:
            await _roll_back(conn)
            raise
        cursor = await conn.execute("COMMIT", prepare=False)
        if cursor.statusmessage != "COMMIT":
            raise psycopg.errors.InFailedSqlTransaction(
                "a statement of the transaction failed and was passed over: nothing is committed"
            )
    except psycopg.errors.IdleInTransactionSessionTimeout as error:
        # The connection is gone, though the driver counts this among our own mistakes.
        raise psycopg.OperationalError(str(error)) from error
    finally:
        conn.notices = []
        if conn.large:
            await conn.close()
        await pool.putconn(conn)


async def _begun(pool: AsyncConnectionPool[Connection], begin: str) -> Connection:
    """Return a connection on which a transaction has begun.

    Those that a restart of the server has broken are passed over: nothing has happened on them.
    """
    for _ in range(pool.max_size + 1):
        try:
            conn = await pool.getconn()
        except psycopg.OperationalError:
            break
        try:
            await conn.execute(begin, prepare=False)
        except psycopg.OperationalError:
            await pool.putconn(conn)
        except BaseException:
            await _roll_back(conn)
            await pool.putconn(conn)
            raise
        else:
            return conn
    raise UNAVAILABLE(
        "The database cannot be reached. Try again in a few seconds.",
        headers={"Retry-After": "2"},
    )


async def _roll_back(conn: Connection) -> None:
    """End the transaction; where that fails the connection goes, so that the cause is told."""
    if conn.closed:
        return
    try:
        await conn.execute("ROLLBACK", prepare=False)
    except psycopg.Error:
        await conn.close()
