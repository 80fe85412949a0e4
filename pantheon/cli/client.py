"""Speaking HTTP with a running server: where it is, who we are, its answers, a turn's events."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx2
import orjson

from pantheon.base import ids
from pantheon.base.errors import Problem, ProblemType
from pantheon.ops.server_file import NO_SERVER

NO_KEY = ProblemType("no_api_key", 401, "An API key is needed")
BAD_ANSWER = ProblemType("bad_answer", 502, "The server's answer makes no sense")

BASE = "/api/v1"
KEY_VARIABLE = "PANTHEON_API_KEY"
PATIENCE_SECONDS = 60.0
AGAIN_SECONDS = 10.0
GOODBYE_SECONDS = 1.0
QUIET_SECONDS = 45.0
"""A server sends a sign of life every 15 s: after three that are missing the stream is dead."""

PASSING = {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}


@dataclass(frozen=True, slots=True)
class Door:
    """A server's address and the headers that say who we are; `brief`: signed in for now only."""

    url: str
    headers: Mapping[str, str]
    brief: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a stream. `data` is its JSON; a delta's text was not seen before."""

    id: str | None
    name: str
    data: dict[str, Any]


async def find_door(data_dir: Path | None, url: str | None) -> Door:
    """Find the server: at `url` with the key of the environment, else the data directory's own.

    Raises `no_api_key`, `no_server`, and what a database that cannot be opened raises.
    """
    key = os.environ.get(KEY_VARIABLE)
    if url is not None:
        if not key:
            raise NO_KEY(
                f"Set {KEY_VARIABLE} to a key of the server at {url}; there,"
                " 'pantheon key create --name NAME' makes one."
            )
        return Door(url.rstrip("/"), {"Authorization": f"Bearer {key}"})
    # Not needed with --url: a machine that only asks has no data directory.
    from pantheon.cli.workspace import running_server, sign_in

    server = running_server(data_dir)
    if key:
        return Door(server.url, {"Authorization": f"Bearer {key}"})
    return Door(server.url, {"Cookie": await sign_in(data_dir), "Origin": server.url}, brief=True)


class Client:
    """A connection to one server, with its answers as plain dicts and its refusals as problems."""

    def __init__(self, http: httpx2.AsyncClient, url: str) -> None:
        """Use `http`, whose base is the server's API."""
        self._http = http
        self._url = url
        self._answered = False

    async def get(self, path: str) -> dict[str, Any]:
        """Read a resource. Raises the server's problem, or `no_server`."""
        return await self._send("GET", path, None, {})

    async def every(self, path: str) -> list[dict[str, Any]]:
        """Read a list to its end."""
        page = await self.get(f"{path}?limit=200")
        items = list(page["items"])
        while page["next_cursor"]:
            page = await self.get(f"{path}?limit=200&cursor={page['next_cursor']}")
            items += page["items"]
        return items

    async def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Create something once, however often the connection breaks meanwhile."""
        return await self._send("POST", path, body, {"Idempotency-Key": str(ids.new())})

    async def follow(self, turn_id: str, on_trouble: Callable[[str], None]) -> AsyncIterator[Event]:
        """Yield a turn's events to its `turn.completed`; a broken connection is opened again.

        Each event comes once. `on_trouble` is told in words when the connection is lost. Raises
        `no_server` when it stays away for a minute, and the server's problem for a refusal.
        """
        reader = _Reader()
        loop = asyncio.get_running_loop()
        alone_since: float | None = None
        pause = 0.2
        while True:
            try:
                async for event in self._stream(turn_id, reader):
                    alone_since, pause = None, 0.2
                    yield event
                    if event.name == "turn.completed":
                        return
                trouble = "it closed the stream"
            except httpx2.SSEError as error:
                raise BAD_ANSWER(
                    f"The server at {self._url} sends something else than events."
                ) from error
            except (httpx2.TransportError, _Away) as error:
                trouble = _words(error)
            if alone_since is None:
                alone_since = loop.time()
                on_trouble(f"The connection is lost ({trouble}), trying again …")
            elif loop.time() - alone_since > PATIENCE_SECONDS:
                raise NO_SERVER(
                    f"The server at {self._url} stays away ({trouble}). The turn is kept there:"
                    " it goes on when the server runs again."
                )
            await asyncio.sleep(pause)
            pause = min(pause * 2, 2.0)

    async def _stream(self, turn_id: str, reader: "_Reader") -> AsyncIterator[Event]:
        headers = {"Accept": "text/event-stream"}
        if reader.last_id is not None:
            headers["Last-Event-ID"] = reader.last_id
        timeout = httpx2.Timeout(10, read=QUIET_SECONDS)
        async with self._http.stream(
            "GET", f"{BASE}/turns/{turn_id}/events", headers=headers, timeout=timeout
        ) as response:
            if response.status_code in PASSING:
                raise _Away(f"status {response.status_code}")
            if response.is_error:
                await response.aread()
                raise self._refusal(response)
            async for message in httpx2.EventSource(response, max_event_size=None):
                event = reader.take(message.id, message.event, message.data)
                if event is not None:
                    yield event

    async def _send(
        self, method: str, path: str, body: Mapping[str, Any] | None, headers: dict[str, str]
    ) -> dict[str, Any]:
        """Send a request, again where it broke off; to who never answered it is sent once."""
        content = None if body is None else orjson.dumps(body)
        if content is not None:
            headers["Content-Type"] = "application/json"
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + AGAIN_SECONDS
        while True:
            try:
                response = await self._http.request(
                    method, BASE + path, content=content, headers=headers
                )
            except (httpx2.TransportError, httpx2.InvalidURL) as error:
                if not self._answered or loop.time() > ends_at:
                    raise NO_SERVER(
                        f"The server at {self._url} does not answer ({_words(error)})."
                    ) from error
            else:
                if response.is_success:
                    self._answered = True
                    found: dict[str, Any] = orjson.loads(response.content or b"{}")
                    return found
                if response.status_code not in PASSING or loop.time() > ends_at:
                    raise self._refusal(response)
            await asyncio.sleep(0.3)

    def _refusal(self, response: httpx2.Response) -> Problem:
        try:
            found = orjson.loads(response.content)
            kind = ProblemType(found["code"], response.status_code, found["title"])
            return kind(found["detail"])
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return BAD_ANSWER(
                f"The server at {self._url} answered with status {response.status_code} and no"
                " reason. Is it Pantheon?"
            )


@asynccontextmanager
async def connect(door: Door) -> AsyncIterator[Client]:
    """Open a client; the environment's proxies are used for servers elsewhere only."""
    async with httpx2.AsyncClient(
        base_url=door.url,
        headers=dict(door.headers),
        timeout=httpx2.Timeout(10, read=30),
        trust_env=not _is_loopback(door.url),
    ) as http:
        try:
            yield Client(http, door.url)
        finally:
            if door.brief:
                # A server that is away forgets the login by itself, a month later.
                with suppress(httpx2.TransportError):
                    await http.post(f"{BASE}/logout", timeout=GOODBYE_SECONDS)


class _Away(Exception):
    """The server, or what stands before it, says that it cannot answer now."""


class _Reader:
    """What has been read of a turn: where to go on, and how much of each step's text there is."""

    def __init__(self) -> None:
        self.last_id: str | None = None
        self._texts: dict[str, tuple[int, int]] = {}

    def take(self, event_id: str | None, name: str, raw: str) -> Event | None:
        data = orjson.loads(raw)
        if event_id:
            self.last_id = event_id
        if name in ("step.started", "step.restarted"):
            self._texts[data["step_id"]] = (data["attempt"], 0)
        elif name == "step.delta":
            attempt, known = self._texts.get(data["step_id"], (data["attempt"], 0))
            end = data["offset"] + data["length"]
            if data["attempt"] != attempt or end <= known:
                return None
            self._texts[data["step_id"]] = (attempt, end)
            if data["offset"] < known:
                data["text"] = data["text"][known - data["offset"] :]
                data["offset"], data["length"] = known, end - known
        return Event(event_id or self.last_id, name, data)


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__


def _is_loopback(url: str) -> bool:
    host = httpx2.URL(url).host
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
