"""Tests of `pantheon.sessions.taken_back`: emptied at once, filled again within the grace."""

import asyncio
from uuid import UUID

import psycopg
import pytest

from pantheon.accounts.roles import FORBIDDEN
from pantheon.base.errors import NOT_FOUND, Problem
from pantheon.sessions import messages, sessions, taken_back
from pantheon.sessions.sessions import TURN_IN_PROGRESS
from tests.make import make_session, make_turn, make_user

KEPT = "SELECT count(*) FROM messages_taken_back"
ROW = "SELECT content, tokens, tokens_o200k, pinned_at, deleted_at FROM messages WHERE id = %s"


async def asked(conn, who, text="Secret.", status="failed"):
    """Ask something; return the session, the turn and the message."""
    session = await make_session(conn, who)
    turn = await make_turn(conn, who, session, text, status=status)
    return session, turn, UUID(turn["input_message_id"])


async def refused(kind, call):
    """Check that something is refused so."""
    with pytest.raises(Problem) as caught:
        await call
    assert caught.value.kind is kind


async def test_an_emptied_message_names_the_turns_that_show_it(conn, who):
    _, turn, message_id = await asked(conn, who)
    (shown,) = await taken_back.empty(conn, who, message_id)
    assert (str(shown.turn_id), shown.asked, shown.step_ids) == (turn["id"], True, [])
    assert await messages.texts(conn, who.workspace_id, [message_id]) == {message_id: (None, "")}
    await refused(NOT_FOUND, taken_back.empty(conn, who, message_id))


async def test_a_filled_message_is_as_it_was(conn, who):
    _, turn, message_id = await asked(conn, who)
    await messages.pin(conn, who, message_id, pinned=True)
    before = await (await conn.execute(ROW, (message_id,))).fetchone()
    await taken_back.empty(conn, who, message_id)
    text, (shown,) = await taken_back.fill(conn, who, message_id)
    assert (text, str(shown.turn_id)) == ("Secret.", turn["id"])
    assert await (await conn.execute(ROW, (message_id,))).fetchone() == before
    assert await (await conn.execute(KEPT)).fetchone() == (0,)
    # Nothing to do for one that is there; and it can be taken back once more.
    assert await taken_back.fill(conn, who, message_id) == ("", [])
    await taken_back.empty(conn, who, message_id)


async def test_only_its_user_fills_it_and_not_while_it_is_read(conn, who):
    session, _, message_id = await asked(conn, who)
    await sessions.update_session(conn, who, UUID(session["id"]), {"shared": True})
    await taken_back.empty(conn, who, message_id)
    await refused(FORBIDDEN, taken_back.fill(conn, await make_user(conn, who), message_id))
    await make_turn(conn, who, session, "Next?")
    await refused(TURN_IN_PROGRESS, taken_back.fill(conn, who, message_id))


async def test_after_the_grace_nobody_has_it(runtime, who, server):
    async with runtime.db.transaction(who.workspace_id) as conn:
        old, young = [(await asked(conn, who))[2] for _ in range(2)]
        for message_id in (old, young):
            await taken_back.empty(conn, who, message_id)
    with psycopg.connect(server.admin_url) as admin:
        admin.execute(
            "UPDATE messages_taken_back SET erase_at = erase_at - make_interval(mins => %s)"
            " WHERE message_id = %s",
            (taken_back.GRACE_MINUTES, old),
        )
    async with runtime.db.transaction(who.workspace_id) as conn:
        await refused(NOT_FOUND, taken_back.fill(conn, who, old))
    async with runtime.db.sweep() as conn:
        await taken_back.erase_old(conn)
    with psycopg.connect(server.admin_url) as admin:
        left = admin.execute("SELECT message_id FROM messages_taken_back").fetchall()
    assert left == [(young,)]


async def test_of_two_who_take_it_back_at_once_one_finds_nothing(runtime, who):
    async with runtime.db.transaction(who.workspace_id) as conn:
        *_, message_id = await asked(conn, who)

    async def take() -> bool:
        async with runtime.db.transaction(who.workspace_id) as conn:
            await taken_back.empty(conn, who, message_id)
        return True

    told = await asyncio.gather(*(take() for _ in range(4)), return_exceptions=True)
    assert [one for one in told if one is True] == [True]
    assert [one.kind for one in told if one is not True] == [NOT_FOUND] * 3
