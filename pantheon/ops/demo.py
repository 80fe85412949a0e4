"""An example to begin with: three agents, and a room in which they answer one after another."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pantheon.accounts.roles import Who
from pantheon.agents.agents import create_agent
from pantheon.db.pool import Connection, Database
from pantheon.providers.registry import Providers
from pantheon.providers.types import Model
from pantheon.rooms import roster
from pantheon.rooms.rooms import create_room, get_room
from pantheon.turns.modes.registry import MODES

ROOM_NAME = "Example room"
GOAL = "Answer the question well: one analyses it, one doubts, one writes the answer."


@dataclass(frozen=True, slots=True)
class Part:
    """An agent of the example. `demo_model` answers where there is no local model."""

    key: str
    name: str
    color: int
    demo_model: str
    role_prompt: str


PARTS = (
    Part(
        "analyst",
        "Analyst",
        1,
        "demo/analyst",
        "You are an analyst. Break the question into its parts, say what is known and what is"
        " assumed, and give a first answer with your reasons. Use at most five sentences.",
    ),
    Part(
        "skeptic",
        "Skeptic",
        2,
        "demo/skeptic",
        "You are a skeptic. Name the weakest point of what was said before you and what would"
        " show it to be wrong. If it holds, say so. Use at most four sentences.",
    ),
    Part(
        "editor",
        "Editor",
        3,
        "demo/editor",
        "You are an editor. From all that was said, write the answer that the reader needs:"
        " clear, short and complete, with open points named. Use at most five sentences.",
    ),
)


@dataclass(frozen=True, slots=True)
class Example:
    """The example's room, as the HTTP contract shapes it, and whether it was made just now."""

    room: dict[str, Any]
    made: bool


async def make_example(conn: Connection, who: Who, providers: Providers) -> Example:
    """Make the example, or return the one that is there; agents with its keys stay as they are."""
    await _lock(conn, who)
    cursor = await conn.execute(
        """
        SELECT id FROM rooms
        WHERE workspace_id = %(workspace)s AND name = %(name)s AND deleted_at IS NULL
        ORDER BY id LIMIT 1
        """,
        {"workspace": who.workspace_id, "name": ROOM_NAME},
    )
    row = await cursor.fetchone()
    if row is not None:
        return Example(await get_room(conn, who, row[0]), made=False)
    agents = await _agents(conn, who, providers)
    modes = [name for name in MODES if name != "direct"]
    room = await create_room(conn, who, modes=modes, name=ROOM_NAME, goal=GOAL, mode="roundtable")
    for agent_id in agents:
        room = await roster.assign(conn, who, UUID(room["id"]), agent_id)
    return Example(room, made=True)


async def make_first_example(db: Database, who: Who, providers: Providers) -> Example | None:
    """Make the example in a workspace that never had a room or an agent; else nothing (`None`)."""
    async with db.transaction(who.workspace_id) as conn:
        await _lock(conn, who)
        cursor = await conn.execute(
            """
            SELECT EXISTS (SELECT 1 FROM rooms WHERE workspace_id = %(workspace)s)
                OR EXISTS (SELECT 1 FROM agents WHERE workspace_id = %(workspace)s)
            """,
            {"workspace": who.workspace_id},
        )
        row = await cursor.fetchone()
        assert row is not None
        return None if row[0] else await make_example(conn, who, providers)


def describe(example: Example) -> str:
    """Return in words what the example is and which models answer in it."""
    agents = ", ".join(f"@{a['key']} ({a['model']})" for a in example.room["agents"])
    done = "Made" if example.made else "There is already"
    words = f"{done} '{example.room['name']}' with {agents or 'no agents'}."
    if "(local/" in agents:
        words += " That model is small and runs on this machine: real answers, often wrong ones."
    return words


def choose_models(models: Sequence[Model]) -> dict[str, str]:
    """Return the model of each agent: the local one where it can run, else a demo's voice."""
    local = next((m.id for m in models if m.available and m.id.startswith("local/")), None)
    return {part.key: local or part.demo_model for part in PARTS}


async def _lock(conn: Connection, who: Who) -> None:
    """Let one process at a time make examples in the workspace."""
    await conn.execute(
        "SELECT 1 FROM workspaces WHERE id = %(workspace)s FOR UPDATE",
        {"workspace": who.workspace_id},
    )


async def _agents(conn: Connection, who: Who, providers: Providers) -> list[UUID]:
    cursor = await conn.execute(
        """
        SELECT key, id FROM agents
        WHERE workspace_id = %(workspace)s AND key = ANY (%(keys)s) AND deleted_at IS NULL
        """,
        {"workspace": who.workspace_id, "keys": [part.key for part in PARTS]},
    )
    there: dict[str, UUID] = dict(await cursor.fetchall())
    models = choose_models(providers.models())
    for part in PARTS:
        if part.key not in there:
            agent = await create_agent(
                conn,
                who,
                key=part.key,
                name=part.name,
                color=part.color,
                model=models[part.key],
                role_prompt=part.role_prompt,
            )
            there[part.key] = UUID(agent["id"])
    return [there[part.key] for part in PARTS]
