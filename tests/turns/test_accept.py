"""Tests of `pantheon.turns.accept`: all of a turn or nothing, one at a time in a session."""

import asyncio
from uuid import UUID

import pytest

from pantheon.accounts.roles import Who
from pantheon.base.errors import INVALID, NOT_FOUND, Problem
from pantheon.ops.runtime import Runtime
from pantheon.sessions.sessions import TURN_IN_PROGRESS, delete_session, get_session
from tests import make
from tests.turns.drive import direct_session, log_of, rows, send, session_with

EVERYTHING = """
    SELECT (SELECT count(*) FROM turns), (SELECT count(*) FROM steps),
           (SELECT count(*) FROM messages), (SELECT count(*) FROM holds),
           (SELECT count(*) FROM turn_events), (SELECT count(*) FROM llm_call_attempts)
"""
END = "UPDATE turns SET status = 'failed', finished_at = now() RETURNING id"


async def refused(runtime: Runtime, who: Who, session_id: UUID, text: str = "Q?", **wanted):
    """Return why a turn is refused, after checking that nothing is left behind."""
    before = await rows(runtime, who, EVERYTHING)
    with pytest.raises(Problem) as caught:
        await send(runtime, who, session_id, text, **wanted)
    assert await rows(runtime, who, EVERYTHING) == before
    return caught.value.kind


async def test_a_turn_is_stored_whole(idle, who):
    session_id = await session_with(idle, who, "demo/fast", "demo/fast", mode="roundtable")
    turn = await send(idle, who, session_id, "One?\nTwo?")
    assert await rows(idle, who, EVERYTHING) == [(1, 2, 1, 0, 1, 0)]
    ((event, data),) = await log_of(idle, who, turn)
    assert (event.seq, event.type, data["turn"]) == (1, "turn.created", turn)
    async with idle.db.transaction(who.workspace_id) as conn:
        session = await get_session(conn, who, session_id)
    assert (session["head_turn_id"], session["turns"]) == (turn["id"], 1)
    assert session["name"] == "One? Two?"
    assert session["last_turn_at"] is not None


async def test_in_direct_mode_a_birth_records_the_first_attempt(idle, who):
    idle.slots.open(who.user_id, 30, lambda: 1)
    turn = await send(idle, who, await direct_session(idle, who, "demo/fast"))
    assert await rows(idle, who, EVERYTHING) == [(1, 1, 1, 0, 3, 1)]
    assert [event.type for event, _ in await log_of(idle, who, turn)] == [
        "turn.created", "turn.started", "step.started",
    ]  # fmt: skip


async def test_indexes_have_no_gaps_and_the_first_words_stay_the_name(idle, who):
    session_id = await direct_session(idle, who, "demo/fast")
    turns = []
    for number in range(3):
        turns.append(await send(idle, who, session_id, f"Number {number}"))
        await rows(idle, who, END)
    assert [turn["index"] for turn in turns] == [1, 2, 3]
    assert [turn["parent_id"] for turn in turns] == [None, turns[0]["id"], turns[1]["id"]]
    async with idle.db.transaction(who.workspace_id) as conn:
        assert (await get_session(conn, who, session_id))["name"] == "Number 0"


async def test_of_many_at_once_one_is_taken(idle, who):
    session_id = await direct_session(idle, who, "demo/fast")
    for index in range(1, 4):
        found = await asyncio.gather(
            *(send(idle, who, session_id) for _ in range(12)), return_exceptions=True
        )
        taken = [turn["index"] for turn in found if isinstance(turn, dict)]
        kinds = [error.kind for error in found if isinstance(error, Problem)]
        assert (taken, kinds) == ([index], [TURN_IN_PROGRESS] * 11)
        await rows(idle, who, END)


async def test_while_a_turn_lives_the_next_is_refused(idle, who):
    session_id = await direct_session(idle, who, "demo/fast")
    await send(idle, who, session_id)
    assert await refused(idle, who, session_id) is TURN_IN_PROGRESS


async def test_bad_input_leaves_nothing_behind(idle, who):
    session_id = await direct_session(idle, who, "demo/fast")
    assert await refused(idle, who, session_id, " ") is INVALID
    assert await refused(idle, who, session_id, mode="roundtable") is INVALID
    stranger = await make.make_workspace(idle.db)
    assert await refused(idle, stranger, session_id) is NOT_FOUND
    async with idle.db.transaction(who.workspace_id) as conn:
        await delete_session(conn, who, session_id)
    assert await refused(idle, who, session_id) is NOT_FOUND
