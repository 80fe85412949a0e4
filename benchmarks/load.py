"""The load client, a process of its own: `python -m benchmarks.load`.

Reads one job as JSON per line of standard input and answers each with a line, until the input
ends. Raw HTTP/1.1 on loopback, parsed in C, so that it costs little beside what it measures.
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from functools import partial
from time import perf_counter
from typing import Any

import httptools
import uvloop

JOB_SECONDS = 120.0
TURN_SECONDS = 60.0


class Turn:
    """What is known of one answer: `first` is its first token's time in ms since it was sent."""

    def __init__(self, sent_at: float) -> None:
        self.sent_at = sent_at
        self.first: float | None = None
        self.status = 0
        self.body = b""


class Connection(asyncio.Protocol):
    """A connection that is kept, one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._done: asyncio.Future[None] | None = None
        self._turn = Turn(0)
        self._parts: list[bytes] = []
        self._first_mark = b""

    async def ask(self, port: int, request: bytes, first_mark: bytes) -> Turn:
        """Send a request and read its answer to the end.

        The turn's `first` is when the first part with `first_mark` came. Raises OSError.
        """
        loop = asyncio.get_running_loop()
        if self._transport is None or self._transport.is_closing():
            await loop.create_connection(lambda: self, "127.0.0.1", port)
        assert self._transport is not None
        self._parser = httptools.HttpResponseParser(self)
        self._parts, self._first_mark = [], first_mark
        self._done = loop.create_future()
        self._turn = Turn(perf_counter())
        self._transport.write(request)
        await asyncio.wait_for(self._done, TURN_SECONDS)
        return self._turn

    def close(self) -> None:
        """Close it at once."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Parse what came."""
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail whoever waits."""
        if self._done is not None and not self._done.done():
            self._done.set_exception(exc or ConnectionError("The server hung up."))

    def on_body(self, body: bytes) -> None:
        """Take a part of the body, and the time if it brings the first token."""
        if self._turn.first is None and self._first_mark in body:
            self._turn.first = (perf_counter() - self._turn.sent_at) * 1000
        self._parts.append(body)

    def on_message_complete(self) -> None:
        """Hand the answer over."""
        turn = self._turn
        turn.status = self._parser.get_status_code()
        turn.body = b"".join(self._parts)
        if not self._parser.should_keep_alive() and self._transport is not None:
            self._transport.close()
        if self._done is not None and not self._done.done():
            self._done.set_result(None)


class Reader(asyncio.Protocol):
    """A reader that follows a stream and throws away what it reads."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self.open: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.bytes = 0
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the stream."""
        self.transport = transport  # type: ignore[assignment]
        self.transport.write(self._request)  # type: ignore[union-attr]

    def data_received(self, data: bytes) -> None:
        """Count; the first bytes are the head of an answer."""
        if not self.open.done():
            if data.startswith(b"HTTP/1.1 200"):
                self.open.set_result(None)
            else:
                self.open.set_exception(ConnectionError(data[:500].decode("latin-1")))
        self.bytes += len(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail whoever waits for the stream to open."""
        if not self.open.done():
            self.open.set_exception(exc or ConnectionError("The server hung up."))


class Client:
    """Does the jobs; keeps the readers between them."""

    def __init__(self) -> None:
        self._readers: list[Reader] = []

    async def do(self, job: dict[str, Any]) -> dict[str, Any]:
        """Do one job; its answer has `error` when it could not be done."""
        kinds = {"turns": self._turns, "follow": self._follow, "leave": self._leave}
        try:
            return await asyncio.wait_for(kinds[job["kind"]](job), JOB_SECONDS)
        except (OSError, TimeoutError) as error:
            return {"error": f"{type(error).__name__}: {error}"}

    async def _turns(self, job: dict[str, Any]) -> dict[str, Any]:
        """Take `turns` turns in each session: one after another, or all sessions in step.

        In step: every session sends its question at the same moment, and the next when all have
        their answers.
        """
        requests = [session.encode("latin-1") for session in job["requests"]]
        first_mark = job["first"].encode()
        count, port = job["turns"], job["port"]
        turns: list[Turn] = []
        began = perf_counter()
        if job["in_step"]:
            connections = [Connection() for _ in requests]
            for _ in range(count):
                turns += await asyncio.gather(
                    *(
                        connection.ask(port, request, first_mark)
                        for connection, request in zip(connections, requests, strict=True)
                    )
                )
        else:
            connections = [Connection()]
            for request in requests:
                for _ in range(count):
                    turns.append(await connections[0].ask(port, request, first_mark))
        seconds = perf_counter() - began
        for connection in connections:
            connection.close()
        marks = [mark.encode() for mark in job["marks"]]
        return {
            "seconds": seconds,
            "first_ms": [turn.first for turn in turns],
            "sent_at": [turn.sent_at for turn in turns],
            "wrong": _wrong(turns, job["status"], marks),
            "body": turns[-1].body.decode() if job["show"] else "",
        }

    async def _follow(self, job: dict[str, Any]) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        for request in job["requests"]:
            make = partial(Reader, request.encode("latin-1"))
            _, reader = await loop.create_connection(make, "127.0.0.1", job["port"])
            self._readers.append(reader)
            await reader.open
        return {"readers": len(self._readers), "bytes": self._read()}

    async def _leave(self, _: dict[str, Any]) -> dict[str, Any]:
        count, read = len(self._readers), self._read()
        for reader in self._readers:
            assert reader.transport is not None
            reader.transport.abort()
        self._readers.clear()
        return {"readers": count, "bytes": read}

    def _read(self) -> int:
        return sum(reader.bytes for reader in self._readers)


def _wrong(turns: Sequence[Turn], status: int, marks: Sequence[bytes]) -> list[str]:
    """Describe the answers that are not what was asked for: figures without worth."""
    return [
        f"{turn.status}: {turn.body[-600:].decode(errors='replace')}"
        for turn in turns
        if turn.status != status
        or turn.first is None
        or not all(mark in turn.body for mark in marks)
    ]


async def serve() -> None:
    """Do jobs until standard input ends."""
    loop = asyncio.get_running_loop()
    client = Client()
    print(json.dumps({"ready": True}), flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(await client.do(json.loads(line))), flush=True)


if __name__ == "__main__":
    uvloop.run(serve())
