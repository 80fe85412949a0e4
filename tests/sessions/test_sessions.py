"""Tests of `pantheon.sessions.sessions`."""

import asyncio
from uuid import UUID

import pytest

from pantheon.agents.agents import delete_agent
from pantheon.base import clock, ids
from pantheon.base.errors import Problem
from pantheon.rooms.rooms import delete_room, restore_room
from pantheon.sessions.sessions import (
    create_session,
    delete_session,
    get_session,
    ids_in_room,
    list_sessions,
    see,
    update_session,
)
from tests.make import make_agent, make_room, make_session, make_turn, make_user, make_workspace


async def test_a_new_session_is_in_a_room_or_with_an_agent(conn, who):
    room, agent = await make_room(conn, who), await make_agent(conn, who)
    in_room = await make_session(conn, who, room=room, name="Plans")
    assert in_room == await get_session(conn, who, UUID(in_room["id"]))
    assert in_room | {"id": 0, "created_at": 0} == {
        "id": 0,
        "name": "Plans",
        "room_id": room["id"],
        "agent_id": None,
        "user_id": str(who.user_id),
        "shared": False,
        "pinned": False,
        "head_turn_id": None,
        "forked_from": None,
        "turns": 0,
        "last_turn_at": None,
        "created_at": 0,
        "version": 1,
    }
    direct = await make_session(conn, who, agent=agent)
    assert (direct["room_id"], direct["agent_id"]) == (None, agent["id"])
    assert direct["name"] is None


async def test_there_is_no_session_without_a_place(db, conn, who):
    other = await make_workspace(db)
    async with db.transaction(other.workspace_id) as theirs:
        foreign_room = UUID((await make_room(theirs, other, agents=0))["id"])
        foreign_agent = UUID((await make_agent(theirs, other))["id"])
    room = UUID((await make_room(conn, who, agents=0))["id"])
    agent = UUID((await make_agent(conn, who))["id"])
    await delete_room(conn, who, room)
    await delete_agent(conn, who, agent)
    for place in (
        {"room_id": foreign_room},
        {"room_id": room},
        {"room_id": ids.new()},
        {"agent_id": foreign_agent},
        {"agent_id": agent},
        {"agent_id": ids.new()},
    ):
        with pytest.raises(Problem, match="not_found"):
            await create_session(conn, who, **place)
        with pytest.raises(Problem, match="not_found"):
            await list_sessions(conn, who, **place)
    rows = await conn.execute("SELECT count(*) FROM sessions")
    assert (await rows.fetchone())[0] == 0


async def test_a_session_is_its_users_until_it_is_shared(conn, who):
    colleague = await make_user(conn, who)
    session = await make_session(conn, who)
    session_id = UUID(session["id"])
    with pytest.raises(Problem, match="not_found"):
        await see(conn, colleague, session_id)
    assert (await list_sessions(conn, colleague))["items"] == []
    with pytest.raises(Problem, match="not_found"):
        await update_session(conn, colleague, session_id, {"name": "Mine"})
    with pytest.raises(Problem, match="not_found"):
        await delete_session(conn, colleague, session_id)

    shared = await update_session(conn, who, session_id, {"shared": True})
    assert await get_session(conn, colleague, session_id) == shared
    assert (await list_sessions(conn, colleague))["items"] == [shared]
    renamed = await update_session(conn, colleague, session_id, {"name": "Ours"})
    assert renamed == shared | {"name": "Ours", "version": 3}
    for change in ({"shared": False}, {"pinned": True}):
        with pytest.raises(Problem, match="forbidden"):
            await update_session(conn, colleague, session_id, change)
    with pytest.raises(Problem, match="forbidden"):
        await delete_session(conn, colleague, session_id)
    assert await get_session(conn, who, session_id) == renamed


async def test_what_is_deleted_elsewhere_or_nowhere_is_not_found(db, conn, who):
    other = await make_workspace(db)
    async with db.transaction(other.workspace_id) as theirs:
        foreign = await make_session(theirs, other)
        await update_session(theirs, other, UUID(foreign["id"]), {"shared": True})
    gone = UUID((await make_session(conn, who))["id"])
    with pytest.raises(Problem, match="stale_version"):
        await delete_session(conn, who, gone, version=2)
    await delete_session(conn, who, gone, version=1)
    for session_id in (gone, UUID(foreign["id"]), ids.new()):
        for call in (
            get_session(conn, who, session_id),
            update_session(conn, who, session_id, {"name": "X"}),
            delete_session(conn, who, session_id),
        ):
            with pytest.raises(Problem, match="not_found"):
                await call
    assert (await list_sessions(conn, who))["items"] == []


async def test_a_room_hides_its_sessions_while_it_is_deleted_an_agent_never(conn, who):
    room, agent = await make_room(conn, who), await make_agent(conn, who)
    in_room = await make_session(conn, who, room=room)
    direct = await make_session(conn, who, agent=agent)
    await delete_room(conn, who, UUID(room["id"]))
    await delete_agent(conn, who, UUID(agent["id"]))
    with pytest.raises(Problem, match="not_found"):
        await get_session(conn, who, UUID(in_room["id"]))
    assert (await list_sessions(conn, who))["items"] == [direct]
    assert await ids_in_room(conn, who.workspace_id, UUID(room["id"])) == [UUID(in_room["id"])]
    await restore_room(conn, who, UUID(room["id"]))
    assert (await list_sessions(conn, who))["items"] == [direct, in_room]


async def test_lists_begin_with_the_newest_activity(db, who):
    async def create(room) -> dict:
        async with db.transaction(who.workspace_id) as conn:
            return await make_session(conn, who, room=room)

    async with db.transaction(who.workspace_id) as conn:
        room, elsewhere = await make_room(conn, who), await make_room(conn, who)
    first, second, third = [await create(room) for _ in range(3)]
    other = await create(elsewhere)
    async with db.transaction(who.workspace_id) as conn:
        await make_turn(conn, who, first)
    wanted = [first["id"], other["id"], third["id"], second["id"]]
    async with db.transaction(who.workspace_id) as conn:
        for limit in (1, 2, 3, 4, 50):
            seen, cursor = [], None
            while True:
                page = await list_sessions(conn, who, limit=limit, cursor=cursor)
                seen += [session["id"] for session in page["items"]]
                cursor = page["next_cursor"]
                if cursor is None:
                    break
            assert seen == wanted
        here = await list_sessions(conn, who, room_id=UUID(room["id"]))
        assert [session["id"] for session in here["items"]] == [wanted[0], *wanted[2:]]


async def test_sessions_of_one_moment_are_each_listed_once(conn, who):
    room = await make_room(conn, who)
    made = [(await make_session(conn, who, room=room))["id"] for _ in range(5)]
    seen, cursor = [], None
    while True:
        page = await list_sessions(conn, who, limit=2, cursor=cursor)
        seen += [session["id"] for session in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == made[::-1]


@pytest.mark.parametrize("cursor", ["", "x", "WyJhIiwiYiJd", "WzEsMl0", "W10"])
async def test_a_foreign_cursor_is_refused(conn, who, cursor):
    with pytest.raises(Problem, match="validation_error"):
        await list_sessions(conn, who, cursor=cursor)


async def test_a_change_touches_what_is_named_and_counts_a_version(conn, who):
    session = await make_session(conn, who, name="Plans")
    session_id = UUID(session["id"])
    changed = await update_session(conn, who, session_id, {"pinned": True}, version=1)
    assert changed == session | {"pinned": True, "version": 2}
    changed = await update_session(conn, who, session_id, {"name": None}, version=2)
    assert changed == session | {"pinned": True, "name": None, "version": 3}
    with pytest.raises(Problem, match="stale_version"):
        await update_session(conn, who, session_id, {"name": "Late"}, version=2)
    assert await get_session(conn, who, session_id) == changed


async def test_the_head_can_be_switched_to_any_turn_of_the_session(conn, who):
    session = await make_session(conn, who)
    session_id = UUID(session["id"])
    first = await make_turn(conn, who, session, status="completed")
    second = await make_turn(conn, who, session, status="failed")
    assert (await get_session(conn, who, session_id))["head_turn_id"] == second["id"]
    switched = await update_session(conn, who, session_id, {"head_turn_id": UUID(first["id"])})
    assert switched["head_turn_id"] == first["id"]
    assert switched["turns"] == 2
    third = await make_turn(conn, who, session)
    assert (third["parent_id"], third["index"]) == (first["id"], 3)


async def test_the_head_stays_while_a_turn_is_live(conn, who):
    session = await make_session(conn, who)
    session_id = UUID(session["id"])
    first = await make_turn(conn, who, session, status="completed")
    live = await make_turn(conn, who, session)
    for status in ("queued", "running", "awaiting_input"):
        until = clock.now() if status == "awaiting_input" else None
        await conn.execute(
            "UPDATE turns SET status = %s, awaiting_until = %s WHERE id = %s",
            (status, until, UUID(live["id"])),
        )
        with pytest.raises(Problem, match="turn_in_progress"):
            await update_session(
                conn, who, session_id, {"head_turn_id": UUID(first["id"]), "name": "X"}
            )
    session = await get_session(conn, who, session_id)
    assert (session["head_turn_id"], session["name"]) == (live["id"], "What do you think?")
    await update_session(conn, who, session_id, {"name": "Fine"})


async def test_the_head_is_a_turn_of_this_session(conn, who):
    session = await make_session(conn, who)
    turn = await make_turn(conn, who, session, status="completed")
    elsewhere = await make_turn(conn, who, status="completed")
    for head in (UUID(elsewhere["id"]), ids.new()):
        with pytest.raises(Problem, match="validation_error"):
            await update_session(conn, who, UUID(session["id"]), {"head_turn_id": head})
    assert (await get_session(conn, who, UUID(session["id"])))["head_turn_id"] == turn["id"]


async def test_a_turn_and_a_switch_at_once_never_both_move_the_head(db, who):
    """32 rounds of both at the same moment: the live turn continues the head that stands."""
    async with db.transaction(who.workspace_id) as conn:
        session = await make_session(conn, who)
        old = await make_turn(conn, who, session, status="completed")
        await make_turn(conn, who, session, status="completed")
    session_id, head = UUID(session["id"]), UUID(old["id"])

    async def attempt(call) -> str:
        try:
            async with db.transaction(who.workspace_id) as conn:
                await call(conn)
        except Problem as problem:
            return problem.kind.code
        return "done"

    async def accept(conn) -> None:
        await make_turn(conn, who, session)

    async def switch(conn) -> None:
        await update_session(conn, who, session_id, {"head_turn_id": head})

    for _ in range(32):
        results = await asyncio.gather(attempt(accept), attempt(switch))
        assert set(results) <= {"done", "turn_in_progress"}
        async with db.transaction(who.workspace_id) as conn:
            rows = await conn.execute("SELECT id, parent_id FROM turns WHERE finished_at IS NULL")
            live = await rows.fetchall()
            now = (await get_session(conn, who, session_id))["head_turn_id"]
            assert [str(turn_id) for turn_id, _ in live] == [now] * (results[0] == "done")
            await conn.execute(
                "UPDATE turns SET status = 'completed', finished_at = now()"
                " WHERE finished_at IS NULL"
            )


async def test_a_switch_that_waits_for_a_turn_is_refused(db, who):
    """The switch's statement begins before the turn is committed, and is decided after it."""
    async with db.transaction(who.workspace_id) as conn:
        session = await make_session(conn, who)
        old = await make_turn(conn, who, session, status="completed")
        await make_turn(conn, who, session, status="completed")
    change = {"head_turn_id": UUID(old["id"])}

    async def switch() -> None:
        async with db.transaction(who.workspace_id) as conn:
            await update_session(conn, who, UUID(session["id"]), change)

    async with db.transaction(who.workspace_id) as conn:
        turn = await make_turn(conn, who, session)
        switching = asyncio.create_task(switch())
        await one_waits(conn)
    with pytest.raises(Problem, match="turn_in_progress"):
        await switching
    async with db.transaction(who.workspace_id) as conn:
        assert (await get_session(conn, who, UUID(session["id"])))["head_turn_id"] == turn["id"]


async def one_waits(conn) -> None:
    """Return when another connection waits for a lock that this one holds."""
    async with asyncio.timeout(10):
        while True:
            rows = await conn.execute(
                """
                SELECT count(*) FROM pg_locks l, pg_sleep(0.01)
                WHERE NOT l.granted AND pg_backend_pid() = ANY (pg_blocking_pids(l.pid))
                """
            )
            if (await rows.fetchone())[0]:
                return
