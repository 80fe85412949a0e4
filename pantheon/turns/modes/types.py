"""What a mode is: pure functions that say who answers next."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from pantheon.turns.types import Frozen, StepPlan, StepRow, Stop

Done = Mapping[str, StepRow]
"""The steps that have their result, by key."""


class Mode(Protocol):
    """A mode of turns."""

    @property
    def name(self) -> str:
        """The mode's name."""
        ...

    def plan(self, frozen: Frozen) -> list[StepPlan]:
        """Return the steps that are known when the turn is accepted, in their order."""
        ...

    def next_batch(self, frozen: Frozen, done: Done, cap: str | None) -> list[StepPlan] | Stop:
        """Return the steps to run side by side, given those that are done.

        `cap` names a limit of the whole turn that was reached: nothing new is begun then but what
        brings the turn to a good end.
        """
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

    def next_batch(self, frozen: Frozen, done: Done, cap: str | None) -> list[StepPlan] | Stop:
        """Return all open answers, or in a sequence the first of them.

        Where each agent waits for the user's word, that word stands between them.
        """
        left = [plan for plan in self.plan(frozen) if plan.key not in done]
        if not left:
            return Stop()
        if cap is not None:
            return Stop(cap, whole=False)
        if frozen.order == "parallel":
            return left
        answer = left[0]
        if frozen.approve != "each_agent" or answer.position == 1:
            return [answer]
        word = approval(answer.position - 1, 1, answer.position - 1)
        if word.key not in done:
            return [word]
        action = (done[word.key].decision or {}).get("action")
        return [answer] if action == "approve" else Stop(ENDED_BY[action], whole=False)


def approval(number: int, round_: int, position: int) -> StepPlan:
    """Return the step in which the user is asked for the `number`-th time."""
    return StepPlan(f"approve{number}", "approval", round_, position, None)


ENDED_BY = {"stop": "stopped", "expire": "approval_expired", None: "stopped"}
"""Why a turn ended that the user, or nobody, let go on."""
