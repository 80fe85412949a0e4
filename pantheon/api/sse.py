"""Event streams: frames of the log as server-sent events, until the reader leaves or must."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from contextlib import aclosing

import psycopg
import structlog
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from pantheon.base import metrics
from pantheon.base.errors import Problem
from pantheon.events.follow import HEARTBEAT_SECONDS, Frame

MEDIA_TYPE = "text/event-stream"
HEARTBEAT = b":\n\n"
# What is handed over waits in the connection's buffer until the reader takes it.
PIECE_BYTES = 1 << 16

log = structlog.get_logger()

Check = Callable[[], Awaitable[bool]]


class EventStream(Response):
    """An answer that goes on until its events end, the reader leaves, or `closing` is set.

    `check` says with every heartbeat whether the reader may go on reading.
    """

    def __init__(
        self,
        frames: AsyncGenerator[Frame | None],
        check: Check,
        closing: asyncio.Event,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answer with `frames`, which are closed with the stream."""
        # No proxy may hold events back or change them.
        fixed = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}
        super().__init__(None, status, {**fixed, **(headers or {})}, MEDIA_TYPE)
        del self.headers["content-length"]
        self._frames = frames
        self._check = check
        self._closing = closing

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        """Send the head, then events as they come."""
        metrics.STREAMS_OPEN.inc()
        writing = asyncio.create_task(self._write(send))
        others = [asyncio.create_task(left(receive)), asyncio.create_task(self._closing.wait())]
        try:
            await asyncio.wait({writing, *others}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (writing, *others):
                task.cancel()
            ended = await asyncio.gather(writing, *others, return_exceptions=True)
            metrics.STREAMS_OPEN.dec()
        if isinstance(ended[0], Exception):
            raise ended[0]
        if not isinstance(ended[1], bool):
            await send(_body(b"", more=False))

    async def _write(self, send: Send) -> None:
        loop = asyncio.get_running_loop()
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        checked_at = loop.time()
        async with aclosing(self._frames) as frames:
            try:
                async for frame in frames:
                    now = loop.time()
                    if frame is None or now - checked_at >= HEARTBEAT_SECONDS:
                        if not await self._check():
                            return
                        checked_at = now
                    for piece in (HEARTBEAT,) if frame is None else pieces(frame):
                        await send(_body(piece))
            except (psycopg.Error, Problem) as error:
                # The reader comes back, with the id of the last event that it got.
                log.warning("a stream ends: the database is away", error=str(error).strip())


def pieces(frame: Frame) -> Iterator[bytes]:
    """Yield a frame as it goes over the wire, in pieces: a long one is never copied as a whole.

    All readers of a process have the same data of an event; one that stands still keeps a piece.
    """
    data = frame.data
    if len(data) <= PIECE_BYTES:
        yield encode(frame)
        return
    yield encode(Frame(frame.id, frame.event, b"")).removesuffix(b"\n\n")
    for at in range(0, len(data), PIECE_BYTES):
        yield data[at : at + PIECE_BYTES]
    yield b"\n\n"


def encode(frame: Frame) -> bytes:
    """Write a frame as it goes over the wire: its data on one line, its name if it has one."""
    head = f"id: {frame.id}\n" if frame.id is not None else ""
    name = f"event: {frame.event}\n" if frame.event else ""
    return b"%s%sdata: %s\n\n" % (head.encode(), name.encode(), frame.data)


async def left(receive: Receive) -> bool:
    """Return when the client is gone. What it still sends is not read."""
    while (await receive())["type"] != "http.disconnect":
        pass
    return True


def _body(content: bytes, *, more: bool = True) -> Message:
    return {"type": "http.response.body", "body": content, "more_body": more}
