"""What tests of turns do again and again: send, wait for the end, read the log."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson

from pantheon.accounts.roles import Who
from pantheon.events import event_log
from pantheon.events.follow import follow_turn
from pantheon.events.types import LogEvent
from pantheon.ops.runtime import Runtime
from pantheon.turns.accept import accept_turn
from pantheon.turns.types import TurnInput
from pantheon.turns.view import view_turn
from tests import make


async def session_with(runtime: Runtime, who: Who, *models: str, **room: Any) -> UUID:
    """Open a session in a new room whose agents `a0`, `a1` … have these models."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        agents = [
            await make.make_agent(conn, who, f"a{i}", model=model) for i, model in enumerate(models)
        ]
        session = await make.make_session(
            conn, who, room=await make.make_room(conn, who, agents=agents, **room)
        )
    return UUID(session["id"])


async def direct_session(runtime: Runtime, who: Who, model: str) -> UUID:
    """Open a session with one new agent `a0`."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        agent = await make.make_agent(conn, who, "a0", model=model)
        session = await make.make_session(conn, who, agent=agent)
    return UUID(session["id"])


async def send(
    runtime: Runtime, who: Who, session_id: UUID, text: str = "What now?", **wanted: Any
) -> dict[str, Any]:
    """Accept a turn; returns it as it was acknowledged."""
    async with (
        runtime.slots.reserve(runtime.db) as slot,
        runtime.db.transaction(who.workspace_id) as conn,
    ):
        return await accept_turn(
            conn, runtime.providers, who, session_id, TurnInput(text, **wanted), slot=slot
        )


async def ended(runtime: Runtime, who: Who, turn: dict[str, Any]) -> dict[str, Any]:
    """Follow a turn to its end; returns it as `GET /turns/{id}` would."""
    session_id = UUID(turn["session_id"])
    async for frame in follow_turn(runtime.db, runtime.hub, who, session_id, turn["index"], 0):
        if frame is not None and frame.event == "turn.completed":
            break
    return await view(runtime, who, turn)


async def until(
    runtime: Runtime,
    who: Who,
    turn: dict[str, Any],
    event: str,
    *,
    step: str | None = None,
    times: int = 1,
) -> None:
    """Follow a turn up to an event: its first of a kind (of a step), or its n-th."""
    session_id = UUID(turn["session_id"])
    async for frame in follow_turn(runtime.db, runtime.hub, who, session_id, turn["index"], 0):
        if frame is None or frame.event != event:
            continue
        if step is None or orjson.loads(frame.data)["step"]["key"] == step:
            times -= 1
        if times == 0:
            return


async def view(runtime: Runtime, who: Who, turn: dict[str, Any]) -> dict[str, Any]:
    """Read a turn."""
    async with runtime.db.transaction(who.workspace_id, snapshot=True) as conn:
        return await view_turn(conn, who, UUID(turn["id"]))


async def log_of(runtime: Runtime, who: Who, turn: dict[str, Any]) -> list[tuple[LogEvent, Any]]:
    """Read a turn's log, each event with its data."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        events: list[LogEvent] = []
        at, more = (turn["index"] - 1, 2**30), True
        while more:
            page, more = await event_log.read(
                conn, who.workspace_id, UUID(turn["session_id"]), at, 10_000
            )
            events += page
            at = (events[-1].index, events[-1].seq) if events else at
    return [(e, orjson.loads(e.data)) for e in events if e.index == turn["index"]]


async def rows(runtime: Runtime, who: Who, query: str, *args: Any) -> Sequence[Any]:
    """Run a query in the workspace; returns its rows."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        cursor = await conn.execute(query, args)  # type: ignore[arg-type]
        return await cursor.fetchall()
