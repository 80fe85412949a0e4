"""One outgoing HTTP/1.1 connection on asyncio, for the egress client: read in whole batches.

The protocol is RFC 9112; llhttp parses what comes back.
"""

import asyncio
import select
import ssl
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass, field
from typing import cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser
from httpx2 import (
    ConnectError,
    ConnectTimeout,
    LocalProtocolError,
    ReadError,
    ReadTimeout,
    RemoteProtocolError,
    WriteTimeout,
)

from pantheon.base import departures

# The first reads of an answer are made at once, and so is the one after a read of this size.
FREE_READS = 3
LARGE_READ = 32_768
LONGEST_HEAD = 100_000

Header = tuple[bytes, bytes]


@dataclass(slots=True)
class Answer:
    """The answer to one request, as far as it has come. `pieces` of its body wait to be taken."""

    status: int = 0
    headers: list[Header] = field(default_factory=list)
    pieces: list[bytes] = field(default_factory=list)
    begun: bool = False
    complete: bool = False
    keep_alive: bool = False

    @property
    def ends_with_connection(self) -> bool:
        """Whether nothing in the head says where the body ends."""
        return not any(
            name in (b"content-length", b"transfer-encoding") for name, _ in self.headers
        )


class HttpConnection(asyncio.Protocol):
    """A connection that carries one request at a time.

    A piece of a body is all that has come since the last one. After the first of an answer
    `gather_seconds` pass before the next; meanwhile the socket is not looked at, so that a
    stream of tokens wakes its reader once for several.
    """

    def __init__(self, gather_seconds: float = 0.0) -> None:
        self._gather_seconds = gather_seconds
        self._loop = asyncio.get_running_loop()
        self._answer = Answer()
        self._parser = HttpResponseParser(self)
        self._reads = 0
        self._last_read = 0
        self._last_read_at = 0.0
        self._head_bytes = 0
        self._idle = True
        self._ended = False
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._transport: asyncio.Transport

    @property
    def is_usable(self) -> bool:
        """Whether it waits for a request, and the other side has neither spoken nor left."""
        return self._idle and not self._ended and not self._has_input()

    async def send(self, head: bytes, body: bytes, seconds: float | None) -> None:
        """Send a request, its head and its body in one. `seconds` is for the whole of it.

        Raises WriteTimeout. That the other side has gone is told when the answer is read, which
        may have come before.
        """
        self._idle = False
        self._answer, self._parser = Answer(), HttpResponseParser(self)
        self._reads = self._head_bytes = 0
        departures.note()
        self._transport.write(head + body)
        if not self._writable.is_set():
            try:
                async with asyncio.timeout(seconds):
                    await self._writable.wait()
            except TimeoutError as error:
                raise WriteTimeout(f"Nothing was taken for {seconds:g} s.") from error

    async def read_head(self, seconds: float | None) -> Answer:
        """Return the answer once its head is there; what comes before it (100, 103) is passed over.

        Raises ReadTimeout after `seconds` of silence, ReadError, RemoteProtocolError.
        """
        while not self._answer.begun:
            await self._read(seconds)
        return self._answer

    async def read_body(self, seconds: float | None) -> AsyncGenerator[bytes, None]:
        """Yield the answer's body as it comes. Raises as `read_head` does."""
        answer = self._answer
        while True:
            if answer.pieces:
                piece = b"".join(answer.pieces)
                answer.pieces.clear()
                yield piece
            elif answer.complete:
                return
            else:
                await self._read(seconds)

    def release(self) -> bool:
        """End the exchange. Returns whether another may follow; else the connection is closed."""
        answer = self._answer
        self._idle = answer.complete and answer.keep_alive and self._error is None
        if not self._idle:
            self.close()
        return self._idle

    def close(self) -> None:
        """Close at once; what was not sent yet is dropped."""
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the transport; nothing is read before somebody waits for it."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.pause_reading()

    def data_received(self, data: bytes) -> None:
        """Parse what has come, and look no further until somebody waits again."""
        self._last_read, self._last_read_at = len(data), self._loop.time()
        self._reads += 1
        self._head_bytes += 0 if self._answer.begun else len(data)
        self._transport.pause_reading()
        if self._answer.complete:
            self._error = RemoteProtocolError("More came than was asked for.")
        else:
            self._parse(data)
        self._wake()

    def eof_received(self) -> None:
        """Note the end; the transport then closes."""
        self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end, and why."""
        if exc is not None and not self._ended and self._error is None:
            self._error = ReadError(str(exc))
        self._writable.set()
        self._end()

    def pause_writing(self) -> None:
        """Make the next write wait."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Let writes go on."""
        self._writable.set()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header or trailer from the parser."""
        if not self._answer.begun:
            self._answer.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Take the end of a head from the parser."""
        status = self._parser.get_status_code()
        if status >= 200:
            self._answer.status = status
            self._answer.begun = True
            self._answer.keep_alive = self._parser.should_keep_alive()

    def on_body(self, data: bytes) -> None:
        """Take a piece of the body from the parser."""
        self._answer.pieces.append(data)

    def on_message_complete(self) -> None:
        """Take the end of a message from the parser; before the answer there may be others."""
        if self._answer.begun:
            self._answer.complete = True
        else:
            self._answer.headers.clear()

    def _parse(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self._error = RemoteProtocolError(f"This is no HTTP/1.1: {error}")
        if not self._answer.begun and self._head_bytes > LONGEST_HEAD:
            self._error = RemoteProtocolError("The head of the answer is too long.")

    def _end(self) -> None:
        self._ended = True
        if self._answer.begun and self._answer.ends_with_connection and self._error is None:
            self._answer.complete, self._answer.keep_alive = True, False
        self._wake()

    async def _read(self, seconds: float | None) -> None:
        """Wait until something has come, or there is nothing to come."""
        if self._error is None and not self._ended:
            await self._gather()
            await self._wait(seconds)
        if self._answer.pieces or self._answer.complete:
            return
        if self._error is not None:
            raise self._error
        if self._ended:
            raise RemoteProtocolError("The server hung up before its answer was whole.")

    async def _gather(self) -> None:
        if self._reads >= FREE_READS and self._last_read < LARGE_READ:
            pause = self._last_read_at + self._gather_seconds - self._loop.time()
            if pause > 0:
                await asyncio.sleep(pause)

    async def _wait(self, seconds: float | None) -> None:
        self._waiter = waiter = self._loop.create_future()
        silent = False

        def give_up() -> None:
            nonlocal silent
            silent = True
            self._wake()

        alarm = None if seconds is None else self._loop.call_later(seconds, give_up)
        self._transport.resume_reading()
        try:
            await waiter
        finally:
            self._waiter = None
            if alarm is not None:
                alarm.cancel()
        if silent:
            raise ReadTimeout(f"Nothing came for {seconds:g} s.")

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
    seconds: float | None = None,
    *,
    tls: ssl.SSLContext | None = None,
    host: str | None = None,
    gather_seconds: float = 0.0,
) -> HttpConnection:
    """Connect to the first of `addresses` (names or IP addresses) that answers.

    With `tls` the other side has to show a certificate for `host`. Raises ConnectError, or
    ConnectTimeout after `seconds` for all of them.
    """
    loop = asyncio.get_running_loop()
    failure: OSError | None = None
    try:
        async with asyncio.timeout(seconds):
            for address in addresses:
                try:
                    _, connection = await loop.create_connection(
                        lambda: HttpConnection(gather_seconds),
                        address,
                        port,
                        ssl=tls,
                        server_hostname=host if tls else None,
                    )
                except OSError as error:
                    failure = error
                else:
                    return connection
    except TimeoutError as error:
        raise ConnectTimeout(f"No connection within {seconds:g} s.") from error
    raise ConnectError(str(failure or "There is no address to connect to.")) from failure


def request_head(method: str, target: bytes, headers: Iterable[Header]) -> bytes:
    """Return a request's head as it is sent.

    Raises LocalProtocolError for a line break in it, for a body of unknown length, and for HEAD,
    whose answer tells of a body that does not come.
    """
    headers = list(headers)
    if method == "HEAD" or any(name.lower() == b"transfer-encoding" for name, _ in headers):
        raise LocalProtocolError("Requests are sent with a length, and HEAD is not sent.")
    lines = [b"%s %s HTTP/1.1" % (method.encode("ascii"), target)]
    lines += [b"%s: %s" % header for header in headers]
    head = b"\r\n".join([*lines, b"", b""])
    if head.count(b"\n") != len(lines) + 1 or head.count(b"\r") != len(lines) + 1 or b"\0" in head:
        raise LocalProtocolError("A header has a line break in it.")
    return head
