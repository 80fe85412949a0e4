"""What a mode is: pure functions that say who answers next."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from pantheon.turns.types import Frozen, StepPlan, Stop


class Mode(Protocol):
    """A mode of turns. `plan` gives the steps known at acceptance, in their order of display."""

    @property
    def name(self) -> str:
        """The mode's name."""
        ...

    def plan(self, frozen: Frozen) -> list[StepPlan]:
        """Return the steps that are known when the turn is accepted."""
        ...

    def next_batch(self, frozen: Frozen, done: Collection[str]) -> list[StepPlan] | Stop:
        """Return the steps to run side by side, given the keys of those with a result."""
        ...


@dataclass(frozen=True, slots=True)
class Seating:
    """A mode in which the frozen seats answer once each, in order or all at once."""

    name: str

    def plan(self, frozen: Frozen) -> list[StepPlan]:
        """Return one answer a seat; `s{i}` counts from 0, positions from 1."""
        return [
            StepPlan(f"s{i}:{seat.key}", "answer", 1, i + 1, seat.key)
            for i, seat in enumerate(frozen.seats)
        ]

    def next_batch(self, frozen: Frozen, done: Collection[str]) -> list[StepPlan] | Stop:
        """Return all open answers, or in a sequence the first of them."""
        left = [plan for plan in self.plan(frozen) if plan.key not in done]
        if not left:
            return Stop()
        return left if frozen.order == "parallel" else left[:1]
