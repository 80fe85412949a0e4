"""The hub of a process: committed events and unsaved text, handed to whoever follows a session.

One a process. What happens here comes from memory, what happens elsewhere by a wake-up that sends
the followers to the log; a poll finds what no wake-up told of.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

import psycopg
import structlog

from pantheon.base.errors import Problem
from pantheon.db.pool import Database, Notice
from pantheon.db.wake import Wake
from pantheon.events.types import EventType, LiveDelta, LogEvent

QUEUE_LIMIT = 2_000
QUEUE_BYTES = 1 << 20
LIVE_EVENTS = 64
LIVE_LIMIT = 1_000

log = structlog.get_logger()


class Unsaved(Protocol):
    """The text of a running step."""

    def unsaved(self) -> LiveDelta | None:
        """Return the part that is not in the log yet."""
        ...


@dataclass(slots=True, eq=False)
class Subscription:
    """What one follower has still to be given, and how far in the log it is."""

    workspace_id: UUID
    at: tuple[int, int]
    queue: deque[list[LogEvent] | LiveDelta] = field(default_factory=deque)
    awake: asyncio.Event = field(default_factory=asyncio.Event)
    behind: bool = False
    changed: bool = False
    size: int = 0

    def put(self, item: list[LogEvent] | LiveDelta) -> None:
        """Hand over what has just happened."""
        size = _size(item)
        if self.queue and (len(self.queue) >= QUEUE_LIMIT or self.size + size > QUEUE_BYTES):
            # A reader this slow goes back to the log: memory stays bounded, nothing is lost.
            self.queue.clear()
            self.size = 0
            self.behind = True
        self.queue.append(item)
        self.size += size
        self.awake.set()

    def take(self) -> list[LogEvent] | LiveDelta:
        """Return what has waited longest."""
        item = self.queue.popleft()
        self.size -= _size(item)
        return item

    def take_all(self) -> list[list[LogEvent] | LiveDelta]:
        """Return all that waits."""
        items = list(self.queue)
        self.queue.clear()
        self.size = 0
        return items

    def tell(self) -> None:
        """Let the follower tell of the session itself, which has changed."""
        self.changed = True
        self.awake.set()

    def look(self) -> None:
        """Send the follower to the log: there is something in it."""
        self.behind = True
        self.awake.set()


def _size(item: list[LogEvent] | LiveDelta) -> int:
    """Return about how many bytes are handed over."""
    if isinstance(item, LiveDelta):
        return len(item.text)
    return sum(len(event.data) for event in item)


class Hub:
    """Hands committed events and unsaved text to this process's followers."""

    def __init__(self, db: Database, wake: Wake, poll_seconds: float) -> None:
        """Listen to `db` and `wake`; followers look at the log every `poll_seconds` at least."""
        self._db = db
        self.poll_seconds = poll_seconds
        self._unsaved: dict[UUID, dict[UUID, Unsaved]] = {}
        self._live: dict[UUID, list[LogEvent]] = {}
        self._subscriptions: dict[UUID, set[Subscription]] = {}
        db.listeners.append(self._committed)
        wake.on_notice(self._elsewhere)

    @property
    def followers(self) -> int:
        """How many streams are open in this process."""
        return sum(len(group) for group in self._subscriptions.values())

    def publish(self, delta: LiveDelta) -> None:
        """Hand text to the followers before it is saved."""
        for subscription in self._subscriptions.get(delta.ref.session_id, ()):
            subscription.put(delta)

    def followed(self, session_id: UUID) -> bool:
        """Whether a reader of this process follows the session."""
        return session_id in self._subscriptions

    def keep_unsaved(self, session_id: UUID, step_id: UUID, text: Unsaved) -> None:
        """Know a running step's text, for readers that join before it is saved."""
        self._unsaved.setdefault(session_id, {})[step_id] = text

    def drop_unsaved(self, session_id: UUID, step_id: UUID) -> None:
        """Forget a step's text: all of it is in the log."""
        steps = self._unsaved.get(session_id, {})
        steps.pop(step_id, None)
        if not steps:
            self._unsaved.pop(session_id, None)

    def unsaved(self, session_id: UUID) -> list[LiveDelta]:
        """Return what running steps of a session have said and the log does not have yet."""
        texts = self._unsaved.get(session_id, {}).values()
        return [delta for text in texts if (delta := text.unsaved()) is not None]

    async def run(self) -> None:
        """Look for events that no wake-up told of, one query for all followers; until cancelled."""
        while True:
            await asyncio.sleep(self.poll_seconds)
            try:
                await self._poll()
            except (psycopg.Error, Problem) as error:
                log.warning("followers wait for the database", error=str(error).strip())

    async def _poll(self) -> None:
        sessions = list(self._subscriptions)
        if not sessions:
            return
        async with self._db.sweep() as conn:
            cursor = await conn.execute(
                """
                SELECT t.session_id, t.index, t.last_seq
                FROM unnest(%(workspaces)s::uuid[], %(sessions)s::uuid[]) AS s (workspace_id, id)
                CROSS JOIN LATERAL (
                    SELECT session_id, index, last_seq FROM turns
                    WHERE workspace_id = s.workspace_id AND session_id = s.id
                    ORDER BY index DESC LIMIT 1
                ) t
                """,
                {
                    "workspaces": [
                        next(iter(self._subscriptions[session])).workspace_id
                        for session in sessions
                    ],
                    "sessions": sessions,
                },
            )
            ends = await cursor.fetchall()
        for session_id, index, seq in ends:
            for subscription in self._subscriptions.get(session_id, ()):
                if subscription.at < (index, seq):
                    subscription.look()

    def subscribe(self, workspace_id: UUID, session_id: UUID, at: tuple[int, int]) -> Subscription:
        """Begin to collect what happens in a session after `at`."""
        subscription = Subscription(workspace_id, at)
        self._subscriptions.setdefault(session_id, set()).add(subscription)
        return subscription

    def unsubscribe(self, session_id: UUID, subscription: Subscription) -> None:
        """Stop collecting."""
        group = self._subscriptions[session_id]
        group.discard(subscription)
        if not group:
            del self._subscriptions[session_id]

    def _committed(self, notices: list[Notice]) -> None:
        for notice in notices:
            if notice.kind == "events" and notice.session_id is not None:
                self._remember(notice.session_id, notice.payload)
                for subscription in self._subscriptions.get(notice.session_id, ()):
                    subscription.put(notice.payload)
            else:
                self._changed(notice)

    def live(self, session_id: UUID, index: int) -> list[LogEvent] | None:
        """Return the whole log of turn `index` so far, if this process has it in memory."""
        events = self._live.get(session_id)
        return list(events) if events and events[0].index == index else None

    def _remember(self, session_id: UUID, events: list[LogEvent]) -> None:
        """Keep a live turn's log while it is short: whoever just asked reads it from the start."""
        first, last = events[0], events[-1]
        if first.seq == 1:
            self._live[session_id] = []
            if len(self._live) > LIVE_LIMIT:
                del self._live[next(iter(self._live))]
        known = self._live.get(session_id)
        if known is None:
            return
        follows = first.seq == len(known) + 1 and (not known or known[0].index == first.index)
        if not follows or last.type == EventType.turn_completed or last.seq > LIVE_EVENTS:
            del self._live[session_id]
        else:
            known.extend(events)

    def _elsewhere(self, notice: Notice) -> None:
        if notice.kind == "events" and notice.session_id is not None:
            for subscription in self._subscriptions.get(notice.session_id, ()):
                subscription.look()
        self._changed(notice)

    def _changed(self, notice: Notice) -> None:
        if notice.kind == "session" and notice.session_id is not None:
            for subscription in self._subscriptions.get(notice.session_id, ()):
                subscription.tell()
