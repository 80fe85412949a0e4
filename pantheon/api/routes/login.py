"""`/login` and `/logout`: a link's token becomes a browser's cookie."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import Response

from pantheon.accounts import logins
from pantheon.accounts.credentials import LONGEST_TOKEN
from pantheon.accounts.logins import LOGIN_LIFE, SESSION_COOKIE
from pantheon.api.answers import gone
from pantheon.api.bodies import Body
from pantheon.api.deps import RuntimeOf, SignedIn, check_origin, shared_of

router = APIRouter(tags=["login"])
signed_in_router = APIRouter(tags=["login"])


class Login(Body):
    """What stands after `#` in a login link."""

    token: Annotated[str, Field(min_length=1, max_length=LONGEST_TOKEN)]


@router.post("/login", status_code=204)
async def log_in(body: Login, request: Request, runtime: RuntimeOf) -> Response:
    """Sign this browser in by a login link's token, which works once, within ten minutes."""
    check_origin(request, required=False)
    cookie, _ = await logins.redeem(runtime.db, body.token)
    answer = gone()
    answer.set_cookie(
        SESSION_COOKIE,
        cookie,
        max_age=int(LOGIN_LIFE.total_seconds()),
        secure=urlsplit(runtime.settings.public_url or "").scheme == "https",
        httponly=True,
        samesite="strict",
    )
    return answer


@signed_in_router.post("/logout", status_code=204)
async def log_out(request: Request, runtime: RuntimeOf, who: SignedIn) -> Response:
    """Sign this browser out: its cookie is worth nothing any more."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        await logins.end_login(conn, who, request.state.credential_id)
    shared_of(request).credentials.forget()
    answer = gone()
    answer.delete_cookie(SESSION_COOKIE, httponly=True, samesite="strict")
    return answer
