"""Tests of `pantheon.rooms.rooms`."""

import asyncio
from uuid import UUID

import pytest

from pantheon.base import ids
from pantheon.base.errors import Problem
from pantheon.rooms.rooms import (
    create_room,
    delete_room,
    get_room,
    list_rooms,
    restore_room,
    update_room,
)
from tests.make import ROOM_MODES, make_agent, make_room, make_workspace

ALL_MODES = (*ROOM_MODES, "orchestrator")


async def count(conn) -> int:
    rows = await conn.execute("SELECT count(*) FROM rooms")
    return (await rows.fetchone())[0]


async def test_a_new_room_is_what_was_given(conn, who):
    manager = {"agent_id": (await make_agent(conn, who))["id"]}
    room = await create_room(
        conn,
        who,
        modes=ROOM_MODES,
        name="Board",
        goal="  Decide. ",
        mode="manual",
        mentions="first",
        order="sequence",
        manager=manager,
        limits={"turn_seconds": 60, "parallel": 2},
        summary_model="demo/fast",
    )
    assert room == await get_room(conn, who, UUID(room["id"]))
    assert room | {"id": 0, "created_at": 0, "updated_at": 0} == {
        "id": 0,
        "name": "Board",
        "goal": "Decide.",
        "mode": "manual",
        "mentions": "first",
        "order": "sequence",
        "approve": "never",
        "manager": manager,
        "limits": {"turn_seconds": 60, "parallel": 2},
        "summary_model": "demo/fast",
        "agents": [],
        "created_at": 0,
        "updated_at": 0,
        "version": 1,
    }


async def test_a_room_has_a_round_table_unless_told_otherwise(conn, who):
    room = await create_room(conn, who, modes=ROOM_MODES, name="Board")
    given = ("mode", "mentions", "order", "approve", "manager", "limits", "goal", "summary_model")
    assert [room[name] for name in given] == [
        "roundtable", "override", "parallel", "never", None, {}, None, None,
    ]  # fmt: skip


async def test_an_orchestrator_needs_a_goal(db, who):
    for goal in (None, "", "  "):
        with pytest.raises(Problem, match="goal_required"):
            async with db.transaction(who.workspace_id) as conn:
                await create_room(
                    conn, who, modes=ALL_MODES, name="R", mode="orchestrator", goal=goal
                )
    async with db.transaction(who.workspace_id) as conn:
        assert await count(conn) == 0
        room = await make_room(conn, who, agents=0)
    room_id = UUID(room["id"])
    with pytest.raises(Problem, match="goal_required"):
        async with db.transaction(who.workspace_id) as conn:
            await update_room(conn, who, room_id, {"mode": "orchestrator"}, modes=ALL_MODES)
    async with db.transaction(who.workspace_id) as conn:
        assert await get_room(conn, who, room_id) == room
        change = {"mode": "orchestrator", "goal": "Decide."}
        room = await update_room(conn, who, room_id, change, modes=ALL_MODES)
        assert (room["mode"], room["goal"]) == ("orchestrator", "Decide.")
    with pytest.raises(Problem, match="goal_required"):
        async with db.transaction(who.workspace_id) as conn:
            await update_room(conn, who, room_id, {"goal": None}, modes=ALL_MODES)


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"mode": "orchestrator", "goal": "Decide."}, "Valid are: manual, roundtable"),
        ({"mode": "chaos"}, "Valid are: manual, roundtable"),
        ({"approve": "maybe"}, "one of never, plan, each_round, each_agent"),
        ({"limits": {"turn_minutes": 3}}, "turn_seconds"),
        ({"limits": {"turn_seconds": 0}}, "from 1 to 86400"),
        ({"limits": {"step_seconds": 3601}}, "from 1 to 3600"),
        ({"limits": {"parallel": True}}, "from 1 to 64"),
        ({"limits": {"parallel": "2"}}, "from 1 to 64"),
        ({"manager": {"agent_id": str(ids.new())}}, "no agent"),
    ],
)
async def test_what_this_version_has_not_is_refused(conn, who, given, word):
    with pytest.raises(Problem, match="validation_error") as caught:
        await create_room(conn, who, modes=ROOM_MODES, name="R", **given)
    assert word in caught.value.detail
    assert await count(conn) == 0
    room = await make_room(conn, who, agents=0)
    with pytest.raises(Problem, match="validation_error"):
        await update_room(conn, who, UUID(room["id"]), given, modes=ROOM_MODES)
    assert await get_room(conn, who, UUID(room["id"])) == room


async def test_a_manager_of_another_workspace_is_refused(db, conn, who):
    other = await make_workspace(db)
    async with db.transaction(other.workspace_id) as theirs:
        foreign = await make_agent(theirs, other)
    with pytest.raises(Problem, match="validation_error"):
        await create_room(
            conn, who, modes=ROOM_MODES, name="R", manager={"agent_id": foreign["id"]}
        )


async def test_a_change_touches_what_is_named_and_counts_a_version(conn, who):
    room = await make_room(conn, who, agents=1, goal="Decide.", manager={"model": "demo/fast"})
    change = {"name": "Council", "goal": None, "manager": None, "order": "sequence"}
    changed = await update_room(
        conn, who, UUID(room["id"]), change, modes=ROOM_MODES, version=room["version"]
    )
    expected = room | change | {"version": room["version"] + 1}
    assert changed | {"updated_at": room["updated_at"]} == expected


async def test_of_changes_of_one_version_one_is_made(db, who):
    async with db.transaction(who.workspace_id) as conn:
        room_id = UUID((await make_room(conn, who, agents=0))["id"])

    async def change(n: int) -> str:
        try:
            async with db.transaction(who.workspace_id) as conn:
                await update_room(conn, who, room_id, {"name": f"{n}"}, modes=ROOM_MODES, version=1)
        except Problem as problem:
            return problem.kind.code
        return "changed"

    results = await asyncio.gather(*(change(n) for n in range(8)))
    assert sorted(results) == ["changed"] + ["stale_version"] * 7


async def test_a_deleted_room_comes_back_within_seven_days(conn, who):
    room = await make_room(conn, who, agents=2)
    room_id = UUID(room["id"])
    with pytest.raises(Problem, match="stale_version"):
        await delete_room(conn, who, room_id, version=99)
    await delete_room(conn, who, room_id, version=room["version"])
    for look in (get_room, delete_room):
        with pytest.raises(Problem, match="not_found"):
            await look(conn, who, room_id)
    with pytest.raises(Problem, match="not_found"):
        await update_room(conn, who, room_id, {"name": "X"}, modes=ROOM_MODES)
    assert (await list_rooms(conn, who))["items"] == []

    back = await restore_room(conn, who, room_id)
    assert back == room | {"version": room["version"] + 2}
    assert await restore_room(conn, who, room_id) == back

    await delete_room(conn, who, room_id)
    await conn.execute("UPDATE rooms SET deleted_at = now() - interval '7 days 1 second'")
    with pytest.raises(Problem, match="not_found"):
        await restore_room(conn, who, room_id)


async def test_what_is_elsewhere_or_nowhere_is_not_found(db, conn, who):
    other = await make_workspace(db)
    async with db.transaction(other.workspace_id) as theirs:
        foreign = UUID((await make_room(theirs, other))["id"])
    for gone in (foreign, ids.new()):
        for call in (
            get_room(conn, who, gone),
            update_room(conn, who, gone, {"name": "X"}, modes=ROOM_MODES),
            delete_room(conn, who, gone),
            restore_room(conn, who, gone),
        ):
            with pytest.raises(Problem, match="not_found"):
                await call
    assert (await list_rooms(conn, who))["items"] == []


async def test_pages_give_each_room_once_with_its_roster(conn, who):
    made = [await make_room(conn, who, agents=n) for n in range(4)]
    first = await list_rooms(conn, who, limit=3)
    second = await list_rooms(conn, who, limit=3, cursor=first["next_cursor"])
    assert [*first["items"], *second["items"]] == made[::-1]
    assert second["next_cursor"] is None


async def test_what_cannot_be_restored_any_more_is_not_listed(conn, who):
    kept, gone = await make_room(conn, who), await make_room(conn, who)
    for room in (kept, gone):
        await delete_room(conn, who, UUID(room["id"]))
    await conn.execute(
        "UPDATE rooms SET deleted_at = now() - interval '8 days' WHERE id = %s", (gone["id"],)
    )
    listed = await list_rooms(conn, who, deleted=True)
    assert [room["id"] for room in listed["items"]] == [kept["id"]]
    assert (await list_rooms(conn, who))["items"] == []
