"""Tests of `pantheon.turns.place`."""

from uuid import UUID

import pytest

from pantheon.base import ids
from pantheon.base.errors import NOT_FOUND, Problem
from pantheon.rooms import roster
from pantheon.sessions.sessions import delete_session, update_session
from pantheon.turns.place import load_place
from tests.make import make_agent, make_room, make_session, make_turn, make_user, make_workspace


async def test_a_room_is_told_with_its_roster_in_order(conn, who):
    room = await make_room(conn, who, agents=["ann", "bob", "cleo"], name="R", goal="Decide.")
    room_id, agents = UUID(room["id"]), [UUID(agent["agent_id"]) for agent in room["agents"]]
    await roster.reorder(conn, who, room_id, [agents[2], agents[0], agents[1]])
    await roster.change_seat(conn, who, room_id, agents[0], {"muted": True})
    session = await make_session(conn, who, room=room)
    place = await load_place(conn, who, UUID(session["id"]))
    assert (place.room_id, place.room_mode, place.goal) == (room_id, room["mode"], "Decide.")
    assert [agent["key"] for agent in place.roster] == ["cleo", "ann", "bob"]
    assert [agent["muted"] for agent in place.roster] == [False, True, False]
    assert place.roster[0]["prompt"] == "You are cleo."
    assert (place.turn_count, place.head_index, place.head_turn_id) == (0, 0, None)


async def test_an_agent_alone_sits_there_as_itself(conn, who):
    agent = await make_agent(conn, who, "ann")
    await make_room(conn, who, agents=[agent, "bob"])
    session = await make_session(conn, who, agent=agent)
    place = await load_place(conn, who, UUID(session["id"]))
    assert (place.room_id, place.room_mode) == (None, None)
    assert [(agent["key"], agent["muted"]) for agent in place.roster] == [("ann", False)]


async def test_the_head_is_told_with_its_index(conn, who):
    session = await make_session(conn, who)
    first = await make_turn(conn, who, session, status="completed")
    await make_turn(conn, who, session, status="completed")
    session_id = UUID(session["id"])
    await update_session(conn, who, session_id, {"head_turn_id": UUID(first["id"])})
    place = await load_place(conn, who, session_id)
    assert (place.head_turn_id, place.head_index, place.turn_count) == (UUID(first["id"]), 1, 2)


async def test_what_one_may_not_see_is_not_there(db, conn, who):
    session = await make_session(conn, who)
    session_id = UUID(session["id"])
    colleague = await make_user(conn, who)
    stranger = await make_workspace(db)
    for other in (colleague, stranger):
        with pytest.raises(Problem) as caught:
            await load_place(conn, other, session_id)
        assert caught.value.kind is NOT_FOUND
    await update_session(conn, who, session_id, {"shared": True})
    assert (await load_place(conn, colleague, session_id)).id == session_id
    await delete_session(conn, who, session_id)
    for wanted in (session_id, ids.new()):
        with pytest.raises(Problem) as caught:
            await load_place(conn, who, wanted)
        assert caught.value.kind is NOT_FOUND
