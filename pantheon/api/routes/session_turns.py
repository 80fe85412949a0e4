"""`/sessions/{id}/…`: asking, and what was said: turns, timeline, messages, events."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from pantheon.api import turn_shapes
from pantheon.api.answers import Json
from pantheon.api.bodies import LONGEST_TEXT, Body, LimitValue
from pantheon.api.deps import Cursor, LastEventId, Limit, RuntimeOf, SignedIn
from pantheon.api.idempotency import create_once
from pantheon.api.turn_answers import STREAM, STREAMED_TURN, AsPreferred, answer_turn, event_stream
from pantheon.base.crashpoints import crash_point
from pantheon.base.errors import NOT_FOUND, Problem
from pantheon.context import summaries
from pantheon.db.pool import Connection
from pantheon.events.follow import follow_session
from pantheon.sessions import messages, sessions
from pantheon.turns.accept import accept_turn
from pantheon.turns.forecast import forecast_turn
from pantheon.turns.timeline import view_timeline, view_turns
from pantheon.turns.types import TurnInput
from pantheon.turns.view import view_turn

router = APIRouter(prefix="/sessions/{session_id}", tags=["turns"])

Key = Annotated[str, Field(max_length=32)]
ModelId = Annotated[str, Field(max_length=300)]


class NewTurn(Body):
    """A message for a session, and who is to answer it how; what is absent is the room's."""

    input: Annotated[str, Field(max_length=LONGEST_TEXT)]
    mode: Annotated[str, Field(max_length=32)] | None = None
    agents: Annotated[list[Key], Field(max_length=200)] = Field(default_factory=list)
    order: Literal["parallel", "sequence"] | None = None
    models: Annotated[dict[Key, ModelId], Field(max_length=200)] = Field(default_factory=dict)
    approve: Annotated[str, Field(max_length=32)] | None = None
    limits: Annotated[dict[Key, LimitValue], Field(max_length=20)] = Field(default_factory=dict)

    def wanted(self) -> TurnInput:
        """Return it as acceptance takes it."""
        return TurnInput(
            self.input,
            self.mode,
            tuple(self.agents),
            self.order,
            self.models,
            self.limits,
            self.approve,
        )


@router.post("/turns", status_code=201, response_model=turn_shapes.Turn, responses=STREAMED_TURN)
async def create_turn(
    session_id: UUID,
    body: NewTurn,
    request: Request,
    runtime: RuntimeOf,
    who: SignedIn,
    preference: AsPreferred,
) -> Response:
    """Ask: the turn is stored when this answers, and will be answered whatever happens then."""
    wanted = body.wanted()

    async def make(conn: Connection) -> Mapping[str, Any]:
        async with runtime.rates.counting(conn, who):
            return await accept_turn(conn, runtime.providers, who, session_id, wanted, slot=slot)

    async def render(conn: Connection, turn_id: UUID) -> Mapping[str, Any]:
        return await view_turn(conn, who, turn_id)

    async with runtime.slots.reserve(runtime.db) as slot:
        turn = await create_once(request, runtime.db, who, make, render)
    crash_point("accept.committed")
    return await answer_turn(request, who, turn, preference)


@router.post("/turns/forecast", response_model=turn_shapes.Forecast)
async def forecast(session_id: UUID, body: NewTurn, runtime: RuntimeOf, who: SignedIn) -> Json:
    """What this message would cost at least and at most. Nothing is stored or sent."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        return Json(await forecast_turn(conn, runtime.providers, who, session_id, body.wanted()))


@router.get("/turns", response_model=turn_shapes.Turns)
async def list_turns(
    session_id: UUID, runtime: RuntimeOf, who: SignedIn, limit: Limit = 50, cursor: Cursor = None
) -> Json:
    """All turns of a session, oldest first, with those that were retried or left aside."""
    async with runtime.db.transaction(who.workspace_id, snapshot=True) as conn:
        return Json(await view_turns(conn, who, session_id, limit=limit, cursor=cursor))


@router.get("/timeline", response_model=turn_shapes.Timeline)
async def get_timeline(
    session_id: UUID,
    runtime: RuntimeOf,
    who: SignedIn,
    limit: Limit = 50,
    cursor: Cursor = None,
    everything: Annotated[
        bool, Query(alias="all", description="Also the turns that the head does not continue.")
    ] = False,
) -> Json:
    """A session as it stands, newest turn first: one moment of the database.

    Following the session's events from `last_event_id` misses nothing.
    """
    async with runtime.db.transaction(who.workspace_id, snapshot=True) as conn:
        timeline = await view_timeline(
            conn, who, session_id, limit=limit, cursor=cursor, everything=everything
        )
    return Json(timeline)


@router.get("/messages", response_model=turn_shapes.Messages)
async def list_messages(
    session_id: UUID, runtime: RuntimeOf, who: SignedIn, limit: Limit = 50, cursor: Cursor = None
) -> Json:
    """The plain history, oldest first."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        return Json(await messages.list_messages(conn, who, session_id, limit=limit, cursor=cursor))


@router.get("/summaries", response_model=turn_shapes.Summaries)
async def list_summaries(
    session_id: UUID, runtime: RuntimeOf, who: SignedIn, limit: Limit = 50, cursor: Cursor = None
) -> Json:
    """The summaries that stand for older turns, all versions, newest first."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        found = await summaries.list_summaries(conn, who, session_id, limit=limit, cursor=cursor)
    return Json(found)


@router.get("/events", response_class=Response, responses=STREAM)
async def follow_events(
    session_id: UUID, request: Request, runtime: RuntimeOf, who: SignedIn, after: LastEventId
) -> Response:
    """A session's events as they come, for ever; after `Last-Event-ID`, else from the live turn."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        await sessions.see(conn, who, session_id)

    async def look() -> bytes | None:
        try:
            async with runtime.db.transaction(who.workspace_id) as conn:
                session = await sessions.get_session(conn, who, session_id)
        except Problem as problem:
            if problem.kind is NOT_FOUND:
                return None
            raise
        return orjson.dumps({"session_id": session_id, "session": session})

    frames = follow_session(runtime.db, runtime.hub, who, session_id, after, look)
    return event_stream(request, who, session_id, frames)
