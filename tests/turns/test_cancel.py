"""Cancelling: now, after the step, before anybody runs it; and what is kept."""

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest

from pantheon.accounts.roles import Who
from pantheon.base import ids
from pantheon.base.errors import Problem
from pantheon.db.pool import Notice
from pantheon.ops.runtime import Runtime
from pantheon.providers.openai import OpenAIProvider
from pantheon.providers.registry import Entry, Providers
from pantheon.providers.types import Price
from pantheon.turns import leases
from pantheon.turns.cancel import cancel_live, request_cancel
from pantheon.turns.run import run_turn
from pantheon.turns.types import GRAPH_VERSION
from pantheon.turns.work import Control
from tests.fakes.process import requests
from tests.turns.drive import direct_session, ended, log_of, rows, send, session_with, until, view


async def cancel(runtime: Runtime, who: Who, turn: dict, when: str) -> None:
    async with runtime.db.transaction(who.workspace_id) as conn:
        await request_cancel(conn, who, UUID(turn["id"]), when)  # type: ignore[arg-type]


async def test_now_keeps_the_text_and_settles_the_call(runtime: Runtime, who: Who) -> None:
    session_id = await session_with(runtime, who, "demo/analyst", "demo/fast", mode="roundtable")
    accepted = await send(runtime, who, session_id)
    await until(runtime, who, accepted, "step.delta")
    await cancel(runtime, who, accepted, "now")
    turn = await ended(runtime, who, accepted)
    assert turn["status"] == "cancelled"
    assert [step["status"] for step in turn["steps"]] == ["cancelled", "cancelled"]
    assert turn["steps"][0]["message"]["content"]
    assert turn["steps"][1]["message"] is None
    assert turn["usage"]["calls"] == 1
    assert await rows(
        runtime,
        who,
        "SELECT outcome, estimated FROM llm_call_events WHERE turn_id = %s",
        turn["id"],
    ) == [("cancelled", True)]
    log = await log_of(runtime, who, turn)
    assert log[-1][1]["turn"] == turn
    assert [event.seq for event, _ in log] == list(range(1, len(log) + 1))


async def test_what_had_not_left_is_not_charged(idle: Runtime, who: Who, fakes: str) -> None:
    """The cancel meets the commit that records the attempt: nothing is asked, nothing estimated."""
    provider = OpenAIProvider("fake", fakes)
    priced = replace(provider.unlisted("ok"), price=Price(Decimal(1), Decimal(2)))
    providers = Providers([Entry(provider, "a test", {priced.id: priced})])
    runtime = replace(idle, providers=providers)
    await send(runtime, who, await direct_session(runtime, who, "fake/ok"))
    async with runtime.db.sweep() as conn:
        (turn,) = await leases.claim(conn, ids.new(), [GRAPH_VERSION], 30, 1)
    control = Control()

    def cancel_at_once(notices: list[Notice]) -> None:
        if any(event.type == "step.started" for n in notices for event in n.payload or ()):
            control.cancel("now")

    runtime.db.listeners.append(cancel_at_once)
    await run_turn(runtime.db, providers, runtime.hub, runtime.graph, turn, control)
    (event,) = await rows(
        runtime,
        who,
        """
        SELECT attempt_id::text, outcome, error_code, sent, estimated, charged_microcredits
        FROM llm_call_events
        """,
    )
    assert event[1:] == ("cancelled", "not_sent", False, False, 0)
    assert requests(fakes, event[0]) == []
    await provider.aclose()


async def test_after_step_lets_the_running_answer_end(runtime: Runtime, who: Who) -> None:
    session_id = await session_with(runtime, who, "demo/analyst", "demo/fast", mode="roundtable")
    accepted = await send(runtime, who, session_id)
    await until(runtime, who, accepted, "step.delta")
    await cancel(runtime, who, accepted, "after_step")
    turn = await ended(runtime, who, accepted)
    assert turn["status"] == "cancelled"
    assert [step["status"] for step in turn["steps"]] == ["completed", "cancelled"]


async def test_a_queued_turn_is_ended_by_the_next_claim(idle: Runtime, who: Who) -> None:
    session_id = await direct_session(idle, who, "demo/fast")
    accepted = await send(idle, who, session_id)
    await cancel(idle, who, accepted, "after_step")
    await cancel(idle, who, accepted, "now")
    await cancel(idle, who, accepted, "after_step")
    asked = await rows(idle, who, "SELECT cancel_requested FROM turns")
    assert asked == [("now",)]
    assert (await view(idle, who, accepted))["status"] == "queued"


async def test_what_is_over_cannot_be_cancelled(runtime: Runtime, who: Who) -> None:
    session_id = await direct_session(runtime, who, "demo/fast")
    turn = await ended(runtime, who, await send(runtime, who, session_id))
    with pytest.raises(Problem) as caught:
        await cancel(runtime, who, turn, "now")
    assert caught.value.kind.code == "already_terminal"
    assert (await view(runtime, who, turn))["status"] == "completed"


async def test_deleting_a_session_ends_its_turn(runtime: Runtime, who: Who) -> None:
    session_id = await direct_session(runtime, who, "demo/analyst")
    accepted = await send(runtime, who, session_id)
    async with runtime.db.transaction(who.workspace_id) as conn:
        assert await cancel_live(conn, who.workspace_id, [session_id]) == 1
    assert (await ended(runtime, who, accepted))["status"] == "cancelled"
