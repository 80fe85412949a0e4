"""The one client for requests that leave: where they may go, and how much may come back.

Origins that the operator configured are allowed as they are, loopback included. Everything else
goes to the usual ports of public addresses only, and the connection is made to the very address
that was checked, so that a name cannot change its mind in between. No redirect is followed, no
proxy is used, no compressed body is read.
"""

# ruff: noqa: ARG002, ASYNC109 - the backends' signatures are httpcore2's

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Mapping
from functools import cache

import httpcore2
import httpx2
from httpx2 import (
    AsyncClient,
    ConnectError,
    ConnectTimeout,
    LocalProtocolError,
    PoolTimeout,
    ReadTimeout,
    Response,
    Timeout,
    TransportError,
)

from pantheon.base.addresses import public_addresses
from pantheon.base.tcp import TcpStream, connect

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
CORE_ERRORS = (
    httpcore2.TimeoutException,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.UnsupportedProtocol,
)

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
    return isinstance(error, (ConnectError, ConnectTimeout, PoolTimeout, LocalProtocolError))


def timed_out(error: BaseException | None) -> bool:
    """Say whether a request failed because the other side was silent for too long."""
    return isinstance(error, ReadTimeout)


class _Egress(httpx2.AsyncBaseTransport):
    """HTTP/1.1 to allowed origins and checked addresses, bodies given out read by read."""

    def __init__(self, allowed: frozenset[Origin], gather_seconds: float, most_bytes: int) -> None:
        self._allowed = allowed
        self._gather_seconds = gather_seconds
        self._most_bytes = most_bytes
        self._pools: dict[tuple[bool, bool], httpcore2.AsyncConnectionPool] = {}

    async def handle_async_request(self, request: httpx2.Request) -> Response:
        origin = _origin(request.url)
        known = origin in self._allowed
        if not known and PORTS.get(origin[0]) != origin[2]:
            raise EgressRefused(f"Requests to {request.url.scheme} port {origin[2]} are refused.")
        assert isinstance(request.stream, httpx2.AsyncByteStream)
        core_request = httpcore2.Request(
            method=request.method,
            url=httpcore2.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        pool = self._pool(known, request.url.scheme == "https")
        try:
            answer = await pool.handle_async_request(core_request)
        except CORE_ERRORS as error:
            raise _translated(error) from error
        assert isinstance(answer.stream, AsyncIterable)
        response = Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=_Body(answer.stream, answer.extensions["network_stream"], self._most_bytes),
            extensions=answer.extensions,
        )
        if response.headers.get("content-encoding", "identity") != "identity":
            await response.aclose()
            raise httpx2.RemoteProtocolError("The body is compressed, which was not asked for.")
        return response

    async def aclose(self) -> None:
        for pool in self._pools.values():
            await pool.aclose()

    def _pool(self, known: bool, encrypted: bool) -> httpcore2.AsyncConnectionPool:
        pool = self._pools.get((known, encrypted))
        if pool is None:
            pool = self._pools[known, encrypted] = httpcore2.AsyncConnectionPool(
                ssl_context=_tls() if encrypted else None,
                max_connections=None,
                max_keepalive_connections=KEEP_IDLE,
                keepalive_expiry=KEEP_IDLE_SECONDS,
                network_backend=(_Direct if known else _Checked)(self._gather_seconds),
            )
        return pool


class _Direct(httpcore2.AsyncNetworkBackend):
    """Connects to a host by its name."""

    def __init__(self, gather_seconds: float) -> None:
        self._gather_seconds = gather_seconds

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: object = None,
    ) -> httpcore2.AsyncNetworkStream:
        return await connect([host], port, timeout, self._gather_seconds)


class _Checked(_Direct):
    """Connects to the public addresses of a host, and to no other."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: object = None,
    ) -> httpcore2.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                addresses = await public_addresses(host, port)
        except PermissionError as error:
            raise EgressRefused(str(error)) from error
        except TimeoutError as error:
            raise ConnectTimeout(f"{host} could not be looked up in time.") from error
        except OSError as error:
            raise ConnectError(f"{host} cannot be looked up: {error}") from error
        return await connect(addresses, port, timeout, self._gather_seconds)


class _Body(httpx2.AsyncByteStream):
    """A body in pieces as the socket's reads brought it, not as the server cut it."""

    def __init__(
        self, stream: AsyncIterable[bytes], connection: TcpStream, most_bytes: int
    ) -> None:
        self._stream = stream
        self._connection = connection
        self._left = most_bytes

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        pieces: list[bytes] = []
        try:
            async for piece in self._stream:
                self._left -= len(piece)
                if self._left < 0:
                    raise TooMuch("The answer is too long.")
                pieces.append(piece)
                if self._connection.is_end_of_read(pieces):
                    yield b"".join(pieces)
                    pieces.clear()
        except CORE_ERRORS as error:
            raise _translated(error) from error
        if pieces:
            yield b"".join(pieces)

    async def aclose(self) -> None:
        close = getattr(self._stream, "aclose", None)
        if close is not None:
            await close()


def _origin(url: httpx2.URL) -> Origin:
    return url.scheme, url.host, url.port or PORTS.get(url.scheme, 0)


def _translated(error: Exception) -> TransportError:
    kind: type[TransportError] = getattr(httpx2, type(error).__name__)
    return kind(str(error))


@cache
def _tls() -> ssl.SSLContext:
    return httpx2.create_ssl_context()
