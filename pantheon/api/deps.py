"""What routes ask for: the process's parts, who is asking, conventions of lists and versions."""

import asyncio
import re
from dataclasses import dataclass, field
from typing import Annotated, Any, cast
from urllib.parse import urlsplit

from fastapi import Depends, Header, Query, Request
from pydantic import AwareDatetime, BeforeValidator

from pantheon.accounts.credentials import CredentialKind, Credentials
from pantheon.accounts.logins import SESSION_COOKIE, UNAUTHENTICATED
from pantheon.accounts.roles import FORBIDDEN, Who
from pantheon.base.errors import INVALID
from pantheon.ops.runtime import Runtime
from pantheon.providers.own_keys import providers_of
from pantheon.providers.registry import Providers

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """What all requests of an app share. `closing` ends streams and waits when it is set."""

    runtime: Runtime
    credentials: Credentials
    closing: asyncio.Event = field(default_factory=asyncio.Event)


def shared_of(request: Request) -> Shared:
    """Return what the app was made with."""
    return cast(Shared, request.app.state.shared)


async def _runtime(request: Request) -> Runtime:
    return shared_of(request).runtime


RuntimeOf = Annotated[Runtime, Depends(_runtime)]


def credential_of(request: Request) -> tuple[CredentialKind, str] | None:
    """Return the credential that a request carries: a Bearer key before a cookie."""
    authorization = request.headers.get("authorization")
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        return (CredentialKind.api_key, token.strip()) if scheme.lower() == "bearer" else None
    cookie = request.cookies.get(SESSION_COOKIE)
    return (CredentialKind.login, cookie) if cookie else None


async def signed_in(request: Request) -> Who:
    """Return who is asking; the dependency of every router but login, probes and page.

    Raises `unauthenticated`, and `forbidden` where the credential does not have the scope that
    the method needs, or a page of another origin sends the cookie.
    """
    given = credential_of(request)
    if given is None:
        raise UNAUTHENTICATED(
            "Send an API key as 'Authorization: Bearer pan_…', or sign in.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    kind, token = given
    safe = request.method in SAFE_METHODS
    if kind is CredentialKind.login and not safe:
        check_origin(request, required=True)
    resolved = await shared_of(request).credentials.resolve(kind, token)
    if resolved is None:
        raise UNAUTHENTICATED(
            "This API key is unknown or was revoked."
            if kind is CredentialKind.api_key
            else "This login is over. Run 'pantheon open' for a fresh link.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    resolved.who.need("read" if safe else "write")
    request.state.credential_id = resolved.id
    return resolved.who


SignedIn = Annotated[Who, Depends(signed_in)]


async def admin(who: SignedIn) -> None:
    """Let admins pass only."""
    who.need("admin")


def check_origin(request: Request, *, required: bool) -> None:
    """Refuse an unsafe request that another site's page sends with the user's cookie.

    Browsers name the origin with every unsafe request. Raises `forbidden`.
    """
    origin = request.headers.get("origin")
    if origin is None and not required:
        return
    public = shared_of(request).runtime.settings.public_url
    own = urlsplit(origin or "")
    if own.netloc and own.netloc == request.headers.get("host"):
        return
    if public is not None and own[:2] == urlsplit(public)[:2]:
        return
    raise FORBIDDEN("A page of another origin cannot do this. Use an API key from elsewhere.")


async def _if_match(
    if_match: Annotated[
        str | None, Header(description='The version that is to be changed, as `"3"`.')
    ] = None,
) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    version = if_match.strip().strip('"')
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        raise INVALID('If-Match is one version in quotes, as the ETag gave it: "3".')
    return int(version)


async def _own_providers(runtime: RuntimeOf, who: SignedIn) -> Providers:
    async with runtime.db.transaction(who.workspace_id) as conn:
        return await providers_of(conn, runtime.providers, who.workspace_id)


OwnProviders = Annotated[Providers, Depends(_own_providers)]
"""The providers with the keys that the workspace has entered."""

IfMatch = Annotated[int | None, Depends(_if_match)]


def _written_as_a_date(value: Any) -> Any:
    """Refuse what pydantic would also take for a moment: a number, as seconds since 1970."""
    if isinstance(value, str) and not re.match(r"\d{4}-\d\d-\d\d", value):
        raise ValueError("A moment is written as in 2026-01-31T12:00:00Z.")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_written_as_a_date)]
"""A moment by RFC 3339, with its time zone."""

Limit = Annotated[int, Query(ge=1, le=200, description="How many items at most.")]
Cursor = Annotated[
    str | None, Query(max_length=400, description="`next_cursor` of the page before.")
]


async def _last_event_id(
    last_event_id: Annotated[str | None, Header()] = None,
    from_query: Annotated[str | None, Query(alias="last_event_id")] = None,
) -> tuple[int, int] | None:
    given = last_event_id or from_query
    if given is None:
        return None
    index, _, seq = given.partition(".")
    if not all(n.isascii() and n.isdigit() and len(n) < 10 for n in (index, seq)):
        raise INVALID("Last-Event-ID is the id of an event, as '12.345'.")
    return int(index), int(seq)


LastEventId = Annotated[tuple[int, int] | None, Depends(_last_event_id)]
