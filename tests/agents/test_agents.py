"""Tests of `pantheon.agents.agents`."""

import asyncio
from uuid import UUID

import pytest

from pantheon.agents.agents import (
    create_agent,
    delete_agent,
    get_agent,
    list_agents,
    list_prompts,
    update_agent,
)
from pantheon.base import ids
from pantheon.base.errors import NOT_FOUND, Problem
from tests.make import MODEL, make_agent, make_workspace


async def prompts(conn) -> list[str]:
    rows = await conn.execute("SELECT text FROM agent_prompts ORDER BY id")
    return [row[0] for row in await rows.fetchall()]


async def count(conn) -> int:
    rows = await conn.execute("SELECT count(*) FROM agents")
    return (await rows.fetchone())[0]


async def test_a_new_agent_is_what_was_given(conn, who):
    agent = await create_agent(
        conn,
        who,
        key="critic",
        name="The Critic",
        model="demo/fast",
        role_prompt="Find the weak point.",
        color=7,
        parameters={"temperature": 0.5, "max_output_tokens": 300},
        context={"policy": "last", "last_turns": 4},
    )
    assert agent == await get_agent(conn, who, UUID(agent["id"]))
    assert agent | {"id": 0, "created_at": 0, "updated_at": 0} == {
        "id": 0,
        "key": "critic",
        "name": "The Critic",
        "color": 7,
        "model": "demo/fast",
        "role_prompt": "Find the weak point.",
        "parameters": {"temperature": 0.5, "max_output_tokens": 300},
        "tools": [],
        "context": {"policy": "last", "last_turns": 4},
        "created_at": 0,
        "updated_at": 0,
        "version": 1,
    }


async def test_without_a_color_the_least_used_one_is_taken(conn, who):
    colors = [(await make_agent(conn, who))["color"] for _ in range(8)]
    assert colors == [1, 2, 3, 4, 5, 6, 7, 8]
    await make_agent(conn, who, color=1)
    assert (await make_agent(conn, who))["color"] == 2
    third = next(a for a in (await list_agents(conn, who))["items"] if a["color"] == 3)
    await delete_agent(conn, who, UUID(third["id"]))
    assert (await make_agent(conn, who))["color"] == 3


async def test_a_key_is_taken_once_and_free_again_after_deletion(db, who):
    async with db.transaction(who.workspace_id) as conn:
        first = await make_agent(conn, who, "critic")
    with pytest.raises(Problem) as caught:
        async with db.transaction(who.workspace_id) as conn:
            await make_agent(conn, who, "critic")
    assert caught.value.kind.code == "key_taken"
    async with db.transaction(who.workspace_id) as conn:
        assert await count(conn) == 1
        await delete_agent(conn, who, UUID(first["id"]))
        second = await make_agent(conn, who, "critic")
    assert second["id"] != first["id"]


async def test_of_two_at_once_one_gets_the_key(db, who):
    async def create() -> str:
        try:
            async with db.transaction(who.workspace_id) as conn:
                await make_agent(conn, who, "critic")
        except Problem as problem:
            return problem.kind.code
        return "made"

    results = await asyncio.gather(*(create() for _ in range(8)))
    assert sorted(results) == ["key_taken"] * 7 + ["made"]


async def test_another_workspace_may_use_the_same_key(db, who):
    other = await make_workspace(db)
    for owner in (who, other):
        async with db.transaction(owner.workspace_id) as conn:
            assert (await make_agent(conn, owner, "critic"))["key"] == "critic"


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"key": "all"}, "@all"),
        ({"tools": ["search"]}, "no tools"),
        ({"context": {"policy": "mood"}}, "everything, own, last, summary"),
        ({"context": {"policy": "last"}}, "last_turns"),
        ({"context": {"policy": "own", "last_turns": 3}}, "last_turns"),
    ],
)
async def test_what_this_version_has_not_is_refused(conn, who, given, word):
    with pytest.raises(Problem, match="validation_error") as caught:
        await create_agent(conn, who, **{"key": "critic", "name": "C", "model": MODEL} | given)
    assert word in caught.value.detail
    assert await count(conn) == 0
    agent = await make_agent(conn, who)
    with pytest.raises(Problem, match="validation_error"):
        await update_agent(conn, who, UUID(agent["id"]), given)
    assert await get_agent(conn, who, UUID(agent["id"])) == agent


async def test_a_change_touches_what_is_named_and_counts_a_version(conn, who):
    agent = await make_agent(conn, who, "critic", parameters={"temperature": 1.0})
    changed = await update_agent(
        conn, who, UUID(agent["id"]), {"name": "Judge", "color": 5, "parameters": {}}, version=1
    )
    expected = agent | {"name": "Judge", "color": 5, "parameters": {}, "version": 2}
    assert changed | {"updated_at": agent["updated_at"]} == expected


async def test_a_prompt_gets_a_version_only_when_its_text_changed(conn, who):
    agent_id = UUID((await make_agent(conn, who, role_prompt="One."))["id"])
    await update_agent(conn, who, agent_id, {"role_prompt": "One."})
    await update_agent(conn, who, agent_id, {"name": "Other"})
    assert await prompts(conn) == ["One."]
    changed = await update_agent(conn, who, agent_id, {"role_prompt": "Two."})
    assert changed["role_prompt"] == "Two."
    assert await prompts(conn) == ["One.", "Two."]


async def test_a_change_to_a_taken_key_is_refused(db, who):
    async with db.transaction(who.workspace_id) as conn:
        await make_agent(conn, who, "critic")
        agent = await make_agent(conn, who, "writer")
    with pytest.raises(Problem, match="key_taken"):
        async with db.transaction(who.workspace_id) as conn:
            await update_agent(conn, who, UUID(agent["id"]), {"key": "critic", "name": "X"})
    async with db.transaction(who.workspace_id) as conn:
        assert await get_agent(conn, who, UUID(agent["id"])) == agent


async def test_of_changes_of_one_version_one_is_made(db, who):
    async with db.transaction(who.workspace_id) as conn:
        agent_id = UUID((await make_agent(conn, who, role_prompt="Zero."))["id"])

    async def change(n: int) -> str:
        try:
            async with db.transaction(who.workspace_id) as conn:
                await update_agent(conn, who, agent_id, {"role_prompt": f"{n}."}, version=1)
        except Problem as problem:
            return problem.kind.code
        return "changed"

    results = await asyncio.gather(*(change(n) for n in range(8)))
    assert sorted(results) == ["changed"] + ["stale_version"] * 7
    async with db.transaction(who.workspace_id) as conn:
        assert len(await prompts(conn)) == 2
        assert (await get_agent(conn, who, agent_id))["version"] == 2


async def test_a_stale_version_deletes_nothing(conn, who):
    agent = await make_agent(conn, who)
    with pytest.raises(Problem, match="stale_version"):
        await delete_agent(conn, who, UUID(agent["id"]), version=2)
    assert await get_agent(conn, who, UUID(agent["id"])) == agent


async def test_what_is_deleted_elsewhere_or_nowhere_is_not_found(db, conn, who):
    agent_id = UUID((await make_agent(conn, who))["id"])
    await delete_agent(conn, who, agent_id)
    other = await make_workspace(db)
    async with db.transaction(other.workspace_id) as theirs:
        foreign = UUID((await make_agent(theirs, other))["id"])
    for gone in (agent_id, foreign, ids.new()):
        with pytest.raises(Problem, match="not_found"):
            await get_agent(conn, who, gone)
        with pytest.raises(Problem, match="not_found"):
            await update_agent(conn, who, gone, {"name": "X"})
        with pytest.raises(Problem, match="not_found"):
            await delete_agent(conn, who, gone)


async def test_pages_give_each_agent_once_the_newest_first(conn, who):
    made = [(await make_agent(conn, who))["id"] for _ in range(7)]
    seen, cursor = [], None
    while True:
        page = await list_agents(conn, who, limit=3, cursor=cursor)
        seen += [agent["id"] for agent in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == made[::-1]


@pytest.mark.parametrize("cursor", ["", "x", "W10", "WzFd", "WyJhIiwiYiJd", "WyJ4Il0", "é"])
async def test_a_foreign_cursor_is_refused(conn, who, cursor):
    with pytest.raises(Problem, match="validation_error"):
        await list_agents(conn, who, cursor=cursor)


async def test_every_prompt_that_an_agent_has_had_is_kept(conn, who):
    agent = await make_agent(conn, who, role_prompt="One.")
    agent_id = UUID(agent["id"])
    for text in ("Two.", "Two.", "One."):
        await update_agent(conn, who, agent_id, {"role_prompt": text})
    page = await list_prompts(conn, who, agent_id, limit=2)
    rest = await list_prompts(conn, who, agent_id, limit=2, cursor=page["next_cursor"])
    found = [(item["text"], item["current"]) for item in (*page["items"], *rest["items"])]
    assert found == [("One.", True), ("Two.", False), ("One.", False)]
    assert rest["next_cursor"] is None


async def test_the_prompts_of_another_workspace_are_not_there(conn, who, db):
    other = await make_workspace(db)
    async with db.transaction(other.workspace_id) as theirs:
        agent = await make_agent(theirs, other)
    with pytest.raises(Problem) as caught:
        await list_prompts(conn, who, UUID(agent["id"]))
    assert caught.value.kind is NOT_FOUND
