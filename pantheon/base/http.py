"""The one client for requests that leave: where they may go, and how much may come back.

Origins that the operator configured are allowed as they are, loopback included. Everything else
goes to the usual ports of public addresses only, and the connection is made to the very address
that was checked, so that a name cannot change its mind in between. No redirect is followed, no
proxy is used, no compressed body is read.
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Iterable, Mapping
from functools import cache

import httpx2
from httpx2 import (
    AsyncClient,
    ConnectError,
    ConnectTimeout,
    LocalProtocolError,
    ReadTimeout,
    Response,
    Timeout,
    TransportError,
)

from pantheon.base.addresses import public_addresses
from pantheon.base.http11 import HttpConnection, connect, request_head

__all__ = [
    "AsyncClient",
    "EgressRefused",
    "Response",
    "TooMuch",
    "TransportError",
    "fetch",
    "is_address",
    "never_left",
    "open_client",
    "timed_out",
]

PORTS = {"http": 80, "https": 443}
CONNECT_SECONDS = 10.0
WRITE_SECONDS = 60.0
KEEP_IDLE_SECONDS = 30.0
KEEP_IDLE = 64
MOST_BYTES = 64 * 1024 * 1024
Origin = tuple[str, str, int]


class EgressRefused(ConnectError):
    """The request would go where none may."""


class TooMuch(TransportError):
    """More came back than is taken."""


def open_client(
    origins: Iterable[str] = (),
    *,
    read_seconds: float = 60.0,
    gather_seconds: float = 0.0,
    most_bytes: int = MOST_BYTES,
) -> AsyncClient:
    """Return a client for `origins` (URLs, their path does not count) and public addresses.

    `read_seconds` is the longest silence, `gather_seconds` how long a stream's later reads wait
    for more, `most_bytes` the longest body. What fails raises a TransportError. Close the client
    with `aclose`.
    """
    allowed = frozenset(_origin(httpx2.URL(url)) for url in origins)
    return AsyncClient(
        transport=_Egress(allowed, gather_seconds, most_bytes),
        timeout=Timeout(
            connect=CONNECT_SECONDS, read=read_seconds, write=WRITE_SECONDS, pool=CONNECT_SECONDS
        ),
        headers={"Accept-Encoding": "identity"},
        follow_redirects=False,
        trust_env=False,
    )


def is_address(url: str) -> bool:
    """Say whether `url` names a server that `open_client` can speak with."""
    try:
        scheme, host, port = _origin(httpx2.URL(url))
    except httpx2.InvalidURL:
        return False
    return scheme in PORTS and bool(host) and "%" not in host and 0 < port < 65_536


async def fetch(
    client: AsyncClient, url: str, *, headers: Mapping[str, str], seconds: float
) -> tuple[int, bytes]:
    """GET a document: its status and body, all within `seconds`. Raises TransportError."""
    try:
        async with asyncio.timeout(seconds):
            response = await client.get(url, headers=dict(headers))
    except TimeoutError as error:
        raise ReadTimeout(f"No answer within {seconds:g} s.") from error
    return response.status_code, response.content


def never_left(error: BaseException | None) -> bool:
    """Say whether a request failed before anything of it was sent."""
    return isinstance(error, (ConnectError, ConnectTimeout, LocalProtocolError))


def timed_out(error: BaseException | None) -> bool:
    """Say whether a request failed because the other side was silent for too long."""
    return isinstance(error, ReadTimeout)


class _Egress(httpx2.AsyncBaseTransport):
    """HTTP/1.1 to allowed origins and checked addresses, over connections that are used again."""

    def __init__(self, allowed: frozenset[Origin], gather_seconds: float, most_bytes: int) -> None:
        self._allowed = allowed
        self._gather_seconds = gather_seconds
        self.most_bytes = most_bytes
        # Which were put down when, by the loop's clock; the last is taken first.
        self._idle: dict[Origin, list[tuple[float, HttpConnection]]] = {}

    async def handle_async_request(self, request: httpx2.Request) -> Response:
        head = request_head(request.method, request.url.raw_path, request.headers.raw)
        body = await request.aread()
        seconds = request.extensions["timeout"]
        origin = _origin(request.url)
        connection = self._take(origin) or await self._connect(origin, seconds["connect"])
        try:
            await connection.send(head, body, seconds["write"])
            answer = await connection.read_head(seconds["read"])
            response = Response(
                status_code=answer.status,
                headers=answer.headers,
                stream=_Body(self, origin, connection, seconds["read"]),
            )
            if response.headers.get("content-encoding", "identity") != "identity":
                raise httpx2.RemoteProtocolError("The body is compressed, which was not asked for.")
        except BaseException:
            connection.close()
            raise
        return response

    async def aclose(self) -> None:
        for resting in self._idle.values():
            for _, connection in resting:
                connection.close()
        self._idle.clear()

    def put_down(self, origin: Origin, connection: HttpConnection) -> None:
        """Keep a connection for the next request, if it can carry one."""
        if not connection.release():
            return
        resting = self._idle.setdefault(origin, [])
        resting.append((asyncio.get_running_loop().time(), connection))
        if len(resting) > KEEP_IDLE:
            resting.pop(0)[1].close()

    def _take(self, origin: Origin) -> HttpConnection | None:
        resting = self._idle.get(origin, [])
        fresh = asyncio.get_running_loop().time() - KEEP_IDLE_SECONDS
        while resting:
            since, connection = resting.pop()
            if since >= fresh and connection.is_usable:
                return connection
            connection.close()
        return None

    async def _connect(self, origin: Origin, seconds: float) -> HttpConnection:
        scheme, host, port = origin
        known = origin in self._allowed
        if not known and PORTS.get(scheme) != port:
            raise EgressRefused(f"Requests to {scheme} port {port} are refused.")
        return await connect(
            [host] if known else await _look_up(host, port, seconds),
            port,
            seconds,
            tls=_tls() if scheme == "https" else None,
            host=host,
            gather_seconds=self._gather_seconds,
        )


class _Body(httpx2.AsyncByteStream):
    """A body in pieces as the socket's reads brought it, not as the server cut it."""

    def __init__(
        self, egress: _Egress, origin: Origin, connection: HttpConnection, seconds: float
    ) -> None:
        self._egress = egress
        self._origin = origin
        self._connection: HttpConnection | None = connection
        self._seconds = seconds

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        assert self._connection is not None
        left = self._egress.most_bytes
        async for piece in self._connection.read_body(self._seconds):
            left -= len(piece)
            if left < 0:
                raise TooMuch("The answer is too long.")
            yield piece

    async def aclose(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            self._egress.put_down(self._origin, connection)


async def _look_up(host: str, port: int, seconds: float) -> list[str]:
    """Return the addresses of a host, all of them public."""
    try:
        async with asyncio.timeout(seconds):
            return await public_addresses(host, port)
    except PermissionError as error:
        raise EgressRefused(str(error)) from error
    except TimeoutError as error:
        raise ConnectTimeout(f"{host} could not be looked up in time.") from error
    except OSError as error:
        raise ConnectError(f"{host} cannot be looked up: {error}") from error


def _origin(url: httpx2.URL) -> Origin:
    return url.scheme, url.host, url.port or PORTS.get(url.scheme, 0)


@cache
def _tls() -> ssl.SSLContext:
    return httpx2.create_ssl_context()
