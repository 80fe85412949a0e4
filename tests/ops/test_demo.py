"""The example: made once, completed where parts are missing, never again after it was deleted."""

import asyncio
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from pantheon.accounts.roles import Who
from pantheon.agents.agents import create_agent
from pantheon.base.settings import Settings
from pantheon.db.pool import Connection, Database
from pantheon.ops.demo import (
    PARTS,
    ROOM_NAME,
    Example,
    choose_models,
    describe,
    make_example,
    make_first_example,
)
from pantheon.providers.configure import open_providers
from pantheon.providers.registry import Providers
from pantheon.providers.types import Model
from pantheon.rooms.rooms import delete_room


@pytest.fixture
def providers(tmp_path: Path) -> Providers:
    """The providers of an empty environment."""
    return open_providers(Settings(data_dir=tmp_path), {})


def test_the_local_model_answers_where_it_can_run() -> None:
    """Else each agent has a demo's voice of its own."""
    demo = Model("demo/analyst", 1000, 100)
    local = Model("local/small", 1000, 100)
    voices = {part.key: part.demo_model for part in PARTS}
    assert choose_models([demo, local]) == dict.fromkeys(voices, "local/small")
    assert choose_models([demo, replace(local, available=False)]) == voices
    assert choose_models([demo]) == voices


def test_the_example_is_told_in_words() -> None:
    """Who answers by which model; a small one is called small."""
    room = {"name": "Example room", "agents": [{"key": "a", "model": "demo/analyst"}]}
    made = "Made 'Example room' with @a (demo/analyst)."
    assert describe(Example(room, made=True)) == made
    assert describe(Example(room, made=False)) == made.replace("Made", "There is already")
    room["agents"] = [{"key": "a", "model": "local/tiny"}]
    assert "small" in describe(Example(room, made=True))


async def test_three_agents_answer_one_after_another(
    conn: Connection, who: Who, providers: Providers
) -> None:
    """The room is a round table of three, each with a prompt and a model that is there."""
    example = await make_example(conn, who, providers)
    room = example.room
    assert example.made
    assert (room["name"], room["mode"]) == (ROOM_NAME, "roundtable")
    assert [agent["key"] for agent in room["agents"]] == ["analyst", "skeptic", "editor"]
    for agent in room["agents"]:
        assert providers.resolve(agent["model"])[1].available


async def test_a_second_time_nothing_changes(
    conn: Connection, who: Who, providers: Providers
) -> None:
    """The same room is returned."""
    first = await make_example(conn, who, providers)
    second = await make_example(conn, who, providers)
    assert second.made is False
    assert second.room == first.room


async def test_agents_that_are_there_are_used(
    conn: Connection, who: Who, providers: Providers
) -> None:
    """A workspace's own skeptic keeps its prompt and its model."""
    own = await create_agent(conn, who, key="skeptic", name="Mine", model="demo/fast")
    room = (await make_example(conn, who, providers)).room
    assert room["agents"][1]["agent_id"] == own["id"]
    assert room["agents"][1]["name"] == "Mine"


async def test_a_first_example_comes_once(db: Database, who: Who, providers: Providers) -> None:
    """Who deleted the example does not get it again at the next start."""
    example = await make_first_example(db, who, providers)
    assert example is not None
    async with db.transaction(who.workspace_id) as conn:
        await delete_room(conn, who, UUID(example.room["id"]))
    assert await make_first_example(db, who, providers) is None


async def test_of_many_first_starts_one_makes_it(
    db: Database, who: Who, providers: Providers
) -> None:
    """Eight processes at once: one example, no error."""
    made = await asyncio.gather(*(make_first_example(db, who, providers) for _ in range(8)))
    assert sum(example is not None for example in made) == 1
