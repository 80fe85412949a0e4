"""Tests of `pantheon.turns.approve`: whose word is heard, on what, and which words are none."""

from typing import Any
from uuid import UUID

import pytest

from pantheon.accounts.roles import Who
from pantheon.base import ids
from pantheon.base.errors import Problem
from pantheon.ops.runtime import Runtime
from pantheon.turns.approve import LONGEST_NOTE, decide, expire
from tests import make
from tests.turns.drive import ended, log_of, rows, send, session_with, until, view

WAITS = "SELECT status, last_seq FROM turns"


async def waiting(runtime: Runtime, who: Who) -> dict[str, Any]:
    """Return a round table of three that waits for the user's word on its second agent."""
    models = ["demo/fast"] * 3
    session_id = await session_with(
        runtime, who, *models, mode="roundtable", approve="each_agent",
        limits={"approval_seconds": 60},
    )  # fmt: skip
    turn = await send(runtime, who, session_id)
    await until(runtime, who, turn, "turn.awaiting_input")
    return await view(runtime, who, turn)


async def say(
    runtime: Runtime, who: Who, turn: Any, action: str = "approve", *, approval_id: Any = None,
    **given: Any,
) -> None:  # fmt: skip
    """Give the user's word."""
    approval_id = UUID(approval_id or turn["approval"]["id"])
    async with runtime.db.transaction(who.workspace_id) as conn:
        await decide(conn, who, UUID(turn["id"]), approval_id, action, **given)


async def refused(*args: Any, **given: Any) -> str:
    """Return the code of the problem that a word is."""
    with pytest.raises(Problem) as caught:
        await say(*args, **given)
    return caught.value.kind.code


async def test_what_a_waiting_turn_asks(runtime: Runtime, who: Who) -> None:
    turn = await waiting(runtime, who)
    asked = turn["approval"]
    assert (asked["kind"], asked["proposal"]["agent"]) == ("next_agent", "a1")
    assert asked["id"] == turn["steps"][1]["id"]
    ((left,),) = await rows(
        runtime, who, "SELECT extract(epoch FROM awaiting_until - clock_timestamp()) FROM turns"
    )
    assert 50 < left <= 60
    event, data = (await log_of(runtime, who, turn))[-1]
    assert event.type == "turn.awaiting_input"
    assert (data["approval"], data["step_id"]) == (asked, asked["id"])


async def test_the_word_is_stored_with_what_it_is_about(runtime: Runtime, who: Who) -> None:
    turn = await waiting(runtime, who)
    await say(runtime, who, turn, "stop", note="Enough.")
    over = await ended(runtime, who, turn)
    assert (over["status"], over["stop_reason"]) == ("completed", "stopped")
    assert [s["status"] for s in over["steps"]] == ["completed", "completed", "skipped", "skipped"]
    assert over["steps"][1]["decision"] == {
        "action": "stop", "assignments": None, "note": "Enough.",
        "proposal": turn["approval"]["proposal"],
    }  # fmt: skip
    closed = [d for e, d in await log_of(runtime, who, over) if e.type == "step.completed"]
    assert [d["step"]["key"] for d in closed] == ["s0:a0", "approve1"]


async def test_a_word_on_an_older_question_changes_nothing(runtime: Runtime, who: Who) -> None:
    turn = await waiting(runtime, who)
    await say(runtime, who, turn)
    await until(runtime, who, turn, "turn.awaiting_input", times=2)
    before = await rows(runtime, who, WAITS)
    assert await refused(runtime, who, turn) == "approval_closed"
    assert await rows(runtime, who, WAITS) == before
    assert before[0][0] == "awaiting_input"


async def test_a_word_after_the_end_is_too_late(runtime: Runtime, who: Who) -> None:
    turn = await waiting(runtime, who)
    await say(runtime, who, turn, "stop")
    await ended(runtime, who, turn)
    assert await refused(runtime, who, turn) == "approval_closed"


async def test_who_may_not_see_a_turn_has_no_word_in_it(runtime: Runtime, who: Who) -> None:
    turn = await waiting(runtime, who)
    async with runtime.db.transaction(who.workspace_id) as conn:
        colleague = await make.make_user(conn, who)
    stranger = await make.make_workspace(runtime.db)
    for other in (colleague, stranger):
        assert await refused(runtime, other, turn) == "not_found"
    unknown = {**turn, "id": str(ids.new())}
    assert await refused(runtime, who, unknown) == "not_found"
    # Neither an id of nothing, nor a step that is no question.
    for wrong in (str(ids.new()), turn["steps"][0]["id"]):
        assert await refused(runtime, who, turn, approval_id=wrong) == "not_found"
    assert (await view(runtime, who, turn))["status"] == "awaiting_input"


@pytest.mark.parametrize(
    "given",
    [
        {"note": "x" * (LONGEST_NOTE + 1)},
        {"note": "a\x00b"},
        {"note": "\ud800"},
        {"assignments": [{"agent": "a1", "brief": "x"}]},
        {"assignments": []},
    ],
)
async def test_words_that_a_round_table_cannot_take(
    runtime: Runtime, who: Who, given: dict[str, Any]
) -> None:
    turn = await waiting(runtime, who)
    assert await refused(runtime, who, turn, **given) == "validation_error"
    assert (await view(runtime, who, turn))["status"] == "awaiting_input"


async def test_nobody_is_out_of_time_before_it_is_over(runtime: Runtime, who: Who) -> None:
    turn = await waiting(runtime, who)

    async def expired() -> bool:
        async with runtime.db.transaction(who.workspace_id) as conn:
            return await expire(conn, who.workspace_id, UUID(turn["id"]))

    assert not await expired()
    await rows(runtime, who, "UPDATE turns SET awaiting_until = now() RETURNING 1")
    assert await expired()
    assert not await expired()
    over = await ended(runtime, who, turn)
    assert (over["status"], over["stop_reason"]) == ("completed", "approval_expired")
    assert over["steps"][1]["decision"]["action"] == "expire"
