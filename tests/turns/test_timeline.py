"""Tests of `pantheon.turns.timeline`: pages of turns, and which of their messages are pinned."""

from uuid import UUID

import pytest

from pantheon.base.errors import INVALID, Problem
from pantheon.sessions import messages
from pantheon.sessions.sessions import update_session
from pantheon.turns.retry import rerun_turn
from pantheon.turns.timeline import view_timeline, view_turns
from tests.make import demo_providers, make_agent, make_session, make_turn
from tests.turns.drive import ended, send, session_with


async def timeline(conn, who, session_id, limit=50, cursor=None, everything=False):
    """Read a page of a session."""
    return await view_timeline(
        conn, who, session_id, limit=limit, cursor=cursor, everything=everything
    )


@pytest.fixture
async def session(conn, who):
    """A session with one agent."""
    return await make_session(conn, who, agent=await make_agent(conn, who, "ann"))


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
async def test_pages_of_the_chain_join_without_gap_or_overlap(conn, who, session, limit):
    session_id = UUID(session["id"])
    made = [await make_turn(conn, who, session, status="completed") for _ in range(3)]
    again = await rerun_turn(conn, demo_providers(), who, UUID(made[1]["id"]), text="Other?")
    chain, everything = [], []
    for found, siblings in ((chain, False), (everything, True)):
        cursor, pages = None, 0
        while cursor is not None or pages == 0:
            page = await timeline(conn, who, session_id, limit, cursor, siblings)
            assert len(page["items"]) <= limit
            found += [turn["index"] for turn in page["items"]]
            cursor, pages = page["next_cursor"], pages + 1
    assert again["index"] == 4
    assert chain == [4, 1]
    assert everything == [4, 3, 2, 1]


async def test_the_head_decides_which_chain_is_shown(conn, who, session):
    session_id = UUID(session["id"])
    first = await make_turn(conn, who, session, status="completed")
    second = await make_turn(conn, who, session, status="completed")
    again = await rerun_turn(conn, demo_providers(), who, UUID(second["id"]), text="Other?")
    await rows_of(
        conn, "UPDATE turns SET status = 'failed', finished_at = now() WHERE id = %s", again
    )
    await update_session(conn, who, session_id, {"head_turn_id": UUID(second["id"])})
    page = await timeline(conn, who, session_id)
    assert [turn["id"] for turn in page["items"]] == [second["id"], first["id"]]
    steps = {
        turn["id"]: turn["steps"][0]
        for turn in (await timeline(conn, who, session_id, everything=True))["items"]
    }
    assert steps[second["id"]]["siblings"] == [steps[again["id"]]["id"]]
    assert steps[again["id"]]["siblings"] == [steps[second["id"]]["id"]]
    assert steps[first["id"]]["siblings"] == []


async def rows_of(conn, statement, turn):
    """Change a turn in the test's own transaction."""
    await conn.execute(statement, (UUID(turn["id"]),))


async def test_an_empty_session_has_an_empty_timeline(conn, who, session):
    page = await timeline(conn, who, UUID(session["id"]))
    assert (page["items"], page["next_cursor"], page["last_event_id"]) == ([], None, "0.0")


async def test_a_page_tells_which_of_its_messages_are_pinned(runtime, who):
    session_id = await session_with(runtime, who, "demo/fast", mode="roundtable")
    first = await ended(runtime, who, await send(runtime, who, session_id))
    await ended(runtime, who, await send(runtime, who, session_id))
    asked, answered = first["input_message_id"], first["steps"][0]["message"]["id"]
    async with runtime.db.transaction(who.workspace_id) as conn:
        assert (await timeline(conn, who, session_id))["pinned"] == []
        for message_id in (asked, answered):
            await messages.pin(conn, who, UUID(message_id), pinned=True)
        newest = await timeline(conn, who, session_id, limit=1)
        older = await timeline(conn, who, session_id, limit=1, cursor=newest["next_cursor"])
        listed = await view_turns(conn, who, session_id, limit=10, cursor=None)
        await messages.pin(conn, who, UUID(asked), pinned=False)
        left = await timeline(conn, who, session_id)
    assert newest["pinned"] == []
    assert older["pinned"] == listed["pinned"] == sorted([asked, answered])
    assert left["pinned"] == [answered]
    # A turn is as its last event has told it.
    assert older["items"] == [first]


@pytest.mark.parametrize("cursor", ["", "!", "bm9uZQ"])
async def test_a_foreign_cursor_is_refused(conn, who, session, cursor):
    with pytest.raises(Problem) as caught:
        await timeline(conn, who, UUID(session["id"]), cursor=cursor)
    assert caught.value.kind is INVALID
