"""A turn at work: what one run under one lease knows and shares between its steps."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from pantheon.context.assemble import PastTurn
from pantheon.db.pool import Connection, Database
from pantheon.events.follow import Hub
from pantheon.events.types import EventType, NewEvent, TurnRef
from pantheon.providers.registry import Providers
from pantheon.turns.history import load_history
from pantheon.turns.modes.registry import MODES
from pantheon.turns.types import Frozen, StepPlan, StepRow, Stop, TurnRow

Halt = Literal["cancel", "drain", "lease_lost"]

TURN_SECONDS = 1_800
STEP_SECONDS = 180


@dataclass(slots=True, eq=False)
class Work:
    """The state of a run. Truth is in the rows; this was read or written under the lease."""

    db: Database
    providers: Providers
    hub: Hub
    turn: TurnRow
    frozen: Frozen
    text: str
    text_tokens: int
    prompts: dict[UUID, str]
    steps: dict[str, StepRow]
    flush_at_once: bool
    history: list[PastTurn] | None = None
    announced: bool = False
    halt: Halt | None = None
    halted: asyncio.Event = field(default_factory=asyncio.Event)
    after_step: bool = False
    calls: set[asyncio.Task[None]] = field(default_factory=set)
    ends_at: float = 0.0
    settle_until: float | None = None

    @property
    def ref(self) -> TurnRef:
        """The turn's place in the logs."""
        return self.turn.ref

    def next_batch(self) -> list[StepPlan] | Stop:
        """Return what to run now; a halt, a wish to stop or the wall clock end the turn."""
        if self.halt is not None:
            return Stop(self.halt)
        done = {key for key, step in self.steps.items() if step.done}
        batch = MODES[self.turn.mode].next_batch(self.frozen, done)
        if isinstance(batch, Stop):
            return batch
        if self.after_step:
            return Stop("cancel")
        if asyncio.get_running_loop().time() >= self.ends_at:
            return Stop("turn_seconds")
        return batch

    def stop(self, halt: Halt) -> None:
        """Stop the run: calls in flight are cut, their steps settle by themselves."""
        if self.halt is None or halt == "lease_lost":
            self.halt = halt
        self.halted.set()
        for call in self.calls:
            call.cancel()

    def opening(self) -> list[NewEvent]:
        """Return `turn.started` for the first event that this turn's first run writes."""
        if self.announced:
            return []
        self.announced = True
        return [NewEvent(EventType.turn_started, {})]

    async def load_history(self, conn: Connection, most_tokens: int) -> Sequence[PastTurn]:
        """Return the turn's history, read once and bounded by what its agents can use."""
        if self.history is None:
            policies = [seat.context for seat in self.frozen.seats]
            most_turns: int | None = None
            if all(policy.get("policy") == "last" for policy in policies):
                most_turns = max(int(policy.get("last_turns") or 0) for policy in policies)
            self.history = await load_history(
                conn, self.turn, most_turns=most_turns, most_tokens=most_tokens
            )
        return self.history
