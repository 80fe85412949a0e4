"""Stories of turns that wait for their user: approved, changed, stopped, left alone."""

import asyncio
from uuid import UUID

import pytest

from pantheon.accounts.roles import Who
from pantheon.base.errors import Problem
from pantheon.ops.runtime import Runtime
from pantheon.turns.cancel import request_cancel
from pantheon.turns.sent import view_sent
from pantheon.worker.sweeps import sweep
from tests import make
from tests.turns.drive import ended, rows, send, until, view
from tests.turns.stories import (
    FINISH,
    FIRST,
    SECOND,
    SYNTHESIS,
    answer,
    delegate,
    on,
    settings,
    short_waits,
    steps,
    waiting,
)

__all__ = ["settings", "short_waits"]

PLAN = (on(FIRST, delegate("a0", "a1")), on(SECOND, FINISH), SYNTHESIS)


async def test_a_plan_is_approved_with_edits_and_a_word(runtime: Runtime, who: Who) -> None:
    turn = await waiting(runtime, who, *PLAN, models=("echo", "echo"), approve="plan")
    assert [a["agent"] for a in turn["approval"]["proposal"]["assignments"]] == ["a0", "a1"]
    edited = [{"agent": "a1", "brief": "Only the price."}]
    await answer(runtime, who, turn, "approve", assignments=edited, note="Mind the budget.")
    over = await ended(runtime, who, turn)
    assert over["status"] == "completed"
    assert [key for key, _ in steps(over)] == [
        "route1", "approve1", "r1.1:a1", "route2", "synth",
    ]  # fmt: skip
    assert "Only the price." in over["steps"][2]["message"]["content"]
    async with runtime.db.transaction(who.workspace_id) as conn:
        sent = await view_sent(conn, runtime.providers, who, UUID(over["steps"][4]["id"]))
    assert any("Mind the budget." in s["text"] for s in sent["sections"])
    assert over["approval"] is None


async def test_of_two_answers_one_is_heard(runtime: Runtime, who: Who) -> None:
    turn = await waiting(runtime, who, *PLAN, approve="each_round")
    results = await asyncio.gather(
        *(answer(runtime, who, turn, "approve") for _ in range(6)), return_exceptions=True
    )
    refused = [r for r in results if isinstance(r, Problem)]
    assert len(refused) == 5
    assert {r.kind.code for r in refused} == {"approval_closed"}
    assert (await ended(runtime, who, turn))["status"] == "completed"


async def test_a_stop_ends_in_a_synthesis(runtime: Runtime, who: Who) -> None:
    turn = await waiting(runtime, who, *PLAN, approve="plan")
    await answer(runtime, who, turn, "stop")
    over = await ended(runtime, who, turn)
    assert (over["status"], over["stop_reason"]) == ("completed", "stopped")
    assert [key for key, _ in steps(over)] == ["route1", "approve1", "synth"]


async def test_nobody_answers_in_time(runtime: Runtime, who: Who) -> None:
    turn = await waiting(runtime, who, *PLAN, approve="plan")
    await rows(
        runtime,
        who,
        "UPDATE turns SET awaiting_until = now() WHERE id = %s RETURNING id",
        turn["id"],
    )
    assert await sweep(runtime)
    over = await ended(runtime, who, turn)
    assert (over["status"], over["stop_reason"]) == ("completed", "approval_expired")
    with pytest.raises(Problem) as caught:
        await answer(runtime, who, turn, "approve")
    assert caught.value.kind.code == "approval_closed"


async def test_assignments_that_cannot_be_are_refused(runtime: Runtime, who: Who) -> None:
    turn = await waiting(runtime, who, *PLAN, approve="plan")
    for wrong in ([], [{"agent": "zoe", "brief": "x"}], [{"agent": "a0", "brief": " "}]):
        with pytest.raises(Problem) as caught:
            await answer(runtime, who, turn, "approve", assignments=wrong)
        assert caught.value.kind.code == "validation_error"
    assert (await view(runtime, who, turn))["status"] == "awaiting_input"


async def test_a_waiting_turn_can_be_cancelled(runtime: Runtime, who: Who) -> None:
    turn = await waiting(runtime, who, *PLAN, approve="plan")
    async with runtime.db.transaction(who.workspace_id) as conn:
        await request_cancel(conn, who, UUID(turn["id"]), "now")
    over = await ended(runtime, who, turn)
    assert over["status"] == "cancelled"
    assert dict(steps(over))["approve1"] == "cancelled"


async def test_a_round_table_pauses_between_agents(runtime: Runtime, who: Who) -> None:
    async with runtime.db.transaction(who.workspace_id) as conn:
        agents = [await make.make_agent(conn, who, f"a{i}", model="fake/echo") for i in range(3)]
        room = await make.make_room(
            conn, who, agents=agents, mode="roundtable", approve="each_agent"
        )
        session = await make.make_session(conn, who, room=room)
    turn = await send(runtime, who, UUID(session["id"]), "Ship it?")
    for times, note in enumerate(("And the price?", None), start=1):
        await until(runtime, who, turn, "turn.awaiting_input", times=times)
        turn = await view(runtime, who, turn)
        assert turn["approval"]["kind"] == "next_agent"
        await answer(runtime, who, turn, "approve", note=note)
    over = await ended(runtime, who, turn)
    assert [key for key, _ in steps(over)] == [
        "s0:a0", "approve1", "s1:a1", "approve2", "s2:a2",
    ]  # fmt: skip
    assert over["status"] == "completed"
    assert (
        '<message from="user">\nAnd the price?\n</message>'
        in (over["steps"][4]["message"]["content"])
    )
    assert "And the price?" not in over["steps"][0]["message"]["content"]
