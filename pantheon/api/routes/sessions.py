"""`/sessions`: conversations. Opened, and listed by place, under `/rooms` and `/agents`."""

from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response, StreamingResponse

from pantheon.accounts.roles import Who
from pantheon.api import shapes
from pantheon.api.answers import Json, gone, resource
from pantheon.api.bodies import LONGEST_NAME, Body, absent
from pantheon.api.deps import Cursor, IfMatch, Limit, RuntimeOf, SignedIn
from pantheon.api.idempotency import create_once
from pantheon.db.pool import Connection, Database
from pantheon.sessions import sessions
from pantheon.turns import export
from pantheon.turns.cancel import cancel_live
from pantheon.turns.fork import fork_session, load_chain
from pantheon.turns.timeline import view_turns

router = APIRouter(prefix="/sessions", tags=["sessions"])

SessionName = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]


EXPORT_PAGE = 50
EXPORTED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The document.",
        "content": {
            "text/markdown": {"schema": {"type": "string"}},
            "application/json": {"schema": {"type": "object"}},
        },
    }
}


class Fork(Body):
    """From which turn of the session the new one goes on."""

    turn_id: UUID


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


@router.post("/{session_id}/fork", status_code=201, response_model=shapes.Session)
async def create_fork(
    session_id: UUID, body: Fork, request: Request, runtime: RuntimeOf, who: SignedIn
) -> Json:
    """Open a session of your own that goes on from a turn of this one; the texts are shared."""

    async def make(conn: Connection) -> dict[str, Any]:
        return await fork_session(conn, who, session_id, body.turn_id)

    async def render(conn: Connection, fork_id: UUID) -> dict[str, Any]:
        return await sessions.get_session(conn, who, fork_id)

    made = await create_once(request, runtime.db, who, make, render)
    return resource(made, 201, location=f"/api/v1/sessions/{made['id']}")


@router.get("/{session_id}/export", response_class=Response, responses=EXPORTED)
async def export_session(
    session_id: UUID,
    runtime: RuntimeOf,
    who: SignedIn,
    form: Annotated[
        Literal["md", "json"],
        Query(alias="format", description="`md`: the head's turns to read; `json`: all turns."),
    ] = "md",
) -> Response:
    """A session as a document: what was asked, who answered what, and what it cost."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        session = await sessions.see(conn, who, session_id)
        place = await sessions.place_name(conn, session)
        chain = await load_chain(conn, who.workspace_id, session_id, session.head_turn_id)
    shape = sessions.shape(session)
    turns = _turns(runtime.db, who, session_id, None if form == "json" else set(map(str, chain)))
    written = _as_json(shape, turns) if form == "json" else _as_markdown(shape, place, turns)
    return StreamingResponse(
        written,
        media_type="application/json" if form == "json" else "text/markdown; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="session-{session_id}.{form}"'},
    )


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


async def _turns(
    db: Database, who: Who, session_id: UUID, wanted: set[str] | None
) -> AsyncIterator[Mapping[str, Any]]:
    """Yield a session's turns, oldest first, page by page: all, or those that are wanted."""
    cursor = None
    while True:
        async with db.transaction(who.workspace_id, snapshot=True) as conn:
            page = await view_turns(conn, who, session_id, limit=EXPORT_PAGE, cursor=cursor)
        for turn in page["items"]:
            if wanted is None or turn["id"] in wanted:
                yield turn
        cursor = page["next_cursor"]
        if cursor is None:
            return


async def _as_json(
    session: Mapping[str, Any], turns: AsyncIterator[Mapping[str, Any]]
) -> AsyncIterator[bytes]:
    yield export.json_head(session)
    usages: list[Mapping[str, Any]] = []
    async for turn in turns:
        yield (b"," if usages else b"") + orjson.dumps(turn)
        usages.append(turn["usage"])
    yield export.json_foot(export.total_usage(usages))


async def _as_markdown(
    session: Mapping[str, Any], place: str, turns: AsyncIterator[Mapping[str, Any]]
) -> AsyncIterator[str]:
    yield export.markdown_head(session, place)
    usages: list[Mapping[str, Any]] = []
    async for turn in turns:
        yield export.markdown_turn(turn)
        usages.append(turn["usage"])
    yield export.markdown_foot(export.total_usage(usages), len(usages))
