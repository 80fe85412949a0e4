"""Turns born leased: started at once, never ahead of others, and never left without an owner."""

import pytest

from pantheon.accounts.roles import Who
from pantheon.base import ids
from pantheon.base.settings import Settings
from pantheon.ops.runtime import Runtime
from pantheon.turns.accept import accept_turn
from pantheon.turns.types import TurnInput
from tests.turns.drive import direct_session, ended, rows, send, until, view

LEASE = "SELECT status, lease_epoch, lease_owner IS NOT NULL FROM turns ORDER BY index"


class Refused(Exception):
    """Whatever may go wrong before the commit."""


async def test_a_turn_is_born_leased_once_the_worker_knows_the_queue_is_empty(
    runtime: Runtime, who: Who
) -> None:
    session_id = await direct_session(runtime, who, "demo/analyst")
    first = await send(runtime, who, session_id)
    assert (await ended(runtime, who, first))["status"] == "completed"
    second = await send(runtime, who, session_id)
    assert second["status"] == "running"
    assert (await rows(runtime, who, LEASE))[1] == ("running", 1, True)
    await until(runtime, who, second, "step.started")
    assert (await ended(runtime, who, second))["status"] == "completed"


async def test_nobody_jumps_the_queue(idle: Runtime, who: Who) -> None:
    idle.slots.open(ids.new(), 30, lambda: 0)
    accepted = await send(idle, who, await direct_session(idle, who, "demo/fast"))
    assert accepted["status"] == "queued"


async def test_a_birth_that_nobody_took_goes_to_the_queue(idle: Runtime, who: Who) -> None:
    idle.slots.open(ids.new(), 30, lambda: 1)
    accepted = await send(idle, who, await direct_session(idle, who, "demo/fast"))
    assert accepted["status"] == "running"
    assert await rows(idle, who, LEASE) == [("queued", 1, False)]
    assert (await view(idle, who, accepted))["status"] == "queued"
    assert idle.slots.reserved == 0


async def test_a_refused_turn_gives_its_slot_back(
    idle: Runtime, who: Who, settings: Settings
) -> None:
    session_id = await direct_session(idle, who, "demo/fast")
    idle.slots.open(ids.new(), settings.lease_seconds, lambda: 1)

    async def refused() -> None:
        async with (
            idle.slots.reserve(idle.db) as slot,
            idle.db.transaction(who.workspace_id) as conn,
        ):
            await accept_turn(conn, idle.providers, who, session_id, TurnInput("x"), slot=slot)
            assert idle.slots.reserved == 1
            raise Refused

    with pytest.raises(Refused):
        await refused()
    assert idle.slots.reserved == 0
    assert await rows(idle, who, LEASE) == []
