"""Leases: fair claims, the fence, and what becomes of turns whose workers die."""

import asyncio
from uuid import UUID

import pytest

from pantheon.accounts.roles import Who
from pantheon.base import ids
from pantheon.events import event_log
from pantheon.events.types import EventType, NewEvent
from pantheon.ops.runtime import Runtime
from pantheon.turns import leases
from pantheon.turns.run import run_turn
from pantheon.turns.types import GRAPH_VERSION, TurnRow
from pantheon.turns.work import Control
from tests import make
from tests.turns.drive import direct_session, rows, send, session_with, until, view


async def claim(runtime: Runtime, seconds: float = 30, limit: int = 10) -> list[TurnRow]:
    async with runtime.db.sweep() as conn:
        return await leases.claim(conn, ids.new(), [GRAPH_VERSION], seconds, limit)


async def run(runtime: Runtime, turn: TurnRow, control: Control | None = None) -> None:
    await run_turn(
        runtime.db, runtime.providers, runtime.hub, runtime.graph, turn, control or Control()
    )


async def test_a_turn_is_claimed_once(idle: Runtime, who: Who) -> None:
    accepted = await send(idle, who, await direct_session(idle, who, "demo/fast"))
    claims = await asyncio.gather(*(claim(idle) for _ in range(8)))
    assert [turn.id for batch in claims for turn in batch] == [UUID(accepted["id"])]


async def test_claims_are_fair_over_workspaces_and_users(idle: Runtime, who: Who) -> None:
    crowd = [await send(idle, who, await direct_session_of(idle, who, i)) for i in range(6)]
    other = await make.make_workspace(idle.db)
    alone = await send(idle, other, await direct_session(idle, other, "demo/fast"))
    chosen = await claim(idle, limit=2)
    assert {turn.id for turn in chosen} == {UUID(crowd[0]["id"]), UUID(alone["id"])}


async def direct_session_of(runtime: Runtime, who: Who, number: int) -> UUID:
    async with runtime.db.transaction(who.workspace_id) as conn:
        agent = await make.make_agent(conn, who, f"b{number}", model="demo/fast")
        session = await make.make_session(conn, who, agent=agent)
    return UUID(session["id"])


async def test_the_fence_refuses_an_older_lease(idle: Runtime, who: Who) -> None:
    await send(idle, who, await direct_session(idle, who, "demo/fast"))
    (old,) = await claim(idle, seconds=0)
    (new,) = await claim(idle)
    assert (old.lease_epoch, new.lease_epoch) == (1, 2)
    event = NewEvent(EventType.turn_started, {})
    async with idle.db.transaction(who.workspace_id) as conn:
        with pytest.raises(event_log.LeaseLost):
            await event_log.append(conn, old.ref, old.lease_epoch, event)
    assert len(await rows(idle, who, "SELECT 1 FROM turn_events")) == 1
    await run(idle, old)
    assert await rows(idle, who, "SELECT 1 FROM llm_call_attempts") == []
    await run(idle, new)
    assert await rows(idle, who, "SELECT status FROM turns") == [("completed",)]


async def test_a_worker_renews_what_it_runs_and_does_not_take_it_over(
    idle: Runtime, who: Who
) -> None:
    """The database was away for longer than a lease: answers on their way are still good."""
    await send(idle, who, await direct_session(idle, who, "demo/fast"))
    (turn,) = await claim(idle, seconds=0)
    async with idle.db.sweep() as conn:
        own = await leases.claim(conn, ids.new(), [GRAPH_VERSION], 30, 10, mine=[turn.id])
        held = [(turn.workspace_id, turn.id, turn.lease_epoch)]
        (renewed,) = await leases.renew(conn, held, 30)
    assert (own, renewed.lease_epoch) == ([], 1)
    await run(idle, turn)
    assert await rows(idle, who, "SELECT status, takeovers FROM turns") == [("completed", 0)]


async def test_finished_steps_are_not_called_again_without_checkpoints(
    idle: Runtime, who: Who
) -> None:
    session_id = await session_with(idle, who, *["demo/fast"] * 3, mode="roundtable")
    accepted = await send(idle, who, session_id)
    (first,) = await claim(idle, seconds=0)
    control = Control()
    stopped = asyncio.create_task(run(idle, first, control))
    await until(idle, who, accepted, "step.completed")
    control.stop("lease_lost")
    await stopped
    async with idle.checkpoints.connection() as conn:
        await conn.execute("DELETE FROM checkpoints")
    before = await rows(idle, who, "SELECT step_id, number FROM llm_call_attempts ORDER BY id")
    (second,) = await claim(idle)
    await run(idle, second)
    turn = await view(idle, who, accepted)
    assert turn["status"] == "completed"
    calls = await rows(idle, who, "SELECT step_id, number FROM llm_call_attempts ORDER BY id")
    assert calls[: len(before)] == before
    completed = await rows(
        idle,
        who,
        "SELECT step_id, count(*) FROM llm_call_events WHERE outcome = 'completed' GROUP BY 1",
    )
    assert sorted(count for _, count in completed) == [1, 1, 1]


async def test_five_lost_workers_fail_the_turn_visibly(idle: Runtime, who: Who) -> None:
    accepted = await send(idle, who, await direct_session(idle, who, "demo/fast"))
    for _ in range(6):
        (turn,) = await claim(idle, seconds=0)
    await run(idle, turn)
    seen = await view(idle, who, accepted)
    assert (seen["status"], seen["error"]["code"]) == ("failed", "workers_lost")
    assert [step["status"] for step in seen["steps"]] == ["skipped"]


async def test_a_defect_is_counted_and_fails_the_turn_at_the_third(
    idle: Runtime, who: Who, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted = await send(idle, who, await direct_session(idle, who, "demo/fast"))
    provider, _ = idle.providers.resolve("demo/fast")
    monkeypatch.setattr(type(provider), "encode", lambda *_: 1 / 0)
    for _ in range(3):
        (turn,) = await claim(idle)
        await run(idle, turn)
    seen = await view(idle, who, accepted)
    assert (seen["status"], seen["error"]["code"]) == ("failed", "internal_error")
    assert await claim(idle) == []


async def test_nobody_takes_a_turn_whose_last_fault_is_counted(idle: Runtime, who: Who) -> None:
    """Whoever counted it is about to end it: another run would ask, and pay, once more."""
    await send(idle, who, await direct_session(idle, who, "demo/fast"))
    for fault in range(1, leases.MAX_FAULTS + 1):
        (turn,) = await claim(idle)
        async with idle.db.transaction(who.workspace_id) as conn:
            assert await leases.count_fault(conn, turn) == fault
    assert await claim(idle) == []


async def test_a_version_that_nobody_knows_fails_visibly(idle: Runtime, who: Who) -> None:
    accepted = await send(idle, who, await direct_session(idle, who, "demo/fast"))
    await rows(idle, who, "UPDATE turns SET graph_version = 99 RETURNING 1")
    assert await claim(idle) == []
    async with idle.db.sweep() as conn:
        assert await leases.give_up_unknown_versions(conn, [GRAPH_VERSION]) == 1
    (turn,) = await claim(idle)
    await run(idle, turn)
    seen = await view(idle, who, accepted)
    assert (seen["status"], seen["error"]["code"]) == ("failed", "version_unknown")


async def test_a_drain_puts_the_turn_back_and_settles_its_call(idle: Runtime, who: Who) -> None:
    accepted = await send(idle, who, await direct_session(idle, who, "demo/analyst"))
    (turn,) = await claim(idle)
    control = Control()
    running = asyncio.create_task(run(idle, turn, control))
    await until(idle, who, accepted, "step.started")
    control.stop("drain")
    await running
    seen = await view(idle, who, accepted)
    assert (seen["status"], seen["steps"][0]["status"]) == ("queued", "pending")
    lost = await rows(idle, who, "SELECT outcome, charged_microcredits FROM llm_call_events")
    assert lost == [("lost", 0)]
    assert await rows(idle, who, "SELECT lease_expires_at FROM turns") == [(None,)]
    (again,) = await claim(idle)
    assert again.takeovers == 0
    await run(idle, again)
    seen = await view(idle, who, accepted)
    assert (seen["status"], seen["steps"][0]["attempts"]) == ("completed", 2)
