"""A reader of a session over HTTP, as a client has to be: it comes back, wherever it may."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

import httpx2
import orjson

from tests.faults.processes import Process
from tests.faults.world import World

Event = tuple[str | None, str, dict[str, Any]]
TEXT_EVENTS = ("step.delta", "step.reasoning")
PAUSE_SECONDS = 0.05


class Reader:
    """What a client keeps: the events by id, and each step's text by offset."""

    def __init__(self, here: World, session_id: UUID, choose: Callable[[], Process]) -> None:
        """Read a session from the API that `choose` gives for each connection."""
        self._here = here
        self._session_id = session_id
        self._choose = choose
        self.events: list[tuple[str, str, dict[str, Any]]] = []
        self.attempts: dict[str, int] = {}
        self.texts: dict[str, str] = {}
        # From the first turn on, also where that has ended before anybody listened.
        self.last_id = "0.0"
        self.connections = 0
        self.dropped = 0
        self.over: set[str] = set()
        self._moving = asyncio.Event()

    def __str__(self) -> str:
        """Tell how far it is."""
        ends = [event_id for event_id, kind, _ in self.events if kind == "turn.completed"]
        return f"session {self._session_id} at {self.last_id}, ends {ends}"

    def move(self) -> None:
        """Leave the API, and go on at the one that is chosen next."""
        self._moving.set()

    async def read(self, turns: int) -> None:
        """Read until so many turns have ended."""
        while len(self.over) < turns:
            self.connections += 1
            self._moving.clear()
            reading = asyncio.create_task(self._read_once(turns))
            moving = asyncio.create_task(self._moving.wait())
            try:
                await asyncio.wait({reading, moving}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (reading, moving):
                    task.cancel()
                (error, _) = await asyncio.gather(reading, moving, return_exceptions=True)
            if isinstance(error, Exception) and not isinstance(error, httpx2.TransportError):
                raise error
            if len(self.over) < turns:
                await asyncio.sleep(PAUSE_SECONDS)

    async def _read_once(self, turns: int) -> None:
        api = self._choose()
        async for event_id, kind, data in follow(
            self._here.client, api.url, self._session_id, self.last_id
        ):
            self._take(event_id, kind, data)
            if len(self.over) >= turns:
                return

    def _take(self, event_id: str | None, kind: str, data: dict[str, Any]) -> None:
        if event_id is None:
            assert kind == "session.updated", "what has no id is not in the log"
            return
        assert _order(event_id) >= _order(self.last_id), "the reader was led back"
        self.last_id = event_id
        if kind == "step.delta":
            self._take_text(data)
            return
        if kind in ("step.started", "step.restarted"):
            self.attempts[data["step_id"]] = data["attempt"]
            self.texts[data["step_id"]] = ""
        elif kind == "turn.completed":
            self.over.add(data["turn"]["id"])
        if kind not in TEXT_EVENTS:
            self.events.append((event_id, kind, data))

    def _take_text(self, data: dict[str, Any]) -> None:
        step, offset, text = data["step_id"], data["offset"], data["text"]
        assert data["length"] == len(text)
        known = self.texts.get(step, "")
        if data["attempt"] != self.attempts.get(step) or offset + len(text) <= len(known):
            self.dropped += 1
            return
        assert offset <= len(known), f"{step}: text is missing before {offset}"
        assert text.startswith(known[offset:]), f"{step}: other text than before"
        self.texts[step] = known + text[len(known) - offset :]


async def check_reader(here: World, reader: Reader, session_id: UUID) -> None:
    """Assert that a reader has each event but deltas once, in order, and every text whole."""
    wanted = await here.rows(
        """
        SELECT t.index || '.' || e.seq, e.type FROM turns t
        JOIN turn_events e ON e.workspace_id = t.workspace_id AND e.turn_id = t.id
        WHERE t.session_id = %s AND e.type <> ALL (%s) ORDER BY t.index, e.seq
        """,
        session_id,
        list(TEXT_EVENTS),
    )
    assert [(event_id, kind) for event_id, kind, _ in reader.events] == wanted
    stored = await here.rows(
        """
        SELECT s.id::text, m.content FROM steps s
        JOIN turns t ON t.workspace_id = s.workspace_id AND t.id = s.turn_id
        JOIN messages m ON m.workspace_id = s.workspace_id AND m.id = s.message_id
        WHERE t.session_id = %s
        """,
        session_id,
    )
    assert {step: reader.texts.get(step) for step, _ in stored} == dict(stored)


async def follow(
    client: httpx2.AsyncClient, url: str, session_id: UUID, after: str
) -> AsyncIterator[Event]:
    """Follow a session over HTTP as `(id, event, data)`; ends when the connection does."""
    async with client.stream(
        "GET", f"{url}/api/v1/sessions/{session_id}/events", headers={"Last-Event-ID": after}
    ) as response:
        if response.status_code == 503:
            # The database is away; a reader comes back.
            return
        assert response.status_code == 200, await response.aread()
        fields: dict[str, str] = {}
        async for line in response.aiter_lines():
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "event" in fields:
                yield fields.get("id"), fields["event"], orjson.loads(fields["data"])
                fields = {}
            else:
                fields = {}


def _order(event_id: str) -> tuple[int, int]:
    index, _, seq = event_id.partition(".")
    return int(index), int(seq)
