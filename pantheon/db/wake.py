"""Wake-ups between processes: NOTIFY after the commit, one LISTEN connection a process.

A NOTIFY inside a writing transaction serialises all commits, so it is a statement of its own. Lost
ones are found by the poll of whoever waits.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from uuid import UUID, uuid4

import psycopg
import structlog

from pantheon.db.pool import CONNECT_SECONDS, Database, Notice
from pantheon.db.roles import APP

CHANNEL = "pantheon"
SPACING_SECONDS = 0.01
BURST = 4

log = structlog.get_logger()


class Wake:
    """Carries notices to the other processes and theirs to this one."""

    def __init__(self, db: Database) -> None:
        """Take the notices of `db`; `run` has to be going for any to travel."""
        self._db = db
        self._me = uuid4().hex[:8]
        self._waiting: dict[str, None] = {}
        self._something = asyncio.Event()
        self._sent: deque[float] = deque(maxlen=BURST)
        self._received: list[Callable[[Notice], None]] = []
        db.listeners.append(self._collect)

    def on_notice(self, listener: Callable[[Notice], None]) -> None:
        """Call `listener` with each notice that another process sent."""
        self._received.append(listener)

    async def run(self) -> None:
        """Send and listen until cancelled; a lost connection is opened again."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._forever(self._listen))
            group.create_task(self._forever(self._send))

    def _collect(self, notices: list[Notice]) -> None:
        for notice in notices:
            if notice.kind == "born":
                continue
            self._waiting[f"{self._me} {notice.kind} {notice.session_id or ''}"] = None
        self._something.set()

    async def _forever(
        self, work: Callable[[psycopg.AsyncConnection[tuple[object, ...]]], object]
    ) -> None:
        pause = 0.1
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self._db.url,
                    autocommit=True,
                    options=f"-c role={APP}",
                    connect_timeout=CONNECT_SECONDS,
                ) as conn:
                    pause = 0.1
                    await work(conn)  # type: ignore[misc]
            except psycopg.Error as error:
                log.warning("wake connection lost, opening it again", error=str(error).strip())
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5)

    async def _send(self, conn: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
        await conn.execute("SET synchronous_commit = off")
        while True:
            await self._something.wait()
            self._something.clear()
            payloads, self._waiting = self._waiting, {}
            try:
                await conn.execute(
                    "SELECT pg_notify(%s, p) FROM unnest(%s::text[]) AS p",
                    (CHANNEL, list(payloads)),
                )
            except psycopg.Error:
                # The next connection sends them.
                self._waiting = {**payloads, **self._waiting}
                self._something.set()
                raise
            await self._space()

    async def _space(self) -> None:
        """Wait until one more may be sent: a few at once, on average one each `SPACING_SECONDS`."""
        now = asyncio.get_running_loop().time()
        self._sent.append(now)
        if len(self._sent) == BURST:
            await asyncio.sleep(max(0.0, self._sent[0] + BURST * SPACING_SECONDS - now))

    async def _listen(self, conn: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
        await conn.execute(f"LISTEN {CHANNEL}")
        async for message in conn.notifies():
            sender, kind, session = message.payload.split(" ")
            if sender == self._me or kind not in ("work", "cancel", "events", "session"):
                continue
            notice = Notice(kind, UUID(session) if session else None)  # type: ignore[arg-type]
            for listener in self._received:
                listener(notice)
