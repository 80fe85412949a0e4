"""Orchestrator: what follows from the decisions that are stored, the caps and the user's words."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph.checkpoint.memory import InMemorySaver

from pantheon.turns.graph import compile_graph, drive, drive_plainly
from pantheon.turns.modes.orchestrator import (
    ORCHESTRATOR,
    Left,
    brief_of,
    cap_of,
    caps_left,
    direct_answer,
)
from pantheon.turns.types import Frozen, Seat, StepPlan, StepRow, Stop
from tests.turns.modes import test_registry
from tests.turns.rows import row

MANAGER = Seat(None, "manager", "Manager", 8, "demo/fast", 0, None, {}, {})
FINISH = {"action": "finish", "assignments": [], "answer": None, "reason": ""}


def room(seats: int = 2, approve: str = "never", **limits: int) -> Frozen:
    """Freeze a room of `a0`, `a1` … and a manager."""
    frozen = test_registry.frozen(seats, "sequence")
    return replace(frozen, manager=MANAGER, approve=approve, limits=limits)


def delegate(*asked: str | tuple[str, str]) -> dict[str, Any]:
    """Return a decision that asks these agents; with a brief, or with the same one."""
    pairs = [item if isinstance(item, tuple) else (item, "Check it.") for item in asked]
    assignments = [{"agent": agent, "brief": brief} for agent, brief in pairs]
    return {"action": "delegate", "assignments": assignments, "answer": None, "reason": ""}


@dataclass
class Play:
    """A turn in memory: the manager says `decisions` one after another, then finishes.

    A decision of `None` is one that never came. `words` are the user's, by step key; `failing`
    are steps that fail.
    """

    frozen: Frozen
    decisions: list[dict[str, Any] | None]
    words: dict[str, dict[str, Any]] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)
    cap: str | None = None
    cap_after: int = 1_000
    rows: dict[str, StepRow] = field(default_factory=dict)
    asked: list[StepPlan] = field(default_factory=list)

    def next_batch(self) -> list[StepPlan] | Stop:
        cap = self.cap if len(self.rows) >= self.cap_after else None
        batch = ORCHESTRATOR.next_batch(self.frozen, self.rows, cap)
        # What is asked twice in one state is answered alike: whoever comes back goes the same way.
        assert batch == ORCHESTRATOR.next_batch(self.frozen, dict(self.rows), cap)
        return batch

    async def execute(self, plan: StepPlan) -> None:
        if plan.key in self.rows:
            return
        self.asked.append(plan)
        await asyncio.sleep(0)
        decision, failed = None, plan.key in self.failing
        if plan.kind == "route":
            decision = self.decisions.pop(0) if self.decisions else FINISH
            failed = decision is None
        elif plan.kind == "approval":
            decision = self.words.get(plan.key, {"action": "approve", "assignments": None})
        status = "failed" if failed else "completed"
        self.rows[plan.key] = row(plan, status, decision=decision)

    def run(self) -> Stop:
        """Play to the end; returns why it ended."""
        asyncio.run(drive_plainly(self.next_batch, self.execute))
        stop = self.next_batch()
        assert isinstance(stop, Stop)
        return stop

    @property
    def keys(self) -> list[str]:
        """The keys of what was asked, in its order."""
        return [plan.key for plan in self.asked]


def test_a_greeting_is_answered_by_the_decision() -> None:
    play = Play(room(), [{**FINISH, "answer": " Hello. "}])
    assert play.run() == Stop()
    assert play.keys == ["route1", "synth"]
    assert direct_answer(play.frozen, play.rows) == " Hello. "


@pytest.mark.parametrize(
    "decisions",
    [
        [FINISH],
        [{**FINISH, "answer": " "}],
        [delegate("a0"), {**FINISH, "answer": "Once somebody worked, it is a synthesis."}],
        [None],
    ],
)
def test_else_the_synthesis_is_asked_for(decisions: list[Any]) -> None:
    play = Play(room(), decisions)
    play.run()
    assert direct_answer(play.frozen, play.rows) is None
    assert play.keys[-1] == "synth"


def test_rounds_follow_each_other_in_places_of_their_own() -> None:
    play = Play(room(), [delegate("a1", "a0"), delegate(("a0", "Look again."))])
    assert play.run() == Stop()
    assert [(p.key, p.kind, p.round, p.position, p.agent_key) for p in play.asked] == [
        ("route1", "route", 1, 0, "manager"),
        ("r1.1:a1", "answer", 1, 1, "a1"),
        ("r1.2:a0", "answer", 1, 2, "a0"),
        ("route2", "route", 2, 0, "manager"),
        ("r2.1:a0", "answer", 2, 1, "a0"),
        ("route3", "route", 3, 0, "manager"),
        ("synth", "synthesis", 4, 0, "manager"),
    ]
    assert brief_of(play.frozen, play.rows, "r2.1:a0") == "Look again."


def test_a_round_is_one_batch_and_what_is_done_of_it_is_not_asked_again() -> None:
    play = Play(room(4), [delegate("a0", "a1", "a2", "a3")])
    asyncio.run(play.execute(_only(play.next_batch())))
    batch = play.next_batch()
    assert isinstance(batch, list)
    assert [plan.key for plan in batch] == [f"r1.{i + 1}:a{i}" for i in range(4)]
    asyncio.run(play.execute(batch[2]))
    assert play.next_batch() == [batch[0], batch[1], batch[3]]


def _only(batch: list[StepPlan] | Stop) -> StepPlan:
    assert isinstance(batch, list)
    (plan,) = batch
    return plan


@pytest.mark.parametrize(
    ("limits", "decisions", "reason", "answers"),
    [
        # The cap is met by what was decided: nothing was left out, but there is no next decision.
        ({"rounds": 1}, [delegate("a0")], "rounds", ["r1.1:a0"]),
        # A round is trimmed to what is left, in the manager's order.
        ({"calls": 1}, [delegate("a0", "a1")], "calls", ["r1.1:a0"]),
        ({"calls": 2}, [delegate("a0"), delegate("a1", ("a0", "B."))], "calls",
         ["r1.1:a0", "r2.1:a1"]),
        ({"calls_per_agent": 1}, [delegate("a0", ("a0", "B."), "a1")], "calls_per_agent",
         ["r1.1:a0", "r1.3:a1"]),
        ({"calls_per_agent": 1}, [delegate("a0"), delegate(("a0", "B."))], "calls_per_agent",
         ["r1.1:a0"]),
        # At the cap and not beyond it: nothing was left out.
        ({"calls": 2}, [delegate("a0", "a1")], None, ["r1.1:a0", "r1.2:a1"]),
        ({"calls_per_agent": 2}, [delegate("a0", ("a0", "B."))], None, ["r1.1:a0", "r1.2:a0"]),
    ],
)  # fmt: skip
def test_a_cap_trims_the_round_and_leads_to_the_synthesis(
    limits: dict[str, int], decisions: list[Any], reason: str | None, answers: list[str]
) -> None:
    play = Play(room(**limits), decisions)
    assert play.run() == Stop(reason)
    assert [plan.key for plan in play.asked if plan.kind == "answer"] == answers
    assert play.keys[-1] == "synth"


def test_caps_that_nobody_has_set() -> None:
    assert [cap_of(room(), name) for name in ("rounds", "calls_per_agent", "calls")] == [3, 3, 12]
    assert cap_of(room(calls=2), "calls") == 2


def test_what_is_left_is_counted_from_what_was_decided() -> None:
    play = Play(room(), [delegate("a0", "a1"), delegate(("a0", "B."))], failing={"r1.1:a0"})
    play.run()
    # Who failed was asked nevertheless.
    assert caps_left(play.frozen, play.rows) == Left(0, 9, {"a0": 1, "a1": 2})
    assert caps_left(play.frozen, {}) == Left(3, 12, {"a0": 3, "a1": 3})


def test_the_same_again_is_a_stall_and_asks_nobody() -> None:
    play = Play(room(), [delegate("a0", "a1"), delegate(("a1", " Check it.\n"))])
    assert play.run() == Stop("stall")
    assert play.keys == ["route1", "r1.1:a0", "r1.2:a1", "route2", "synth"]


def test_beside_something_new_the_same_again_is_left_out() -> None:
    play = Play(room(), [delegate("a0", "a0"), delegate("a0", "a1")])
    assert play.run() == Stop()
    assert play.keys == ["route1", "r1.1:a0", "route2", "r2.2:a1", "route3", "synth"]


def test_a_failed_agent_can_be_asked_again_with_another_brief() -> None:
    play = Play(room(), [delegate("a0"), delegate(("a0", "B."))], failing={"r1.1:a0"})
    assert play.run() == Stop()
    assert "r2.1:a0" in play.keys


@pytest.mark.parametrize("before", [[], [delegate("a0")]])
def test_a_decision_that_never_came_leads_to_the_synthesis(before: list[Any]) -> None:
    play = Play(room(), [*before, None])
    assert play.run() == Stop("router_invalid")
    assert play.keys[-2:] == [f"route{len(before) + 1}", "synth"]


def test_a_synthesis_that_failed_is_the_end_too() -> None:
    play = Play(room(), [delegate("a0")], failing={"synth"})
    assert play.run() == Stop()
    assert play.keys.count("synth") == 1


@pytest.mark.parametrize("after", range(7))
def test_a_limit_of_the_whole_turn_leads_to_the_synthesis_from_everywhere(after: int) -> None:
    decided = [delegate("a0", "a1"), delegate(("a0", "B.")), delegate(("a1", "B."))]
    play = Play(room(), decided, cap="turn_seconds", cap_after=after)
    assert play.run() == Stop("turn_seconds")
    *before, synthesis = play.asked
    assert synthesis.key == "synth"
    # Behind all that it is to be told, and behind a decision that may have been begun.
    assert synthesis.round > max((plan.round for plan in before), default=0)


def test_what_ended_the_rounds_stands_though_the_clock_runs_out_over_the_synthesis() -> None:
    for decided, reason in (([FINISH], None), ([None], "router_invalid")):
        play = Play(room(), [*decided], cap="turn_seconds", cap_after=2)
        assert play.run() == Stop(reason)
    play = Play(room(rounds=1), [delegate("a0")], cap="turn_seconds", cap_after=3)
    assert play.run() == Stop("rounds")


def test_a_manager_that_the_clock_cut_short_was_not_wrong() -> None:
    play = Play(room(), [None], cap="turn_seconds", cap_after=1)
    asyncio.run(play.execute(_only(play.next_batch())))
    play.rows["route1"] = replace(play.rows["route1"], error={"code": "step_timeout"})
    assert play.run() == Stop("turn_seconds")


@pytest.mark.parametrize(("approve", "asked"), [("plan", 1), ("each_round", 2), ("never", 0)])
def test_the_user_is_asked_before_the_agents(approve: str, asked: int) -> None:
    play = Play(room(approve=approve), [delegate("a0"), delegate("a1")])
    assert play.run() == Stop()
    words = [plan for plan in play.asked if plan.kind == "approval"]
    assert [(plan.key, plan.round, plan.position, plan.agent_key) for plan in words] == [
        (f"approve{n}", n, 0, None) for n in range(1, asked + 1)
    ]
    for word in words:
        at = play.keys.index(word.key)
        assert play.keys[at - 1] == f"route{word.round}"
        assert play.keys[at + 1].startswith(f"r{word.round}.1:")


def test_the_user_can_change_the_round() -> None:
    edited = [{"agent": "a1", "brief": "Only the price."}]
    words = {"approve1": {"action": "approve", "assignments": edited}}
    play = Play(room(approve="plan"), [delegate("a0", "a1")], words)
    assert play.run() == Stop()
    assert play.keys == ["route1", "approve1", "r1.1:a1", "route2", "synth"]
    assert brief_of(play.frozen, play.rows, "r1.1:a1") == "Only the price."


def test_what_the_user_adds_is_bound_by_the_caps_too() -> None:
    edited = [{"agent": "a1", "brief": str(i)} for i in range(5)]
    words = {"approve1": {"action": "approve", "assignments": edited}}
    play = Play(room(approve="plan", calls=3), [delegate("a0")], words)
    assert play.run() == Stop("calls")
    assert len([key for key in play.keys if key.startswith("r1.")]) == 3


@pytest.mark.parametrize(
    ("word", "reason"),
    [({"action": "stop"}, "stopped"), ({"action": "expire"}, "approval_expired"),
     (None, "stopped"), ({}, "stopped")],
)  # fmt: skip
def test_a_round_that_is_refused_asks_nobody(word: dict[str, Any] | None, reason: str) -> None:
    play = Play(room(approve="plan"), [delegate("a0")], {"approve1": word or {}})
    assert play.run() == Stop(reason)
    assert play.keys == ["route1", "approve1", "synth"]


def test_nobody_is_asked_about_nothing() -> None:
    play = Play(room(approve="each_round"), [delegate("a0"), delegate("a0")])
    assert play.run() == Stop("stall")
    assert play.keys == ["route1", "approve1", "r1.1:a0", "route2", "synth"]


def test_a_retry_asks_only_for_what_was_not_taken_over() -> None:
    play = Play(room(), [delegate("a0", "a1")], failing={"r1.2:a1"})
    play.run()
    old = play.rows
    taken = {key: old[key] for key in ("route1", "r1.1:a0", "route2")}
    again = Play(room(), [], rows=taken)
    assert again.run() == Stop()
    assert again.keys == ["r1.2:a1", "synth"]


agents = st.sampled_from(["a0", "a1", "a2"])
pairs = st.tuples(agents, st.sampled_from(["A.", "B.", "C.", " A. "]))
decisions = st.none() | st.just(FINISH) | st.lists(pairs, max_size=5).map(lambda p: delegate(*p))
edits = st.none() | st.lists(pairs, min_size=1, max_size=4).map(
    lambda asked: delegate(*asked)["assignments"]
)
words = st.fixed_dictionaries(
    {"action": st.sampled_from(["approve", "approve", "stop", "expire"]), "assignments": edits}
)


@given(
    decided=st.lists(decisions, max_size=6),
    said=st.dictionaries(st.sampled_from([f"approve{n}" for n in range(1, 5)]), words),
    approve=st.sampled_from(["never", "plan", "each_round"]),
    limits=st.dictionaries(
        st.sampled_from(["rounds", "calls", "calls_per_agent"]), st.integers(1, 4)
    ),
    cap_after=st.integers(0, 30),
    failing=st.sets(st.sampled_from(["r1.1:a0", "r1.2:a1", "r2.1:a0", "synth"])),
)
def test_whatever_is_decided_it_ends_in_one_synthesis_within_the_caps(
    decided: list[Any],
    said: dict[str, Any],
    approve: str,
    limits: dict[str, int],
    cap_after: int,
    failing: set[str],
) -> None:
    play = Play(
        room(3, approve, **limits), decided, said, failing, cap="turn_seconds", cap_after=cap_after
    )
    stop = play.run()
    assert stop.whole
    assert play.keys[-1] == "synth"
    assert len(set(play.keys)) == len(play.keys)
    kinds = Counter(plan.kind for plan in play.asked)
    assert kinds["synthesis"] == 1
    assert kinds["route"] <= cap_of(play.frozen, "rounds")
    assert kinds["answer"] <= cap_of(play.frozen, "calls")
    answers = [plan for plan in play.asked if plan.kind == "answer"]
    by_agent = Counter(plan.agent_key for plan in answers)
    assert all(count <= cap_of(play.frozen, "calls_per_agent") for count in by_agent.values())
    told = [(p.agent_key, brief_of(play.frozen, play.rows, p.key).strip()) for p in answers]
    assert len(set(told)) == len(told)
    # In the order of the contract, in which they are shown.
    places = [(plan.round, plan.position) for plan in play.asked]
    assert places == sorted(places)
    left = caps_left(play.frozen, play.rows)
    # Who was decided on and not asked any more, because of the clock, counts as asked.
    assert 0 <= left.calls <= cap_of(play.frozen, "calls") - len(answers)
    assert min(left.of_agent.values()) >= 0


@pytest.mark.parametrize(
    "decided", [[delegate("a0", "a1", "a2"), delegate(("a1", "B."))], [None], [FINISH]]
)
def test_graph_and_loop_ask_the_same(decided: list[Any]) -> None:
    plain = Play(room(3, "each_round"), list(decided))
    plain.run()
    play = Play(room(3, "each_round"), list(decided))
    graph = compile_graph(InMemorySaver())
    asyncio.run(
        drive(graph, "t", play.next_batch, play.execute, steps=30, pausable=True, resume=False)
    )
    assert play.keys == plain.keys
