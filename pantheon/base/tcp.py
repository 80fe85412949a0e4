"""One outgoing TCP connection on asyncio, for the egress client: read in whole batches."""

# ruff: noqa: ASYNC109 - the signatures are httpcore2's

import asyncio
import select
import ssl
from collections.abc import Iterable, Sequence
from typing import Any, cast

from httpcore2 import (
    AsyncNetworkStream,
    ConnectError,
    ConnectTimeout,
    ReadError,
    ReadTimeout,
    WriteError,
    WriteTimeout,
)

from pantheon.base import departures

# The first reads of an answer are made at once, and so is the one after a read of this size.
FREE_READS = 3
LARGE_READ = 32_768
LARGE_WRITE = 16_384
# Shorter pieces of a body occur by chance within others.
SHORT_PIECE = 16


class TcpStream(asyncio.Protocol, AsyncNetworkStream):
    """A connection as httpcore2 wants it.

    A read returns all that has come since the last one, decrypted. After the first reads of an
    answer `gather_seconds` pass before the next; meanwhile the socket is not looked at, so that a
    stream of tokens wakes its reader once for several.
    """

    def __init__(self, gather_seconds: float = 0.0) -> None:
        self._last_read = b""
        self._last_read_at = 0.0
        self._reads = 0
        self._gather_seconds = gather_seconds
        self._loop = asyncio.get_running_loop()
        self._unsent: list[bytes] = []
        self._received: list[bytes] = []
        self._ended = False
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._transport: asyncio.Transport

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return at least one byte, at most `max_bytes`; nothing at the end of the stream.

        Raises ReadTimeout after `timeout` seconds without a byte, ReadError for a reset.
        """
        if self._unsent:
            await self._send(timeout)
        if not self._received and not self._ended:
            await self._gather()
            await self._wait(timeout)
        if not self._received:
            if self._error is not None:
                raise ReadError(str(self._error)) from self._error
            return b""
        data = self._received[0] if len(self._received) == 1 else b"".join(self._received)
        self._received.clear()
        if len(data) > max_bytes:
            self._received.append(data[max_bytes:])
            data = data[:max_bytes]
        self._last_read, self._last_read_at = data, self._loop.time()
        self._reads += 1
        return data

    def is_end_of_read(self, pieces: Sequence[bytes]) -> bool:
        """Say whether the last of `pieces`, cut out of the last read, ends it.

        A chunk is followed by CRLF. Of equal pieces it is the one that makes their number full.
        """
        piece, read = pieces[-1], self._last_read
        if not read.endswith(piece) and not read.endswith(piece, 0, len(read) - 2):
            return False
        return len(piece) < SHORT_PIECE or pieces.count(piece) >= read.count(piece)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send `buffer`; a short one with the next, at the latest when something is read.

        So the head and the body of a request leave together. Raises WriteTimeout, WriteError.
        """
        if not buffer:
            return
        if self._ended or self._transport.is_closing():
            raise WriteError("The connection is closed.") from self._error
        self._unsent.append(buffer)
        if len(buffer) >= LARGE_WRITE:
            await self._send(timeout)

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> AsyncNetworkStream:
        """Encrypt from here on. Raises ConnectError, ConnectTimeout."""
        try:
            async with asyncio.timeout(timeout):
                transport = await self._loop.start_tls(
                    self._transport, self, ssl_context, server_hostname=server_hostname
                )
        except TimeoutError as error:
            self._transport.abort()
            raise ConnectTimeout(f"No TLS connection within {timeout:g} s.") from error
        except OSError as error:
            self._transport.abort()
            raise ConnectError(str(error)) from error
        if transport is None:
            raise ConnectError("The server hung up during the TLS handshake.")
        self._transport = transport
        return self

    async def aclose(self) -> None:
        """Close at once; what was not sent yet is dropped."""
        self._transport.abort()

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore2 asks of a connection: its TLS object, whether it is readable."""
        if info == "is_readable":
            return self._ended or bool(self._received) or self._has_input()
        return self._transport.get_extra_info(info)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the transport; nothing is read before somebody waits for it."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Keep what has come, and look no further until it is taken."""
        self._received.append(data)
        self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """Note the end; the transport then closes."""
        self._ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end, and why."""
        self._ended = True
        self._error = self._error or exc
        self._writable.set()
        self._wake()

    def pause_writing(self) -> None:
        """Make the next write wait."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Let writes go on."""
        self._writable.set()

    async def _send(self, timeout: float | None) -> None:
        self._reads = 0
        departures.note()
        self._transport.write(b"".join(self._unsent))
        self._unsent.clear()
        if not self._writable.is_set():
            try:
                async with asyncio.timeout(timeout):
                    await self._writable.wait()
            except TimeoutError as error:
                raise WriteTimeout(f"Nothing was taken for {timeout:g} s.") from error

    async def _gather(self) -> None:
        if self._reads >= FREE_READS and len(self._last_read) < LARGE_READ:
            pause = self._last_read_at + self._gather_seconds - self._loop.time()
            if pause > 0:
                await asyncio.sleep(pause)

    async def _wait(self, timeout: float | None) -> None:
        self._waiter = waiter = self._loop.create_future()
        alarm = None if timeout is None else self._loop.call_later(timeout, self._wake)
        self._transport.resume_reading()
        try:
            await waiter
        finally:
            self._waiter = None
            if alarm is not None:
                alarm.cancel()
        if not self._received and not self._ended:
            raise ReadTimeout(f"Nothing came for {timeout:g} s.")

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _has_input(self) -> bool:
        socket = self._transport.get_extra_info("socket")
        if socket is None or socket.fileno() < 0:
            return True
        if not hasattr(select, "poll"):
            return bool(select.select([socket.fileno()], [], [], 0)[0])
        poll = select.poll()
        poll.register(socket.fileno(), select.POLLIN)
        return bool(poll.poll(0))


async def connect(
    addresses: Iterable[str],
    port: int,
    timeout_seconds: float | None = None,
    gather_seconds: float = 0.0,
) -> TcpStream:
    """Connect to the first of `addresses` (names or IP addresses) that answers.

    Raises ConnectError, or ConnectTimeout after `timeout_seconds` for all of them.
    """
    loop = asyncio.get_running_loop()
    failure: OSError | None = None
    try:
        async with asyncio.timeout(timeout_seconds):
            for address in addresses:
                try:
                    _, stream = await loop.create_connection(
                        lambda: TcpStream(gather_seconds), address, port
                    )
                except OSError as error:
                    failure = error
                else:
                    return stream
    except TimeoutError as error:
        raise ConnectTimeout(f"No connection within {timeout_seconds:g} s.") from error
    raise ConnectError(str(failure or "There is no address to connect to.")) from failure
