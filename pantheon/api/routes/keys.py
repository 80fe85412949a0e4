"""`/keys`: API keys, for admins."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import Field
from starlette.responses import Response

from pantheon.accounts import keys
from pantheon.api import shapes
from pantheon.api.answers import Json, gone, resource
from pantheon.api.bodies import Body
from pantheon.api.deps import Cursor, Limit, RuntimeOf, SignedIn, admin, shared_of
from pantheon.api.idempotency import create_once
from pantheon.db.pool import Connection

router = APIRouter(prefix="/keys", tags=["keys"], dependencies=[Depends(admin)])


class NewKey(Body):
    """What a key is called and may do."""

    name: Annotated[str, Field(min_length=1, max_length=keys.LONGEST_NAME)]
    scopes: Annotated[list[Literal["read", "write", "admin"]], Field(min_length=1, max_length=3)]


@router.post("", status_code=201, response_model=shapes.NewApiKey)
async def create_key(body: NewKey, request: Request, runtime: RuntimeOf, who: SignedIn) -> Json:
    """Make an API key. `token` is the key itself: it is shown this once, and cannot be read again.

    Repeated with the same `Idempotency-Key`, `token` is `null`.
    """

    async def make(conn: Connection) -> dict[str, Any]:
        token, row = await keys.create_key(conn, who, body.name, body.scopes)
        return {**row, "token": token}

    async def render(conn: Connection, key_id: UUID) -> dict[str, Any]:
        return {**await keys.get_key(conn, who, key_id), "token": None}

    made = await create_once(request, runtime.db, who, make, render)
    return resource(made, 201, location=f"/api/v1/keys/{made['id']}")


@router.get("", response_model=shapes.ApiKeys)
async def list_keys(
    runtime: RuntimeOf, who: SignedIn, limit: Limit = 50, cursor: Cursor = None
) -> Json:
    """The workspace's keys that are not revoked, oldest first."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        return Json(await keys.list_keys(conn, who, limit=limit, cursor=cursor))


@router.get("/{key_id}", response_model=shapes.ApiKey)
async def get_key(key_id: UUID, runtime: RuntimeOf, who: SignedIn) -> Json:
    """One key."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        return resource(await keys.get_key(conn, who, key_id))


@router.delete("/{key_id}", status_code=204)
async def revoke_key(key_id: UUID, request: Request, runtime: RuntimeOf, who: SignedIn) -> Response:
    """Revoke a key: at once here, within a second everywhere."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        await keys.revoke_key(conn, who, key_id)
    shared_of(request).credentials.forget()
    return gone()
