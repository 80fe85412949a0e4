"""The edge of the app, around all routes: hosts, sizes, headers, metrics, the unexpected."""

import time
from collections.abc import Mapping
from urllib.parse import urlsplit

import structlog
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pantheon.api.problems import INTERNAL_ERROR, TOO_LARGE, problem_response
from pantheon.base import ids, metrics
from pantheon.base.errors import INVALID, Problem, ProblemType
from pantheon.base.settings import Settings

HOST_NOT_ALLOWED = ProblemType("host_not_allowed", 400, "Not under this name")

LARGEST_BODY = 2 * 1024 * 1024
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
# Probes come by address and tell nothing that is secret.
ANY_HOST_PATHS = frozenset({"/healthz", "/readyz"})

_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_NO_STORE = (b"cache-control", b"no-store")

log = structlog.get_logger()


def allowed_hosts(settings: Settings) -> frozenset[str]:
    """Return the names this server answers to, without ports; a DNS rebinding uses another."""
    public = urlsplit(settings.public_url or "").hostname
    named = {host.lower().strip("[]") for host in (*settings.allowed_hosts, settings.host)}
    return LOOPBACK | named | ({public} if public else set())


class Edge:
    """What every request passes on its way in and out."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str]) -> None:
        """Wrap `app`; requests for other `hosts` are refused."""
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        started = False

        async def send_head(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = _with_headers(message["headers"])
                _measure(scope, message["status"], time.perf_counter() - began)
            await send(message)

        headers: dict[bytes, bytes] = dict(scope["headers"])
        problem = self._refusal(scope, headers)
        try:
            if problem is None:
                limited = receive if b"content-length" in headers else _limited(receive)
                await self._app(scope, limited, send_head)
                return
        except Exception:
            error_id = str(ids.new())
            log.exception(
                "request failed", error_id=error_id, method=scope["method"], route=_route(scope)
            )
            if started:
                # The head has left: all that can be done is to break the connection off.
                raise
            problem = INTERNAL_ERROR(
                f"This was not foreseen. The server's log tells more, under {error_id}.",
                error_id=error_id,
            )
        await problem_response(problem, scope["path"])(scope, receive, send_head)

    def _refusal(self, scope: Scope, headers: Mapping[bytes, bytes]) -> Problem | None:
        host = _host_name(headers.get(b"host", b"").decode("latin-1"))
        if host not in self._hosts and scope["path"] not in ANY_HOST_PATHS:
            return HOST_NOT_ALLOWED(
                f"This server does not go by the name '{host}'. Allow it by PANTHEON_ALLOWED_HOSTS."
            )
        if b"%00" in scope["query_string"] or "\x00" in scope["path"]:
            return INVALID("The address holds the character NUL.")
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > LARGEST_BODY:
            return _too_large()
        return None


def _too_large() -> Problem:
    return TOO_LARGE(f"A request has at most {LARGEST_BODY} bytes.")


def _limited(receive: Receive) -> Receive:
    """Count the bytes of a body that does not tell its length."""
    size = 0

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > LARGEST_BODY:
            raise HTTPException(413)
        return message

    return counted


def _host_name(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def _with_headers(given: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    headers = [*given, *_HEADERS]
    if all(name != b"cache-control" for name, _ in given):
        headers.append(_NO_STORE)
    return headers


def _measure(scope: Scope, status: int, seconds: float) -> None:
    metrics.HTTP_SECONDS.labels(scope["method"], _route(scope), str(status)).observe(seconds)


def _route(scope: Scope) -> str:
    """Return the path with its parameters' names instead of their values."""
    return str(getattr(scope.get("route"), "path", "none"))
