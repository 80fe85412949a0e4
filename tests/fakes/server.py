"""The fake's HTTP server: asyncio and httptools, one request at a time on a connection."""

import asyncio
import json
import socket
import struct
from collections import defaultdict
from collections.abc import Coroutine
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httptools
import orjson

from tests.fakes import openai
from tests.fakes.log import Entry, Log

JSON = "application/json"
BATCH_BYTES = 1 << 20
REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found"}


class Fake:
    """What all connections share."""

    def __init__(self) -> None:
        self.log = Log()
        self.models_away = False
        self.gates: defaultdict[int | None, asyncio.Event] = defaultdict(asyncio.Event)


class Connection(asyncio.Protocol):
    """One client's connection."""

    def __init__(self, fake: Fake) -> None:
        self._fake = fake
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport
        self._playing: asyncio.TimerHandle | None = None
        self._entry: Entry | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._full = False
        self._next: tuple[openai.Answer, int, float] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def connection_lost(self, exc: Exception | None) -> None:
        self._next = None
        if self._playing is not None:
            self._playing.cancel()
        for task in self._tasks:
            task.cancel()
        if self._entry is not None:
            self._fake.log.settle(self._entry, "client_closed")

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.abort()

    def on_message_begin(self) -> None:
        self._url = b""
        self._body: list[bytes] = []
        self._headers: dict[str, str] = {}

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        url = urlsplit(self._url.decode())
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        body = b"".join(self._body)
        if url.path.endswith("/chat/completions"):
            self._answer(body, url.path)
        elif url.path.endswith("/models"):
            self._send(503 if self._fake.models_away else 200, openai.listing())
        elif url.path == "/log":
            self._run(self._tell_log(query))
        elif url.path == "/reset":
            self._fake.log.reset()
            self._fake.gates.clear()
            self._send(200, b"{}")
        elif url.path == "/open":
            self._fake.gates[json.loads(body)["gate"]].set()
            self._send(200, b"{}")
        elif url.path == "/away":
            self._fake.models_away = json.loads(body)["models"]
            self._send(200, b"{}")
        else:
            self._send(404, b'{"error":{"message":"No such path."}}')

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        if self._next is not None:
            self._go_on()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell_log(self, query: dict[str, str]) -> None:
        entries = await self._fake.log.read(
            query.get("id"),
            arrived_seconds=float(query.get("arrived", 0)),
            settled_seconds=float(query.get("settled", 0)),
        )
        self._send(200, json.dumps({"requests": entries}).encode())

    def _answer(self, body: bytes, path: str) -> None:
        try:
            asked = orjson.loads(body)
            asked["model"], asked["messages"]
        except (ValueError, TypeError, KeyError):
            self._send(400, b'{"error":{"message":"This is no chat request."}}')
            return
        log = self._fake.log
        entry = log.add(self._headers.get("x-client-request-id"), asked["model"], body, path)
        entry.streamed = bool(asked.get("stream"))
        if self._headers.get("authorization") == "Bearer wrong-key":
            answer = openai.refusal(401, "Incorrect API key provided.", "invalid_api_key")
        else:
            asked["model"] = self._headers.get("x-fake-model", asked["model"])
            answer = openai.answer(asked, log.count)
            if not entry.streamed:
                answer = openai.whole(asked, answer)
        entry.status, entry.tokens = answer.status, answer.tokens
        entry.usage = openai.reported(answer)
        self._entry = entry
        if answer.status == 0:
            self._finish(answer)
        elif answer.status != 200:
            self._entry = None
            self._send(answer.status, answer.parts[0][1], headers=answer.headers)
            log.settle(entry, "refused")
        else:
            head = (
                f"HTTP/1.1 200 OK\r\ncontent-type: {answer.content_type}\r\n"
                f"x-request-id: req-{len(log.entries)}\r\ntransfer-encoding: chunked\r\n\r\n"
            ).encode()
            self._play(answer, 0, head, self._loop.time())

    def _play(self, answer: openai.Answer, at: int, ready: bytes, due: float) -> None:
        """Send what is due, then wait for the next part: absolute times, so that none drifts."""
        self._playing = None
        out = [ready]
        parts, size = answer.parts, len(ready)
        while at < len(parts) and size < BATCH_BYTES:
            delay, data = parts[at]
            if delay == openai.GATE:
                break
            if delay > 0:
                due += delay
                if due > self._loop.time():
                    break
            out.append(b"%x\r\n%b\r\n" % (len(data), data))
            size += len(data)
            at += 1
        if at == len(parts) and answer.ending == "end":
            out.append(b"0\r\n\r\n")
        self._transport.write(b"".join(out))
        if at == len(parts):
            self._finish(answer)
        elif size >= BATCH_BYTES:
            # An answer without end is not made before it can leave.
            self._next = answer, at, due
            if not self._full:
                self._playing = self._loop.call_later(0, self._go_on)
        elif parts[at][0] == openai.GATE:
            self._run(self._play_behind_gate(answer, at))
        else:
            data = parts[at][1]
            chunk = b"%x\r\n%b\r\n" % (len(data), data)
            self._playing = self._loop.call_at(due, self._play, answer, at + 1, chunk, due)

    async def _play_behind_gate(self, answer: openai.Answer, at: int) -> None:
        await self._fake.gates[answer.gate].wait()
        data = answer.parts[at][1]
        self._play(answer, at + 1, b"%x\r\n%b\r\n" % (len(data), data), self._loop.time())

    def _go_on(self) -> None:
        if self._next is not None:
            answer, at, due = self._next
            self._next = None
            self._play(answer, at, b"", due)

    def _finish(self, answer: openai.Answer) -> None:
        entry = self._entry
        assert entry is not None
        if answer.ending == "hang":
            return
        self._entry = None
        if answer.ending == "end":
            self._fake.log.settle(entry, "completed")
            return
        self._fake.log.settle(entry, answer.ending)
        if answer.ending == "reset":
            # After what was written has left: close with a reset instead of an end.
            sock: socket.socket = self._transport.get_extra_info("socket")
            linger = struct.pack("ii", 1, 0)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self._loop.call_later(0.02, self._transport.abort)
        else:
            self._transport.close()

    def _send(self, status: int, body: bytes, *, headers: tuple[tuple[str, str], ...] = ()) -> None:
        lines: list[Any] = [
            f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}",
            f"content-type: {JSON}",
            f"content-length: {len(body)}",
            *(f"{name}: {value}" for name, value in headers),
        ]
        self._transport.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
