"""A fault proxy for PostgreSQL: cuts COMMIT requests and COMMIT replies, stalls, resets.

It reads the frontend's messages (PostgreSQL docs, Message Formats) just so far as to know a COMMIT.
"""

import asyncio
import random
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pantheon.ops.embedded import Server

COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"
COMMITTED = b"C\x00\x00\x00\x0bCOMMIT\x00"
READ_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Rates:
    """How often what happens: shares of all commits, and of all other messages (`reset`).

    A stall lasts up to `stall_seconds`.
    """

    cut_request: float = 0
    cut_reply: float = 0
    stall: float = 0
    reset: float = 0
    stall_seconds: float = 1.0


class Proxy:
    """What all connections share; faults happen by `rates`, which may be changed at any time."""

    def __init__(self, server: Server, rng: random.Random, port: int) -> None:
        """Stand before `server`, listening on loopback."""
        self._rng = rng
        self._target = conninfo_to_dict(server.url)
        self.rates = Rates()
        self.done: Counter[str] = Counter()
        self.running = asyncio.Event()
        self.running.set()
        where = {"host": "127.0.0.1", "port": port, "sslmode": "disable", "gssencmode": "disable"}
        self.server = Server(
            make_conninfo(server.url, **where), server.admin_url, server.login_role, embedded=False
        )

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection."""
        folder, port = self._target["host"], self._target["port"]
        try:
            upstream = await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.{port}")
        except OSError:
            writer.transport.abort()
            return
        await _Carried(self, (reader, writer), upstream).carry()

    def chosen(self, message: bytes) -> str | None:
        """Return what is to happen to a message, `None`: it passes."""
        rates, chance = self.rates, self._rng.random()
        if message != COMMIT:
            return "reset" if chance < rates.reset else None
        for kind in ("cut_request", "cut_reply", "stall"):
            chance -= getattr(rates, kind)
            if chance < 0:
                return kind
        return None

    async def stall(self) -> None:
        """Stand still for a moment."""
        await asyncio.sleep(self._rng.uniform(0, self.rates.stall_seconds))


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Carried:
    """One client's connection, and ours to the server for it."""

    def __init__(self, proxy: Proxy, client: Streams, server: Streams) -> None:
        self._proxy = proxy
        self._from_client, self._to_client = client
        self._from_server, self._to_server = server
        self._cut_at_reply = False

    async def carry(self) -> None:
        both = [asyncio.create_task(self._forth()), asyncio.create_task(self._back())]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            _reset(self._to_client)
            _reset(self._to_server)

    async def _forth(self) -> None:
        """Carry the client's messages. The first has no type, those after it do."""
        try:
            size = await self._from_client.readexactly(4)
            self._to_server.write(size + await self._rest(size))
            while True:
                kind = await self._from_client.readexactly(1)
                size = await self._from_client.readexactly(4)
                message = kind + size + await self._rest(size)
                await self._proxy.running.wait()
                if not await self._pass(message):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return

    async def _pass(self, message: bytes) -> bool:
        """Pass a message on, or let happen what is chosen; false ends the connection."""
        fault = self._proxy.chosen(message)
        if fault is not None:
            self._proxy.done[fault] += 1
        if fault in ("cut_request", "reset"):
            return False
        if fault == "stall":
            await self._proxy.stall()
        self._cut_at_reply = fault == "cut_reply"
        self._to_server.write(message)
        await self._to_server.drain()
        return True

    async def _back(self) -> None:
        """Carry what the server says; a commit whose reply is to be cut is done by then."""
        try:
            while data := await self._from_server.read(READ_BYTES):
                await self._proxy.running.wait()
                if self._cut_at_reply and COMMITTED in data:
                    return
                self._to_client.write(data)
                await self._to_client.drain()
        except ConnectionError:
            return

    async def _rest(self, size: bytes) -> bytes:
        return await self._from_client.readexactly(struct.unpack("!i", size)[0] - 4)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with a reset, as a network does that forgot a connection."""
    sock = writer.get_extra_info("socket")
    if sock is not None and sock.family == socket.AF_INET and sock.fileno() >= 0:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@asynccontextmanager
async def proxy_before(server: Server, rng: random.Random) -> AsyncIterator[Proxy]:
    """Have a proxy before `server`; its connections end with the block."""
    serving: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of our own: asyncio tells of those that it makes when they are cancelled.
        task = asyncio.create_task(proxy.serve(reader, writer))
        serving.add(task)
        task.add_done_callback(serving.discard)

    listening = await asyncio.start_server(accept, "127.0.0.1", 0)
    proxy = Proxy(server, rng, listening.sockets[0].getsockname()[1])
    try:
        yield proxy
    finally:
        listening.close()
        carried = list(serving)
        for task in carried:
            task.cancel()
        await asyncio.gather(*carried, return_exceptions=True)
