"""Tests of `pantheon.sessions.messages`."""

from uuid import UUID

import pytest

from pantheon.base import ids
from pantheon.base.errors import Problem
from pantheon.sessions import messages
from pantheon.turns.view import load_steps
from tests.make import make_room, make_session, make_turn, make_user


async def test_a_history_is_what_was_written_oldest_first(conn, who):
    room = await make_room(conn, who, agents=["ann", "ben"])
    session = await make_session(conn, who, room=room)
    turn = await make_turn(conn, who, session, "First?", status="completed")
    step = (await load_steps(conn, who.workspace_id, [UUID(turn["id"])]))[0]
    answer_id = ids.new()
    await messages.add(
        conn,
        who.workspace_id,
        answer_id,
        UUID(session["id"]),
        UUID(turn["id"]),
        "An answer.",
        3,
        step_id=step.id,
        agent_key="ann",
    )
    await make_turn(conn, who, session, "Second?")
    page = await messages.list_messages(conn, who, UUID(session["id"]), limit=50, cursor=None)
    assert page["next_cursor"] is None
    told = [
        (item["role"], item["agent_key"], item["content"], item["step_id"])
        for item in page["items"]
    ]
    assert told == [
        ("user", None, "First?", None),
        ("agent", "ann", "An answer.", str(step.id)),
        ("user", None, "Second?", None),
    ]
    answer = page["items"][1]
    assert (answer["id"], answer["turn_id"]) == (str(answer_id), turn["id"])
    assert answer["created_at"].endswith("Z")


async def test_pages_give_each_message_once(conn, who):
    session = await make_session(conn, who)
    texts = [f"Question {n}?" for n in range(5)]
    for text in texts:
        await make_turn(conn, who, session, text, status="completed")
    seen, cursor = [], None
    while True:
        page = await messages.list_messages(conn, who, UUID(session["id"]), limit=2, cursor=cursor)
        seen += [item["content"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == texts
    with pytest.raises(Problem, match="validation_error"):
        await messages.list_messages(conn, who, UUID(session["id"]), limit=2, cursor="x")


async def test_a_private_history_is_its_users(conn, who):
    session = await make_session(conn, who)
    colleague = await make_user(conn, who)
    with pytest.raises(Problem, match="not_found"):
        await messages.list_messages(conn, colleague, UUID(session["id"]), limit=2, cursor=None)


async def test_a_message_is_pinned_and_unpinned(conn, who):
    session = await make_session(conn, who)
    await make_turn(conn, who, session, "Never on Fridays.", status="failed")
    page = await messages.list_messages(conn, who, UUID(session["id"]), limit=9, cursor=None)
    message_id = UUID(page["items"][0]["id"])
    assert page["items"][0]["pinned"] is False
    for pinned in (True, True, False):
        told = await messages.pin(conn, who, message_id, pinned=pinned)
        assert (told["id"], told["pinned"]) == (str(message_id), pinned)
    stranger = await make_user(conn, who)
    for other, unknown in ((stranger, message_id), (who, ids.new())):
        with pytest.raises(Problem) as caught:
            await messages.pin(conn, other, unknown, pinned=True)
        assert caught.value.kind.code == "not_found"


async def test_a_message_is_read_by_those_who_see_its_session(conn, who):
    session = await make_session(conn, who)
    await make_turn(conn, who, session, "Never on Fridays.", status="failed")
    page = await messages.list_messages(conn, who, UUID(session["id"]), limit=9, cursor=None)
    message_id = UUID(page["items"][0]["id"])
    assert await messages.get_message(conn, who, message_id) == page["items"][0]
    stranger = await make_user(conn, who)
    for other, unknown in ((stranger, message_id), (who, ids.new())):
        with pytest.raises(Problem, match="not_found"):
            await messages.get_message(conn, other, unknown)
