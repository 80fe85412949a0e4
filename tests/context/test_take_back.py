"""Taking a message back: gone from everywhere that shows it, and what was made of it ends."""

from uuid import UUID

import pytest

from pantheon.accounts.roles import FORBIDDEN
from pantheon.base.errors import NOT_FOUND, Problem
from pantheon.context import summaries
from pantheon.context.take_back import give_back, take_back
from pantheon.ops.reconcile import reconcile
from pantheon.sessions import messages
from pantheon.sessions.sessions import TURN_IN_PROGRESS, update_session
from pantheon.turns.fork import fork_session
from pantheon.turns.history import TAKEN_BACK, load_history
from tests.context.test_summaries import summarise
from tests.make import make_session, make_turn, make_user
from tests.turns.drive import ended, log_of, rows, send, session_with, view
from tests.turns.test_step import settings

__all__ = ["settings"]


async def test_a_question_is_gone_and_what_was_made_of_it_ends(runtime, who):
    session_id = await session_with(runtime, who, "fake/ok-5", mode="roundtable")
    turns = [
        await ended(runtime, who, await send(runtime, who, session_id, f"Secret {i}?"))
        for i in range(3)
    ]
    async with runtime.db.transaction(who.workspace_id) as conn:
        kept = await summarise(conn, who, turns[0])
        made = await summarise(conn, who, turns[2])
        page = await messages.list_messages(conn, who, session_id, limit=50, cursor=None)
        asked = next(m for m in page["items"] if m["content"] == "Secret 1?")
        await take_back(conn, who, UUID(asked["id"]))
        after = await messages.list_messages(conn, who, session_id, limit=50, cursor=None)
        told = await summaries.list_summaries(conn, who, session_id, limit=9, cursor=None)
        history = await load_history(
            conn, who.workspace_id, session_id, UUID(turns[2]["id"]), 4,
            most_turns=None, most_tokens=10**9,
        )  # fmt: skip
    assert [m["id"] for m in after["items"]] == [
        m["id"] for m in page["items"] if m["id"] != asked["id"]
    ]
    assert {s["id"]: s["state"] for s in told["items"]} == {
        str(kept): "current", str(made): "source_deleted",
    }  # fmt: skip
    assert history[1].input.text == TAKEN_BACK
    seen = await view(runtime, who, turns[1])
    assert seen["input"] == ""
    log = await log_of(runtime, who, turns[1])
    assert log[-1][1]["turn"] == seen
    stored = await rows(
        runtime, who, "SELECT count(*) FROM turn_events WHERE data::text LIKE '%%Secret 1%%'"
    )
    assert stored == [(0,)]
    drift = [f for f in await reconcile(runtime.server.admin_url) if f.drift]
    assert drift == []


async def test_an_answer_is_gone_in_forks_too(runtime, who):
    session_id = await session_with(runtime, who, "fake/ok-5", mode="roundtable")
    turn = await ended(runtime, who, await send(runtime, who, session_id))
    async with runtime.db.transaction(who.workspace_id) as conn:
        fork = await fork_session(conn, who, session_id, UUID(turn["id"]))
        await take_back(conn, who, UUID(turn["steps"][0]["message"]["id"]))
    copied = await view(runtime, who, {"id": fork["head_turn_id"]})
    for seen in (copied, await view(runtime, who, turn)):
        assert seen["steps"][0]["message"]["content"] == ""
        assert seen["input"] == "What now?"


async def test_what_is_given_back_is_told_everywhere_as_before(runtime, who):
    session_id = await session_with(runtime, who, "fake/ok-5", "fake/ok-5", mode="roundtable")
    turn = await ended(runtime, who, await send(runtime, who, session_id, "Secret?"))
    asked, said = turn["input_message_id"], turn["steps"][0]["message"]["id"]
    log = await log_of(runtime, who, turn)
    async with runtime.db.transaction(who.workspace_id) as conn:
        fork = await fork_session(conn, who, session_id, UUID(turn["id"]))
        before = await messages.list_messages(conn, who, session_id, limit=9, cursor=None)
        for message_id in (asked, said):
            await take_back(conn, who, UUID(message_id))
        told = await give_back(conn, who, UUID(said))
    assert (told["id"], told["content"]) == (said, turn["steps"][0]["message"]["content"])
    # Each by itself: what else was taken back stays so.
    half = await view(runtime, who, turn)
    assert (half["input"], half["steps"]) == ("", turn["steps"])
    assert (await log_of(runtime, who, turn))[-1][1]["turn"] == half
    async with runtime.db.transaction(who.workspace_id) as conn:
        assert (await give_back(conn, who, UUID(asked)))["content"] == "Secret?"
        assert (await give_back(conn, who, UUID(asked)))["content"] == "Secret?"
        after = await messages.list_messages(conn, who, session_id, limit=9, cursor=None)
    assert after == before
    assert await view(runtime, who, turn) == turn
    assert await log_of(runtime, who, turn) == log
    copied = await view(runtime, who, {"id": fork["head_turn_id"]})
    assert copied["input"] == "Secret?"
    drift = [f for f in await reconcile(runtime.server.admin_url) if f.drift]
    assert drift == []


async def test_only_its_user_may_and_only_once(db, conn, who):
    session = await make_session(conn, who)
    await make_turn(conn, who, session, status="failed")
    await update_session(conn, who, UUID(session["id"]), {"shared": True})
    page = await messages.list_messages(conn, who, UUID(session["id"]), limit=9, cursor=None)
    message_id = UUID(page["items"][0]["id"])
    colleague = await make_user(conn, who)
    with pytest.raises(Problem) as caught:
        await take_back(conn, colleague, message_id)
    assert caught.value.kind is FORBIDDEN
    await take_back(conn, who, message_id)
    with pytest.raises(Problem) as caught:
        await take_back(conn, who, message_id)
    assert caught.value.kind is NOT_FOUND


async def test_not_while_a_turn_reads_it(conn, who):
    session = await make_session(conn, who)
    await make_turn(conn, who, session)
    page = await messages.list_messages(conn, who, UUID(session["id"]), limit=9, cursor=None)
    with pytest.raises(Problem) as caught:
        await take_back(conn, who, UUID(page["items"][0]["id"]))
    assert caught.value.kind is TURN_IN_PROGRESS
