"""`/sessions`: conversations. Opened, and listed by place, under `/rooms` and `/agents`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from pantheon.api import shapes
from pantheon.api.answers import Json, gone, resource
from pantheon.api.bodies import LONGEST_NAME, Body, absent
from pantheon.api.deps import Cursor, IfMatch, Limit, RuntimeOf, SignedIn
from pantheon.sessions import sessions
from pantheon.turns.cancel import cancel_live

router = APIRouter(prefix="/sessions", tags=["sessions"])

SessionName = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]


class NewSession(Body):
    """A session to be opened. Without a name it gets its first turn's first words."""

    name: SessionName | None = None


class SessionChange(Body):
    """What is to be changed. `name` `null`: named anew by the next turn's first words."""

    name: SessionName | None = None
    shared: bool = Field(default_factory=absent)
    pinned: bool = Field(default_factory=absent)
    head_turn_id: UUID = Field(default_factory=absent)


@router.get("", response_model=shapes.Sessions)
async def list_sessions(
    runtime: RuntimeOf, who: SignedIn, limit: Limit = 50, cursor: Cursor = None
) -> Json:
    """The sessions that you may see, those with the newest activity first."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        return Json(await sessions.list_sessions(conn, who, limit=limit, cursor=cursor))


@router.get("/{session_id}", response_model=shapes.Session)
async def get_session(session_id: UUID, runtime: RuntimeOf, who: SignedIn) -> Json:
    """One session."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        return resource(await sessions.get_session(conn, who, session_id))


@router.patch("/{session_id}", response_model=shapes.Session)
async def update_session(
    session_id: UUID, body: SessionChange, runtime: RuntimeOf, who: SignedIn, version: IfMatch
) -> Json:
    """Rename, share or pin a session, or switch its head to another of its turns."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        changed = await sessions.update_session(
            conn, who, session_id, body.changes(), version=version
        )
    return resource(changed)


@router.delete("/{session_id}", status_code=204)
async def delete_session(
    session_id: UUID, runtime: RuntimeOf, who: SignedIn, version: IfMatch
) -> Response:
    """Delete a session; what runs there is cancelled. What it used stays in the ledger."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        # In this order no turn is missed: one that is not there yet finds no session any more.
        await sessions.delete_session(conn, who, session_id, version=version)
        await cancel_live(conn, who.workspace_id, [session_id])
    return gone()
