"""Tests of `pantheon.turns.view`: one shape for everybody."""

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest

from pantheon.base import ids
from pantheon.base.errors import NOT_FOUND, Problem
from pantheon.turns.timeline import view_turns
from pantheon.turns.view import usage_shape, view_turn
from tests.make import make_agent, make_session, make_turn, make_user
from tests.turns.drive import ended, log_of, rows, send, session_with
from tests.turns.test_timeline import timeline
from tests.turns.under_lease import at_work, steps_of


@pytest.fixture
async def session(conn, who):
    """A session with one agent."""
    return await make_session(conn, who, agent=await make_agent(conn, who, "ann"))


@pytest.mark.parametrize("models", [["demo/fast"], ["demo/fast", "demo/failing"], ["demo/failing"]])
async def test_timeline_turn_and_last_event_agree(runtime, who, models):
    session_id = await session_with(runtime, who, *models, mode="roundtable")
    turn = await ended(runtime, who, await send(runtime, who, session_id))
    async with runtime.db.transaction(who.workspace_id, snapshot=True) as conn:
        told = await timeline(conn, who, session_id)
        listed = await view_turns(conn, who, session_id, limit=10, cursor=None)
    last, data = (await log_of(runtime, who, turn))[-1]
    assert told["items"] == listed["items"] == [turn] == [data["turn"]]
    assert told["last_event_id"] == f"1.{last.seq}"
    assert told["session"]["head_turn_id"] == turn["id"]


async def test_a_running_step_is_told_with_its_text_so_far(idle, who):
    work = await at_work(idle, who, "demo/fast")
    (step,) = steps_of(work)
    deltas = [(1, 0, "old "), (2, 0, "new "), (2, 4, "text")]
    for seq, (attempt, offset, text) in enumerate(deltas, 2):
        await rows(
            idle, who,
            """
            INSERT INTO turn_events (workspace_id, turn_id, seq, type, data)
            SELECT %s, %s, %s, 'step.delta', json_build_object('step_id', %s::text, 'attempt',
                %s::int, 'offset', %s::int, 'length', %s::int, 'text', %s::text)
            RETURNING seq
            """,
            who.workspace_id, work.turn.id, seq, str(step.id), attempt, offset, len(text), text,
        )  # fmt: skip
    update = "UPDATE steps SET status = 'running', attempts = 2 WHERE id = %s RETURNING id"
    await rows(idle, who, update, step.id)
    async with idle.db.transaction(who.workspace_id) as conn:
        turn = await view_turn(conn, who, work.turn.id)
    assert turn["steps"][0]["message"] == {"id": None, "content": "new text"}


async def test_what_one_may_not_see_is_not_there(conn, who, session):
    turn = await make_turn(conn, who, session)
    colleague = await make_user(conn, who)
    session_id, turn_id = UUID(session["id"]), UUID(turn["id"])
    for look in (
        lambda user: view_turn(conn, user, turn_id),
        lambda user: view_turns(conn, user, session_id, limit=1, cursor=None),
        lambda user: timeline(conn, user, session_id),
        lambda _: view_turn(conn, who, ids.new()),
    ):
        with pytest.raises(Problem) as caught:
            await look(colleague)
        assert caught.value.kind is NOT_FOUND


async def test_usage_adds_up_and_has_a_cost_if_any_call_has(idle, who):
    (step,) = steps_of(await at_work(idle, who, "demo/fast"))
    assert usage_shape([])["cost_usd"] == "0.000000"
    priced = replace(
        step, calls=2, unpriced_calls=1, input_tokens=10, cached_input_tokens=4, output_tokens=6,
        reasoning_tokens=2, cost_usd=Decimal("0.00125"), charged_microcredits=1_250,
    )  # fmt: skip
    unpriced = replace(step, calls=1, unpriced_calls=1, output_tokens=5, estimated=True)
    assert usage_shape([unpriced])["cost_usd"] is None
    assert usage_shape([priced, unpriced]) == {
        "input_tokens": 10,
        "cached_input_tokens": 4,
        "output_tokens": 11,
        "reasoning_tokens": 2,
        "calls": 3,
        "unpriced_calls": 2,
        "cost_usd": "0.001250",
        "credits": "0.001250",
        "estimated": True,
    }
