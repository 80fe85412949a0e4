"""A new turn's answer, as its reader prefers: at once, when it is over, or event by event."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header, Request
from starlette.responses import Response

from pantheon.accounts.roles import Who
from pantheon.api.answers import resource
from pantheon.api.deps import Shared, credential_of, shared_of
from pantheon.api.sse import MEDIA_TYPE, EventStream, left
from pantheon.base.errors import INVALID, NOT_FOUND, Problem
from pantheon.events.follow import Frame, follow_turn
from pantheon.events.types import EventType
from pantheon.sessions import sessions
from pantheon.turns.types import TurnStatus
from pantheon.turns.view import view_turn

LONGEST_WAIT_SECONDS = 300

_EVENT = {"type": "object", "properties": {name: {"type": "string"} for name in Frame.__slots__}}
EVENTS = {MEDIA_TYPE: {"schema": _EVENT}}
STREAM: dict[int | str, dict[str, Any]] = {200: {"content": EVENTS, "description": "Events."}}
STREAM_OR_NOTHING = {**STREAM, 204: {"description": "Nothing can follow."}}
STREAMED_TURN: dict[int | str, dict[str, Any]] = {201: {"content": EVENTS}}
"""For the documentation of routes."""


@dataclass(frozen=True, slots=True)
class Preference:
    """How a new turn is answered: as a stream, when it is over (or so many seconds on), at once."""

    stream: bool
    wait_seconds: int | None


async def _preference(
    accept: Annotated[str | None, Header(include_in_schema=False)] = None,
    prefer: Annotated[
        str | None, Header(description="`wait=N`: answer when the turn is over, at most 300 s on.")
    ] = None,
) -> Preference:
    return Preference(MEDIA_TYPE in (accept or ""), _wait_of(prefer))


AsPreferred = Annotated[Preference, Depends(_preference)]


async def answer_turn(
    request: Request, who: Who, turn: Mapping[str, Any], preference: Preference
) -> Response:
    """Answer 201 with a turn that was just accepted, or was so by an earlier request."""
    shared = shared_of(request)
    location = f"/api/v1/turns/{turn['id']}"
    session_id = UUID(turn["session_id"])
    if preference.stream:
        runtime = shared.runtime
        frames = follow_turn(runtime.db, runtime.hub, who, session_id, turn["index"], 0)
        return event_stream(request, who, session_id, frames, status=201, location=location)
    seconds = preference.wait_seconds
    if seconds is None:
        return resource(turn, 201, location=location)
    turn = await wait_for_turn(request, who, turn, seconds)
    answer = resource(turn, 201, location=location)
    answer.headers["Preference-Applied"] = f"wait={seconds}"
    return answer


async def wait_for_turn(
    request: Request, who: Who, turn: Mapping[str, Any], seconds: float
) -> Mapping[str, Any]:
    """Return a turn when nothing more comes of it, or as it stands after `seconds`.

    Also at once where its reader has left or the server stops.
    """
    shared = shared_of(request)
    if _rests(turn):
        return turn
    await _wait(request, shared, who, turn, seconds)
    async with shared.runtime.db.transaction(who.workspace_id, snapshot=True) as conn:
        return await view_turn(conn, who, UUID(turn["id"]))


def event_stream(
    request: Request,
    who: Who,
    session_id: UUID,
    frames: AsyncGenerator[Frame | None],
    *,
    status: int = 200,
    location: str | None = None,
) -> EventStream:
    """Answer with events of a session, as long as `who` is signed in and sees the session."""
    shared = shared_of(request)

    async def check() -> bool:
        given = credential_of(request)
        resolved = given and await shared.credentials.resolve(*given)
        if not resolved or "read" not in resolved.who.scopes:
            return False
        try:
            async with shared.runtime.db.transaction(who.workspace_id) as conn:
                await sessions.see(conn, resolved.who, session_id)
        except Problem as problem:
            if problem.kind is NOT_FOUND:
                return False
            raise
        return True

    headers = {"Location": location} if location else None
    return EventStream(frames, check, shared.closing, status=status, headers=headers)


def _wait_of(prefer: str | None) -> int | None:
    """Return the seconds of `Prefer: wait=N`, at most 300, among other preferences (RFC 7240)."""
    for preference in (prefer or "").replace(";", ",").split(","):
        name, _, value = preference.partition("=")
        if name.strip().lower() == "wait":
            seconds = value.strip().strip('"')
            if not (seconds.isascii() and seconds.isdigit()):
                raise INVALID("'Prefer: wait=N' takes a whole number of seconds.")
            return min(int(seconds), LONGEST_WAIT_SECONDS)
    return None


async def _wait(
    request: Request, shared: Shared, who: Who, turn: Mapping[str, Any], seconds: float
) -> None:
    tasks = {
        asyncio.create_task(_over(shared, who, turn)),
        asyncio.create_task(left(request.receive)),
        asyncio.create_task(shared.closing.wait()),
    }
    try:
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    for result in ended:
        if isinstance(result, Exception):
            raise result


def _rests(turn: Mapping[str, Any]) -> bool:
    """Whether nothing more comes of a turn by itself."""
    status = TurnStatus(turn["status"])
    return status.terminal or status is TurnStatus.awaiting_input


async def _over(shared: Shared, who: Who, turn: Mapping[str, Any]) -> None:
    """Return when a turn is over, or waits for its user."""
    runtime, session_id = shared.runtime, UUID(turn["session_id"])
    after = int(turn["version"])
    async with aclosing(
        follow_turn(runtime.db, runtime.hub, who, session_id, turn["index"], after)
    ) as frames:
        async for frame in frames:
            if frame is not None and frame.event == EventType.turn_awaiting_input:
                return
