"""Following a session: committed events from the log, a running step's text from memory.

A follower subscribes at the hub, reads the log, hands over the text that is not saved yet, and
then lives on what the hub brings.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from uuid import UUID

import orjson

from pantheon.accounts.roles import Who
from pantheon.db.pool import Database
from pantheon.events import event_log
from pantheon.events.hub import Hub, Subscription
from pantheon.events.types import EventType, LiveDelta, LogEvent

READ_LIMIT = 500
HEARTBEAT_SECONDS = 14.0


Look = Callable[[], Awaitable[bytes | None]]
"""Reads a session as its event tells it; `None` where it cannot be seen any more."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of a stream. `id` is the committed prefix that the reader has been given."""

    id: str | None
    event: str
    data: bytes


async def follow_session(
    db: Database,
    hub: Hub,
    who: Who,
    session_id: UUID,
    after: tuple[int, int] | None,
    look: Look | None = None,
) -> AsyncGenerator[Frame | None]:
    """Yield a session's events after `(turn index, seq)`, for ever.

    `None` comes when a sign of life is due. Without `after`: from the live turn's beginning, or
    only what comes. With `look`, which reads the session, also `session.updated` when it has
    changed. The caller has checked that `who` may see the session.
    """
    if after is None:
        after = await _entry(db, who.workspace_id, session_id)
    follower = _Follower(db, hub, who.workspace_id, session_id, after, look)
    async with aclosing(follower.frames()) as frames:
        async for frame in frames:
            yield frame


async def follow_turn(
    db: Database, hub: Hub, who: Who, session_id: UUID, index: int, after_seq: int
) -> AsyncGenerator[Frame | None]:
    """Yield one turn's events after number `after_seq` and end after its `turn.completed`."""
    follower = _Follower(db, hub, who.workspace_id, session_id, (index, after_seq))
    async with aclosing(follower.frames()) as frames:
        async for frame in frames:
            if frame is not None and frame.id is not None and int(frame.id.split(".")[0]) > index:
                return
            yield frame
            if frame is not None and frame.event == EventType.turn_completed:
                return


async def _entry(db: Database, workspace_id: UUID, session_id: UUID) -> tuple[int, int]:
    async with db.transaction(workspace_id) as conn:
        cursor = await conn.execute(
            """
            SELECT index, CASE WHEN finished_at IS NULL THEN 0 ELSE last_seq END FROM turns
            WHERE workspace_id = %(workspace)s AND session_id = %(session)s
            ORDER BY index DESC LIMIT 1
            """,
            {"workspace": workspace_id, "session": session_id},
        )
        row = await cursor.fetchone()
    return (row[0], row[1]) if row else (0, 0)


class _Follower:
    """One reader: where it is in the log, and how much of each step's text it has."""

    def __init__(
        self,
        db: Database,
        hub: Hub,
        workspace_id: UUID,
        session_id: UUID,
        at: tuple[int, int],
        look: Look | None = None,
    ) -> None:
        self.db = db
        self.hub = hub
        self.workspace_id = workspace_id
        self.session_id = session_id
        self.at = at
        self.look = look
        self.texts: dict[UUID, tuple[int, int]] = {}
        # Whether the turn at which it stands is known to be over: only then the next may follow.
        self.over = at[0] == 0

    async def frames(self) -> AsyncGenerator[Frame | None]:
        subscription = self.hub.subscribe(self.workspace_id, self.session_id, self.at)
        loop = asyncio.get_running_loop()
        sent_at = loop.time()
        try:
            live = self.hub.live(self.session_id, self.at[0]) if self.at[1] == 0 else None
            if live is not None:
                subscription.put(live)
                for delta in self.hub.unsaved(self.session_id):
                    subscription.put(delta)
            else:
                await self._know_texts()
                subscription.behind = True
            while True:
                if subscription.behind:
                    subscription.behind = False
                    async with aclosing(self._catch_up(subscription)) as caught_up:
                        async for frame in caught_up:
                            sent_at = loop.time()
                            yield frame
                while subscription.queue and not subscription.behind:
                    for frame in self._take(subscription.take(), subscription):
                        sent_at = loop.time()
                        yield frame
                if subscription.behind or subscription.queue:
                    continue
                if subscription.changed:
                    subscription.changed = False
                    session = None if self.look is None else await self.look()
                    if session is not None:
                        sent_at = loop.time()
                        yield Frame(None, EventType.session_updated.value, session)
                    continue
                subscription.at = self.at
                subscription.awake.clear()
                try:
                    async with asyncio.timeout_at(sent_at + HEARTBEAT_SECONDS):
                        await subscription.awake.wait()
                except TimeoutError:
                    sent_at = loop.time()
                    yield None
        finally:
            self.hub.unsubscribe(self.session_id, subscription)

    async def _know_texts(self) -> None:
        if self.at[1] == 0:
            return
        async with self.db.transaction(self.workspace_id) as conn:
            where = (conn, self.workspace_id, self.session_id, self.at)
            self.texts = await event_log.text_offsets(*where)
            self.over = await event_log.is_end(*where)

    async def _catch_up(self, subscription: Subscription) -> AsyncGenerator[Frame]:
        more = True
        while more:
            async with self.db.transaction(self.workspace_id) as conn:
                events, more = await event_log.read(
                    conn, self.workspace_id, self.session_id, self.at, READ_LIMIT
                )
            for event in events:
                if (event.index, event.seq) > self.at or event.type == EventType.stream_reset:
                    for frame in self._committed(event):
                        yield frame
            # Nothing of the page is kept while what follows is waited for.
            del events
        # From here to the end nothing is awaited: queue and unsaved text fit together.
        queued = subscription.take_all()
        frames = [frame for item in queued for frame in self._take(item, subscription)]
        for delta in self.hub.unsaved(self.session_id):
            frames.extend(self._take(delta, subscription))
        for frame in frames:
            yield frame

    def _take(self, item: list[LogEvent] | LiveDelta, subscription: Subscription) -> list[Frame]:
        if isinstance(item, LiveDelta):
            return self._live(item, subscription)
        frames: list[Frame] = []
        for event in item:
            if (event.index, event.seq) <= self.at:
                continue
            follows = (event.index, event.seq - 1) == self.at or (
                self.over and event.index == self.at[0] + 1 and event.seq == 1
            )
            if not follows:
                # Also where another process has ended the turn before, which was not heard of yet.
                subscription.behind = True
                break
            frames.extend(self._committed(event))
        return frames

    def _live(self, delta: LiveDelta, subscription: Subscription) -> list[Frame]:
        if delta.ref.index != self.at[0]:
            subscription.behind = delta.ref.index > self.at[0]
            return []
        attempt, known = self.texts.get(delta.step_id, (0, 0))
        if delta.attempt != attempt or delta.offset > known:
            # Its start is not known here yet (or never will be: an attempt that is over).
            subscription.behind = subscription.behind or delta.attempt > attempt
            return []
        text = delta.text[known - delta.offset :]
        if not text:
            return []
        self.texts[delta.step_id] = (attempt, known + len(text))
        return [self._text_frame(delta, known, text)]

    def _text_frame(self, delta: LiveDelta, offset: int, text: str) -> Frame:
        data = {
            "session_id": delta.ref.session_id,
            "turn_id": delta.ref.id,
            "step_id": delta.step_id,
            "attempt": delta.attempt,
            "text": text,
            "offset": offset,
            "length": len(text),
        }
        return Frame(self._id(), EventType.step_delta.value, orjson.dumps(data))

    def _committed(self, event: LogEvent) -> list[Frame]:
        self.at = max(self.at, (event.index, event.seq))
        self.over = event.type == EventType.turn_completed
        if event.type == EventType.step_delta:
            data = orjson.loads(event.data)
            step_id = UUID(data["step_id"])
            attempt, known = self.texts.get(step_id, (0, 0))
            end = data["offset"] + data["length"]
            if data["attempt"] == attempt and end <= known:
                return []
            self.texts[step_id] = (data["attempt"], end)
            if data["attempt"] == attempt and data["offset"] < known:
                data["text"] = data["text"][known - data["offset"] :]
                data["offset"], data["length"] = known, end - known
                return [Frame(self._id(), event.type, orjson.dumps(data))]
        elif event.type in (EventType.step_started, EventType.step_restarted):
            data = orjson.loads(event.data)
            self.texts[UUID(data["step_id"])] = (data["attempt"], 0)
        elif event.type == EventType.turn_completed:
            self.texts.clear()
        return [Frame(self._id(), event.type, event.data)]

    def _id(self) -> str:
        return f"{self.at[0]}.{self.at[1]}"
