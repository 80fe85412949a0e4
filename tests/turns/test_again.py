"""Orchestrated turns that are cut short: cancelled, their workers lost, their steps retried."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from pantheon.accounts.roles import Who
from pantheon.ops.runtime import Runtime
from pantheon.turns.cancel import request_cancel
from pantheon.turns.retry import retry_turn
from pantheon.turns.work import Control
from tests.turns.drive import ended, rows, send, until, view
from tests.turns.stories import (
    FINISH,
    FIRST,
    SECOND,
    SYNTHESIS,
    answer,
    delegate,
    on,
    purposes,
    room_session,
    settings,
    short_waits,
    steps,
    story,
)  # fmt: skip
from tests.turns.test_leases import claim, run

__all__ = ["settings", "short_waits"]


@pytest.mark.parametrize("phase", ["route1", "r1.1:a0", "route2", "synth"])
async def test_a_cancel_in_each_phase(runtime: Runtime, who: Who, phase: str) -> None:
    slow = "paced-1-20-1000"
    scripts = {
        "route1": (f"as: {slow}",),
        "r1.1:a0": (on(FIRST, delegate("a0")), SYNTHESIS),
        "route2": (on(FIRST, delegate("a0")), f"on {SECOND} => as: {slow}", SYNTHESIS),
        "synth": (on(FIRST, delegate("a0")), on(SECOND, FINISH), f"as: {slow}"),
    }
    models = (slow, "ok") if phase == "r1.1:a0" else ("ok", "ok")
    session_id = await room_session(runtime, who, *scripts[phase], models=models)
    accepted = await send(runtime, who, session_id, "Ship it?")
    await until(runtime, who, accepted, "step.started", step=phase)
    async with runtime.db.transaction(who.workspace_id) as conn:
        await request_cancel(conn, who, UUID(accepted["id"]), "now")
    over = await ended(runtime, who, accepted)
    assert over["status"] == "cancelled"
    assert dict(steps(over))[phase] == "cancelled"


async def test_a_failed_specialist_is_retried_and_the_synthesis_made_anew(
    runtime: Runtime, who: Who, tmp_path: Path
) -> None:
    turn = await story(
        runtime, who, on(FIRST, delegate("a0", "a1")), on(SECOND, FINISH), SYNTHESIS,
        models=("ok", f"flaky-3-{tmp_path.name}"),
    )  # fmt: skip
    assert turn["status"] == "partial"
    async with runtime.db.transaction(who.workspace_id) as conn:
        again = await retry_turn(conn, runtime.providers, who, UUID(turn["id"]))
    over = await ended(runtime, who, again)
    assert over["status"] == "completed"
    taken = {s["key"]: s["source_step_id"] is not None for s in over["steps"]}
    assert taken == {
        "route1": True, "r1.1:a0": True, "r1.2:a1": False, "route2": True, "synth": False,
    }  # fmt: skip
    assert [s["stale"] for s in over["steps"]] == [False, False, False, True, False]
    assert [p for p, _, _ in await purposes(runtime, who, over)] == ["answer", "synthesis"]


@pytest.mark.parametrize("closed", range(5))
async def test_a_replay_reads_the_decisions_and_asks_nobody_again(
    idle: Runtime, who: Who, closed: int
) -> None:
    session_id = await room_session(
        idle, who, on(FIRST, delegate("a0", "a1")), on(SECOND, FINISH), SYNTHESIS
    )
    accepted = await send(idle, who, session_id, "Ship it?")
    for _ in range(closed):
        # A worker that loses its lease after each step that it closes.
        for turn in await claim(idle, seconds=0):
            await run(idle, turn, lost_after_one_step(idle))
    for turn in await claim(idle):
        await run(idle, turn)
    over = await view(idle, who, accepted)
    assert over["status"] == "completed"
    completed = await rows(
        idle, who, "SELECT step_id FROM llm_call_events WHERE outcome = 'completed'"
    )
    assert len(completed) == len(set(completed)) == 5


async def age(runtime: Runtime, who: Who, turn: Any, hours: int) -> None:
    """Let a turn have begun so long before."""
    query = "UPDATE turns SET started_at = started_at - %s * interval '1 hour' WHERE id = %s"
    await rows(runtime, who, f"{query} RETURNING id", hours, turn["id"])


@pytest.mark.parametrize("closed", [1, 2])
async def test_the_wall_clock_runs_on_while_workers_die(
    idle: Runtime, who: Who, closed: int
) -> None:
    session_id = await room_session(
        idle, who, on(FIRST, delegate("a0")), on(SECOND, delegate("a1")), SYNTHESIS
    )
    accepted = await send(idle, who, session_id, "Ship it?")
    for _ in range(closed):
        for turn in await claim(idle, seconds=0):
            await run(idle, turn, lost_after_one_step(idle))
    await age(idle, who, accepted, 1)
    for turn in await claim(idle):
        await run(idle, turn)
    over = await view(idle, who, accepted)
    assert over["stop_reason"] == "turn_seconds"
    done = [key for key, status in steps(over) if status == "completed"]
    assert done == [*["route1", "r1.1:a0"][:closed], "synth"]
    again = await retried(idle, who, over, over["steps"][1]["id"])
    assert (again["status"], again["stop_reason"]) == ("completed", "turn_seconds")
    # What the clock has ended is not taken up by a retry: that would put rounds behind the answer.
    assert [s["key"] for s in again["steps"] if s["source_step_id"] is None] == ["r1.1:a0", "synth"]


async def retried(runtime: Runtime, who: Who, turn: Any, step: str) -> dict[str, Any]:
    """Retry one step of a turn that is over; returns the new turn when it is."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        again = await retry_turn(conn, runtime.providers, who, UUID(turn["id"]), [UUID(step)])
    for claimed in await claim(runtime):
        await run(runtime, claimed)
    return await view(runtime, who, again)


async def test_the_time_that_a_user_takes_is_not_the_turns(idle: Runtime, who: Who) -> None:
    session_id = await room_session(
        idle, who, on(FIRST, delegate("a0")), on(SECOND, FINISH), SYNTHESIS, approve="plan"
    )
    accepted = await send(idle, who, session_id, "Ship it?")
    for turn in await claim(idle):
        await run(idle, turn)
    await age(idle, who, accepted, 5)
    query = "UPDATE steps SET started_at = started_at - interval '5 hours' WHERE kind = 'approval'"
    await rows(idle, who, f"{query} RETURNING id")
    await answer(idle, who, await view(idle, who, accepted), "approve")
    for turn in await claim(idle):
        await run(idle, turn)
    over = await view(idle, who, accepted)
    assert (over["status"], over["stop_reason"]) == ("completed", None)


def lost_after_one_step(runtime: Runtime) -> Control:
    """Return the control of a run that ends when its first step has its result."""
    control = Control()

    def look(notices: Any) -> None:
        for notice in notices:
            if notice.kind == "events" and any(
                event.type == "step.completed" for event in notice.payload
            ):
                control.stop("lease_lost")

    runtime.db.listeners.append(look)
    return control
