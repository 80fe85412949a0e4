"""Rows that tests start from, made by the product's own functions; every argument has a default."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pantheon.accounts.roles import Who
from pantheon.agents.agents import create_agent
from pantheon.base import ids
from pantheon.db.pool import Connection, Database
from pantheon.rooms import roster
from pantheon.rooms.rooms import create_room
from pantheon.sessions.sessions import create_session

MODEL = "demo/echo"
ROOM_MODES = ("manual", "roundtable")
SCOPES = frozenset({"read", "write", "admin"})


async def make_workspace(db: Database) -> Who:
    """Make another workspace; return its owner."""
    who = Who(ids.new(), ids.new(), "owner", SCOPES)
    async with db.transaction(who.workspace_id) as conn:
        await conn.execute(
            "INSERT INTO workspaces (id, name) VALUES (%s, 'Other')", (who.workspace_id,)
        )
        await _insert_user(conn, who)
    return who


async def make_user(conn: Connection, who: Who, *, role: str = "member") -> Who:
    """Add a user to the workspace of `who`."""
    user = Who(who.workspace_id, ids.new(), role, SCOPES)
    await _insert_user(conn, user)
    return user


async def make_agent(
    conn: Connection, who: Who, key: str | None = None, *, model: str = MODEL, **given: Any
) -> dict[str, Any]:
    """Make an agent; `given` is what else `create_agent` takes. The key is unique by default."""
    key = key or f"a{ids.new().hex[-12:]}"
    given.setdefault("role_prompt", f"You are {key}.")
    return await create_agent(
        conn, who, key=key, name=given.pop("name", key.title()), model=model, **given
    )


async def make_room(
    conn: Connection,
    who: Who,
    *,
    agents: int | Sequence[dict[str, Any] | str] = 3,
    model: str = MODEL,
    **given: Any,
) -> dict[str, Any]:
    """Make a room with a roster: so many new agents, or these (an agent, or a new one's key)."""
    given.setdefault("name", "Room")
    room = await create_room(conn, who, modes=given.pop("modes", ROOM_MODES), **given)
    room_id = UUID(room["id"])
    for agent in [None] * agents if isinstance(agents, int) else agents:
        if not isinstance(agent, dict):
            agent = await make_agent(conn, who, agent, model=model)
        room = await roster.assign(conn, who, room_id, UUID(agent["id"]))
    return room


async def make_session(
    conn: Connection,
    who: Who,
    *,
    room: dict[str, Any] | None = None,
    agent: dict[str, Any] | None = None,
    **given: Any,
) -> dict[str, Any]:
    """Open a session in `room` or with `agent`; by default in a new room of three."""
    if agent is not None:
        return await create_session(conn, who, agent_id=UUID(agent["id"]), **given)
    room = room or await make_room(conn, who)
    return await create_session(conn, who, room_id=UUID(room["id"]), **given)


async def _insert_user(conn: Connection, who: Who) -> None:
    await conn.execute(
        "INSERT INTO users (workspace_id, id, name, role) VALUES (%s, %s, 'Somebody', %s)",
        (who.workspace_id, who.user_id, who.role),
    )
