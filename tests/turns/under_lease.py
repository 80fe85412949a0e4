"""A turn under a lease that the test itself holds: each part of a run can be tried alone."""

import asyncio
from typing import Any
from uuid import UUID

from pantheon.accounts.roles import Who
from pantheon.base import ids
from pantheon.ops.runtime import Runtime
from pantheon.turns import leases
from pantheon.turns.types import GRAPH_VERSION, Frozen, StepRow, TurnRow
from pantheon.turns.view import load_steps
from pantheon.turns.work import Control, Work
from tests.turns.drive import send, session_with


async def claim(runtime: Runtime) -> TurnRow:
    """Claim the one turn that waits."""
    async with runtime.db.sweep() as conn:
        (turn,) = await leases.claim(conn, ids.new(), [GRAPH_VERSION], 60, 10)
    return turn


async def at_work(
    runtime: Runtime, who: Who, *models: str, text: str = "What now?", **room: Any
) -> Work:
    """Accept a turn in a new room whose agents have these models, and claim it."""
    room.setdefault("mode", "roundtable")
    await send(runtime, who, await session_with(runtime, who, *models, **room), text)
    return await work_of(runtime, await claim(runtime), text)


async def work_of(runtime: Runtime, turn: TurnRow, text: str = "What now?") -> Work:
    """Return the work of a claimed turn."""
    async with runtime.db.transaction(turn.workspace_id) as conn:
        rows = await load_steps(conn, turn.workspace_id, [turn.id])
    frozen = Frozen.load(turn.frozen)
    return Work(
        db=runtime.db,
        providers=runtime.providers,
        hub=runtime.hub,
        control=Control(),
        turn=turn,
        frozen=frozen,
        text=text,
        text_tokens=len(text),
        prompts={UUID(seat.prompt_id): f"You are {seat.key}." for seat in frozen.seats},
        steps={row.step_key: row for row in rows},
        siblings={},
        ends_at=asyncio.get_running_loop().time() + 60,
        opened={},
    )


def steps_of(work: Work) -> list[StepRow]:
    """Return the steps in their order."""
    return sorted(work.steps.values(), key=lambda step: (step.round, step.position))
