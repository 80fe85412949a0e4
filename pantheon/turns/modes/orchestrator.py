"""Orchestrator: a manager delegates over several rounds by typed decisions, then synthesises.

Everything follows from the decisions that are stored: a replay takes the same way and asks nobody.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pantheon.rooms.limits import DEFAULTS
from pantheon.turns.modes.types import ENDED_BY, Done, approval
from pantheon.turns.types import Frozen, StepPlan, StepRow, StepStatus, Stop


@dataclass(frozen=True, slots=True)
class Assignment:
    """What one agent is asked to do in a round, and the step that does it."""

    plan: StepPlan
    brief: str


@dataclass(frozen=True, slots=True)
class Round:
    """A round: its assignments within the caps, and the cap or stall that cut it.

    `refused`: how the user, or nobody in time, declined it. `finish`: nobody is asked any more.
    """

    number: int
    assignments: Sequence[Assignment]
    reached: str | None
    refused: str | None
    finish: bool


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of each cap."""

    rounds: int
    calls: int
    of_agent: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Orchestrator:
    """The mode; its name is its only state."""

    name: str = "orchestrator"

    def plan(self, frozen: Frozen) -> list[StepPlan]:
        """Return the first decision: what follows is for the manager to say."""
        return [_route(frozen, 1)]

    def next_batch(self, frozen: Frozen, done: Done, cap: str | None) -> list[StepPlan] | Stop:
        """Return the next decision, a round's assignments, a question to the user, or the end.

        A cap, a stall, an invalid decision or the user's stop lead to the synthesis, never past
        it: one answer comes out, and the reason stands on the turn.
        """
        known = list(rounds(frozen, done))
        last = len(known)
        for round_ in known:
            route = done[f"route{round_.number}"]
            if route.status != StepStatus.completed:
                return self._end(frozen, done, last, _undecided(route, cap))
            if round_.finish:
                return self._end(frozen, done, last, None)
            if cap is None and round_.assignments and _asks(frozen, round_.number):
                word = approval(round_.number, round_.number, 0)
                if word.key not in done:
                    return [word]
            if round_.refused is not None:
                return self._end(frozen, done, last, ENDED_BY[round_.refused])
            left = [a.plan for a in round_.assignments if a.plan.key not in done]
            if left and cap is None:
                return left
            if left or round_.reached is not None:
                return self._end(frozen, done, last, round_.reached or cap)
        if last == cap_of(frozen, "rounds"):
            return self._end(frozen, done, last, "rounds")
        # Behind the next decision, which may have been begun.
        return self._end(frozen, done, last + 1, cap) if cap else [_route(frozen, last + 1)]

    def _end(
        self, frozen: Frozen, done: Done, last: int, reason: str | None
    ) -> list[StepPlan] | Stop:
        assert frozen.manager is not None
        synthesis = StepPlan("synth", "synthesis", last + 1, 0, frozen.manager.key)
        return Stop(reason) if synthesis.key in done else [synthesis]


def rounds(frozen: Frozen, done: Done) -> Iterator[Round]:
    """Yield the rounds that the manager has decided, with what the caps let through of each.

    What an agent was asked before is not asked again; a round of nothing else is a stall.
    """
    used: Counter[str] = Counter()
    known: set[tuple[str, str]] = set()
    for number in range(1, cap_of(frozen, "rounds") + 1):
        route = done.get(f"route{number}")
        if route is None:
            return
        word = done.get(f"approve{number}")
        refused = _refused(word)
        decision = (route.decision or {}) if refused is None else {}
        wanted = _chosen(decision, word)
        kept: list[Assignment] = []
        reached = None
        for i, item in enumerate(wanted, start=1):
            agent = item["agent"]
            asked = (agent, item["brief"].strip())
            if asked in known:
                continue
            known.add(asked)
            if used.total() >= cap_of(frozen, "calls"):
                reached = "calls"
                break
            if used[agent] >= cap_of(frozen, "calls_per_agent"):
                reached = "calls_per_agent"
                continue
            used[agent] += 1
            plan = StepPlan(f"r{number}.{i}:{agent}", "answer", number, i, agent)
            kept.append(Assignment(plan, item["brief"]))
        if wanted and not kept and reached is None:
            reached = "stall"
        finish = decision.get("action") == "finish"
        yield Round(number, kept, reached, refused, finish)


def brief_of(frozen: Frozen, done: Done, step_key: str) -> str:
    """Return what the manager has asked of an agent in this step."""
    return next(
        a.brief for r in rounds(frozen, done) for a in r.assignments if a.plan.key == step_key
    )


def caps_left(frozen: Frozen, done: Done) -> Left:
    """Return what the manager may still spend when it decides next."""
    past = list(rounds(frozen, done))
    used = Counter(a.plan.agent_key for round_ in past for a in round_.assignments)
    of_agent = cap_of(frozen, "calls_per_agent")
    return Left(
        cap_of(frozen, "rounds") - len(past),
        cap_of(frozen, "calls") - used.total(),
        {key: of_agent - used[key] for key in frozen.keys},
    )


def direct_answer(frozen: Frozen, done: Done) -> str | None:
    """Return the answer that a manager gave itself, before any agent worked."""
    first = next(rounds(frozen, done), None)
    if first is None or not first.finish:
        return None
    answer = (done["route1"].decision or {}).get("answer")
    return str(answer) if answer and answer.strip() else None


def cap_of(frozen: Frozen, name: str) -> int:
    """Return a cap as the room or the turn has set it, else its default."""
    return int(frozen.limits.get(name, DEFAULTS[name]))


def _asks(frozen: Frozen, number: int) -> bool:
    return frozen.approve == "each_round" or (frozen.approve == "plan" and number == 1)


def _undecided(route: StepRow, cap: str | None) -> str:
    """Return why there is no decision: a manager whom a cap of the turn cut short was not wrong.

    Nor is one whom the wall clock kept from deciding at all: in the turn that this one tries
    again, say.
    """
    if route.status == StepStatus.skipped:
        return "turn_seconds"
    cut = (route.error or {}).get("code") in ("step_timeout", "insufficient_credits")
    return cap if cap is not None and cut else "router_invalid"


def _refused(word: StepRow | None) -> str | None:
    action = None if word is None else (word.decision or {}).get("action", "stop")
    return None if action == "approve" else action


def _chosen(decision: Mapping[str, Any], word: StepRow | None) -> Sequence[Mapping[str, str]]:
    """Return the assignments as the user let them pass, else as the manager made them."""
    edited = None if word is None else (word.decision or {}).get("assignments")
    chosen: Sequence[Mapping[str, str]] = decision.get("assignments", ())
    return chosen if edited is None else edited


def _route(frozen: Frozen, number: int) -> StepPlan:
    assert frozen.manager is not None, "an orchestrator is accepted with a manager only"
    return StepPlan(f"route{number}", "route", number, 0, frozen.manager.key)


ORCHESTRATOR = Orchestrator()
