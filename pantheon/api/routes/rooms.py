"""`/rooms`: rooms, their rosters, and the sessions there."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field, model_validator
from starlette.responses import Response

from pantheon.api import shapes
from pantheon.api.answers import Json, gone, resource
from pantheon.api.bodies import LONGEST_TEXT, Body, LimitValue, absent
from pantheon.api.deps import Cursor, IfMatch, Limit, OwnProviders, RuntimeOf, SignedIn
from pantheon.api.idempotency import create_once
from pantheon.api.routes.agents import Context, ModelId, Name, Prompt
from pantheon.api.routes.sessions import NewSession
from pantheon.db.pool import Connection
from pantheon.providers.registry import Providers
from pantheon.rooms import rooms, roster
from pantheon.sessions import sessions
from pantheon.turns.cancel import cancel_live
from pantheon.turns.modes.registry import ALIASES, MODES

router = APIRouter(prefix="/rooms", tags=["rooms"])

ROOM_MODES = tuple(name for name in MODES if name != "direct")

Goal = Annotated[str, Field(max_length=LONGEST_TEXT)]
ModeName = Annotated[str, Field(max_length=40, description=f"{', '.join(ROOM_MODES)}.")]
Mentions = Literal["override", "first", "ignore"]
Order = Literal["parallel", "sequence"]
Approve = Literal["never", "plan", "each_round", "each_agent"]
Limits = Annotated[dict[str, LimitValue], Field(max_length=20)]


class Manager(Body):
    """Who leads an orchestrator's turns: one of the agents, or a model with a prompt."""

    agent_id: UUID | None = None
    model: ModelId | None = None
    prompt: Prompt | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.agent_id is None) == (self.model is None):
            raise ValueError("Name an agent ('agent_id') or a model ('model'), one of both")
        if self.prompt is not None and self.model is None:
            raise ValueError("'prompt' goes with 'model'; an agent has its own")
        return self


class NewRoom(Body):
    """A room to be made; its agents are assigned next."""

    name: Name
    goal: Goal | None = None
    mode: ModeName = "roundtable"
    mentions: Mentions = "override"
    order: Order = "parallel"
    approve: Approve = "never"
    manager: Manager | None = None
    limits: Limits = Field(default_factory=dict)
    summary_model: ModelId | None = None


class RoomChange(Body):
    """What is to be changed; `limits` and `manager` are replaced as a whole."""

    name: Name = Field(default_factory=absent)
    goal: Goal | None = None
    mode: ModeName = Field(default_factory=absent)
    mentions: Mentions = Field(default_factory=absent)
    order: Order = Field(default_factory=absent)
    approve: Approve = Field(default_factory=absent)
    manager: Manager | None = None
    limits: Limits = Field(default_factory=absent)
    summary_model: ModelId | None = None


class NewSeat(Body):
    """An agent to be seated: last, or at `position`, where those from there on move up."""

    agent_id: UUID
    position: Annotated[int, Field(ge=1)] | None = None
    muted: bool = False
    context: Context | None = None


class SeatChange(Body):
    """What is to be changed; `context` `null`: the agent's own."""

    muted: bool = Field(default_factory=absent)
    context: Context | None = None


class RosterOrder(Body):
    """All agents of the room, each once, in their new order."""

    agent_ids: Annotated[list[UUID], Field(max_length=1000)]


@router.post("", status_code=201, response_model=shapes.Room)
async def create_room(
    body: NewRoom, request: Request, runtime: RuntimeOf, who: SignedIn, providers: OwnProviders
) -> Json:
    """Make a room."""
    given = _plain(dict(body), providers)

    async def make(conn: Connection) -> dict[str, Any]:
        return await rooms.create_room(conn, who, modes=ROOM_MODES, **given)

    async def render(conn: Connection, room_id: UUID) -> dict[str, Any]:
        return await rooms.get_room(conn, who, room_id)

    made = await create_once(request, runtime.db, who, make, render)
    return resource(made, 201, location=f"/api/v1/rooms/{made['id']}")


@router.get("", response_model=shapes.Rooms)
async def list_rooms(
    runtime: RuntimeOf,
    who: SignedIn,
    limit: Limit = 50,
    cursor: Cursor = None,
    deleted: Annotated[
        bool, Query(description="Those that were deleted and can be restored, instead.")
    ] = False,
) -> Json:
    """The workspace's rooms with their rosters, the newest first."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        found = await rooms.list_rooms(conn, who, deleted=deleted, limit=limit, cursor=cursor)
    return Json(found)


@router.get("/{room_id}", response_model=shapes.Room)
async def get_room(room_id: UUID, runtime: RuntimeOf, who: SignedIn) -> Json:
    """One room."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        return resource(await rooms.get_room(conn, who, room_id))


@router.patch("/{room_id}", response_model=shapes.Room)
async def update_room(
    room_id: UUID,
    body: RoomChange,
    runtime: RuntimeOf,
    who: SignedIn,
    providers: OwnProviders,
    version: IfMatch,
) -> Json:
    """Change a room; turns that were accepted before keep what they froze."""
    changes = _plain(body.changes(), providers)
    async with runtime.db.transaction(who.workspace_id) as conn:
        return resource(
            await rooms.update_room(conn, who, room_id, changes, modes=ROOM_MODES, version=version)
        )


@router.delete("/{room_id}", status_code=204)
async def delete_room(
    room_id: UUID, runtime: RuntimeOf, who: SignedIn, version: IfMatch
) -> Response:
    """Delete a room and hide its sessions; what runs there is cancelled. 7 days to restore it."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        await rooms.delete_room(conn, who, room_id, version=version)
        there = await sessions.ids_in_room(conn, who.workspace_id, room_id)
        await cancel_live(conn, who.workspace_id, there)
    return gone()


@router.post("/{room_id}/restore", response_model=shapes.Room)
async def restore_room(room_id: UUID, runtime: RuntimeOf, who: SignedIn) -> Json:
    """Bring back a room that was deleted in the last 7 days, with its sessions."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        return resource(await rooms.restore_room(conn, who, room_id))


@router.post("/{room_id}/agents", status_code=201, response_model=shapes.RoomAgent)
async def assign_agent(
    room_id: UUID,
    body: NewSeat,
    request: Request,
    runtime: RuntimeOf,
    who: SignedIn,
    version: IfMatch,
) -> Json:
    """Seat an agent in the room. The ETag is the room's."""

    async def make(conn: Connection) -> dict[str, Any]:
        return await roster.assign(
            conn,
            who,
            room_id,
            body.agent_id,
            position=body.position,
            muted=body.muted,
            context=None if body.context is None else body.context.given(),
            version=version,
        )

    async def render(conn: Connection, room_id: UUID) -> dict[str, Any]:
        return await rooms.get_room(conn, who, room_id)

    room = await create_once(request, runtime.db, who, make, render)
    location = f"/api/v1/rooms/{room_id}/agents/{body.agent_id}"
    return _seat(room, body.agent_id, 201, Location=location)


@router.put("/{room_id}/agents", response_model=shapes.Room)
async def reorder_agents(
    room_id: UUID, body: RosterOrder, runtime: RuntimeOf, who: SignedIn, version: IfMatch
) -> Json:
    """Give the roster another order: all of its agents, each once."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        return resource(await roster.reorder(conn, who, room_id, body.agent_ids, version=version))


@router.patch("/{room_id}/agents/{agent_id}", response_model=shapes.RoomAgent)
async def change_seat(
    room_id: UUID,
    agent_id: UUID,
    body: SeatChange,
    runtime: RuntimeOf,
    who: SignedIn,
    version: IfMatch,
) -> Json:
    """Mute an agent here, or let it see less or more than elsewhere. The ETag is the room's."""
    changes = body.changes()
    if body.context is not None:
        changes["context"] = body.context.given()
    async with runtime.db.transaction(who.workspace_id) as conn:
        room = await roster.change_seat(conn, who, room_id, agent_id, changes, version=version)
    return _seat(room, agent_id, 200)


@router.delete("/{room_id}/agents/{agent_id}", status_code=204)
async def unassign_agent(
    room_id: UUID, agent_id: UUID, runtime: RuntimeOf, who: SignedIn, version: IfMatch
) -> Response:
    """Take an agent out of the room; those behind it move up."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        await roster.unassign(conn, who, room_id, agent_id, version=version)
    return gone()


@router.post("/{room_id}/sessions", status_code=201, response_model=shapes.Session)
async def create_room_session(
    room_id: UUID, body: NewSession, request: Request, runtime: RuntimeOf, who: SignedIn
) -> Json:
    """Open a session in this room."""

    async def make(conn: Connection) -> dict[str, Any]:
        return await sessions.create_session(conn, who, room_id=room_id, name=body.name)

    async def render(conn: Connection, session_id: UUID) -> dict[str, Any]:
        return await sessions.get_session(conn, who, session_id)

    made = await create_once(request, runtime.db, who, make, render)
    return resource(made, 201, location=f"/api/v1/sessions/{made['id']}")


@router.get("/{room_id}/sessions", response_model=shapes.Sessions)
async def list_room_sessions(
    room_id: UUID, runtime: RuntimeOf, who: SignedIn, limit: Limit = 50, cursor: Cursor = None
) -> Json:
    """The sessions of this room that you may see, the newest activity first."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        return Json(
            await sessions.list_sessions(conn, who, room_id=room_id, limit=limit, cursor=cursor)
        )


def _plain(given: Mapping[str, Any], providers: Providers) -> dict[str, Any]:
    """Return fields of a body as the room's functions take them. Raises `unknown_model`."""
    plain = dict(given)
    if "mode" in plain:
        plain["mode"] = ALIASES.get(plain["mode"], plain["mode"])
    if plain.get("summary_model") is not None:
        providers.resolve(plain["summary_model"])
    manager: Manager | None = plain.get("manager")
    if manager is not None:
        if manager.model is not None:
            providers.resolve(manager.model)
        plain["manager"] = manager.model_dump(mode="json", exclude_none=True)
    return plain


def _seat(room: Mapping[str, Any], agent_id: UUID, status: int, **headers: str) -> Json:
    headers["ETag"] = f'"{room["version"]}"'
    return Json(roster.seat_of(room, agent_id), status, headers)
