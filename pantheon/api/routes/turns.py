"""`/turns`: one turn, its events, its end before its time, and its new tries."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import Response

from pantheon.api import turn_shapes
from pantheon.api.answers import Json, resource
from pantheon.api.bodies import LONGEST_TEXT, Body
from pantheon.api.deps import LastEventId, RuntimeOf, SignedIn
from pantheon.api.idempotency import create_once
from pantheon.api.turn_answers import (
    STREAM_OR_NOTHING,
    STREAMED_TURN,
    AsPreferred,
    Preference,
    answer_turn,
    event_stream,
)
from pantheon.db.pool import Connection
from pantheon.events.follow import follow_turn
from pantheon.ops.runtime import Runtime
from pantheon.turns.approve import decide
from pantheon.turns.cancel import request_cancel
from pantheon.turns.retry import rerun_turn, retry_turn
from pantheon.turns.types import TurnStatus
from pantheon.turns.view import view_turn

Make = Callable[[Connection], Awaitable[Mapping[str, Any]]]

router = APIRouter(prefix="/turns/{turn_id}", tags=["turns"])

Key = Annotated[str, Field(max_length=32)]
ModelId = Annotated[str, Field(max_length=300)]


class Cancel(Body):
    """When a turn is to end: `now`, or when the running step has its answer."""

    when: Literal["now", "after_step"] = "now"


class Retry(Body):
    """Which steps are to run again; absent: all that are not completed."""

    steps: Annotated[list[UUID], Field(min_length=1, max_length=200)] | None = None


class Rerun(Body):
    """What is to be different: another question, other models by key, or only from a step on."""

    input: Annotated[str, Field(max_length=LONGEST_TEXT)] | None = None
    models: Annotated[dict[Key, ModelId], Field(max_length=200)] = Field(default_factory=dict)
    from_step: UUID | None = None


@router.get("", response_model=turn_shapes.Turn)
async def get_turn(turn_id: UUID, runtime: RuntimeOf, who: SignedIn) -> Json:
    """One turn as it stands; a running step's message is its text so far."""
    async with runtime.db.transaction(who.workspace_id, snapshot=True) as conn:
        return resource(await view_turn(conn, who, turn_id))


@router.get("/events", response_class=Response, responses=STREAM_OR_NOTHING)
async def follow_turn_events(
    turn_id: UUID, request: Request, runtime: RuntimeOf, who: SignedIn, after: LastEventId
) -> Response:
    """A turn's events, after `Last-Event-ID` or from the first one; ends with `turn.completed`.

    204 where nothing can follow: a reader that comes back for more has it all.
    """
    async with runtime.db.transaction(who.workspace_id, snapshot=True) as conn:
        turn = await view_turn(conn, who, turn_id)
    index, seq = after or (turn["index"], 0)
    if index != turn["index"]:
        seq = 0 if index < turn["index"] else turn["version"]
    if TurnStatus(turn["status"]).terminal and seq >= turn["version"]:
        return Response(status_code=204)
    session_id = UUID(turn["session_id"])
    frames = follow_turn(runtime.db, runtime.hub, who, session_id, turn["index"], seq)
    return event_stream(request, who, session_id, frames)


@router.post("/cancel", status_code=202, response_model=turn_shapes.Turn)
async def cancel_turn(
    turn_id: UUID, runtime: RuntimeOf, who: SignedIn, body: Cancel | None = None
) -> Json:
    """Ask for a turn's end; its events tell when it has ended. Finished steps stay."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        await request_cancel(conn, who, turn_id, (body or Cancel()).when)
        return resource(await view_turn(conn, who, turn_id), 202)


class Assigned(Body):
    """What one agent is to do, as the user wants it."""

    agent: Key
    brief: Annotated[str, Field(min_length=1, max_length=8_000)]


class Approval(Body):
    """The user's word on what a waiting turn proposes."""

    id: UUID
    action: Literal["approve", "stop"]
    assignments: Annotated[list[Assigned], Field(max_length=200)] | None = None
    note: Annotated[str, Field(max_length=20_000)] | None = None


@router.post("/approval", status_code=202, response_model=turn_shapes.Turn)
async def decide_approval(turn_id: UUID, body: Approval, runtime: RuntimeOf, who: SignedIn) -> Json:
    """Let a waiting turn go on, with its assignments changed perhaps, or stop it."""
    changed = body.assignments
    async with runtime.db.transaction(who.workspace_id) as conn:
        await decide(
            conn,
            who,
            turn_id,
            body.id,
            body.action,
            assignments=None if changed is None else [item.model_dump() for item in changed],
            note=body.note,
        )
        return resource(await view_turn(conn, who, turn_id), 202)


@router.post("/retry", status_code=201, response_model=turn_shapes.Turn, responses=STREAMED_TURN)
async def create_retry(
    turn_id: UUID,
    request: Request,
    runtime: RuntimeOf,
    who: SignedIn,
    preference: AsPreferred,
    body: Retry | None = None,
) -> Response:
    """Run steps of the session's last turn again, as a new turn that shares the others' results."""
    steps = body.steps if body else None

    async def make(conn: Connection) -> Mapping[str, Any]:
        return await retry_turn(conn, runtime.providers, who, turn_id, steps)

    return await _new_turn(request, runtime, who, make, preference)


@router.post("/rerun", status_code=201, response_model=turn_shapes.Turn, responses=STREAMED_TURN)
async def create_rerun(
    turn_id: UUID,
    request: Request,
    runtime: RuntimeOf,
    who: SignedIn,
    preference: AsPreferred,
    body: Rerun | None = None,
) -> Response:
    """Answer a turn's question once more, beside the old answers, as a new turn."""
    wanted = body or Rerun()

    async def make(conn: Connection) -> Mapping[str, Any]:
        return await rerun_turn(
            conn,
            runtime.providers,
            who,
            turn_id,
            text=wanted.input,
            models=wanted.models,
            from_step=wanted.from_step,
        )

    return await _new_turn(request, runtime, who, make, preference)


async def _new_turn(
    request: Request, runtime: Runtime, who: SignedIn, make: Make, preference: Preference
) -> Response:
    async def counted(conn: Connection) -> Mapping[str, Any]:
        async with runtime.rates.counting(conn, who):
            return await make(conn)

    async def render(conn: Connection, new_turn_id: UUID) -> Mapping[str, Any]:
        return await view_turn(conn, who, new_turn_id)

    turn = await create_once(request, runtime.db, who, counted, render)
    return await answer_turn(request, who, turn, preference)
