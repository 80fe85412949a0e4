"""Tests of `pantheon.turns.speech`: what manager, agent and synthesis are told, and when."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson
import pytest

from pantheon.base import ids
from pantheon.providers.structured import Form
from pantheon.turns import prompts
from pantheon.turns.decision import decision_schema
from pantheon.turns.speech import Speech, speech_for
from pantheon.turns.types import Frozen, Seat, StepPlan, StepRow
from tests.turns.modes.test_orchestrator import FINISH, delegate
from tests.turns.rows import row

PROMPTS = {ids.new(): "You check  figures.\nAlways.", ids.new(): "You write prose. " * 50}
SEATS = tuple(
    Seat(f"id{i}", f"a{i}", f"Agent {i}", 1, "demo/fast", i + 1, str(prompt_id), {}, {})
    for i, prompt_id in enumerate(PROMPTS)
)
MANAGER = Seat(None, "manager", "Manager", 8, "demo/fast", 0, None, {}, {})
ROOM = Frozen(SEATS, "Ship.", "sequence", {}, in_room=True, manager=MANAGER,
              manager_prompt="You are strict.")  # fmt: skip
ERROR = {"code": "provider_error", "title": "The provider failed"}


def told(plan: StepPlan, *rows: StepRow, frozen: Frozen = ROOM, form: Form = Form.text) -> Speech:
    """Return what a step's agent is told, after these steps."""
    return speech_for(frozen, PROMPTS, {r.step_key: r for r in rows}, plan, form)


def route(number: int, decision: dict[str, Any] | None = None) -> StepRow:
    """Return a decision of the manager."""
    status = "completed" if decision else "failed"
    return row(plan_of(f"route{number}"), status, decision=decision)


def answer(key: str, content: str | None = "Yes.", **given: Any) -> StepRow:
    """Return an agent's answer to its brief."""
    return row(plan_of(key), content=content, **given)


def plan_of(key: str) -> StepPlan:
    """Return the plan of a step by its key."""
    name, _, agent = key.partition(":")
    if name.startswith("route"):
        return StepPlan(key, "route", int(name[5:]), 0, "manager")
    round_, position = map(int, name[1:].split("."))
    return StepPlan(key, "answer", round_, position, agent)


SYNTHESIS = StepPlan("synth", "synthesis", 9, 0, "manager")


def texts(speech: Speech) -> list[tuple[str, str | None, str, str | None]]:
    """Return the quotes: origin, of whom, text, error."""
    return [(q.origin, q.agent_key, q.text, q.error) for q in speech.earlier]


def test_the_manager_knows_its_team_by_role() -> None:
    speech = told(plan_of("route1"))
    assert (speech.role_prompt, speech.purpose, speech.earlier) == ("You are strict.", "route", [])
    assert "- @a0 (Agent 0): You check figures. Always.\n" in speech.rules
    line = speech.rules.splitlines()[-1]
    assert line.startswith("- @a1 (Agent 1): You write prose.")
    assert len(line) < 330


def test_the_manager_is_told_what_is_left() -> None:
    assert told(plan_of("route1")).task.count("Left: 3 rounds, 12 calls.") == 1
    frozen = replace(ROOM, limits={"rounds": 5, "calls": 4, "calls_per_agent": 1})
    before = (route(1, delegate("a0")), answer("r1.1:a0"))
    speech = told(plan_of("route2"), *before, frozen=frozen)
    assert "Left: 4 rounds, 3 calls; not any more: @a0." in speech.task


@pytest.mark.parametrize("form", Form)
def test_the_schema_is_told_to_whom_nothing_else_holds(form: Form) -> None:
    speech = told(plan_of("route1"), form=form)
    assert speech.structure is not None
    assert speech.structure.form is form
    assert speech.structure.schema == decision_schema(["a0", "a1"])
    shown = orjson.dumps(speech.structure.schema).decode()
    assert (shown in speech.task) is (form in (Form.json_object, Form.text))


def test_an_agent_sees_its_brief_and_nothing_of_the_others() -> None:
    first = route(1, delegate(("a0", "Count."), ("a1", "Write.")))
    speech = told(plan_of("r1.2:a1"), first, answer("r1.1:a0", "Seven."))
    assert speech.earlier[0].step_id == first.id
    assert texts(speech) == [("brief", "manager", "Write.", None)]
    assert (
        speech.rules
        == "The last message is your brief from @manager. Do what it asks, and only that."
    )
    assert (speech.task, speech.structure, speech.purpose) == ("", None, "answer")
    assert speech.role_prompt == PROMPTS[UUID(SEATS[1].prompt_id or "")]


def test_the_manager_sees_answers_briefs_failures_and_notes() -> None:
    word = row(
        StepPlan("approve1", "approval", 1, 0, None),
        decision={"action": "approve", "assignments": None, "note": "Mind the budget."},
    )
    before = (
        route(1, delegate(("a0", "Count."), ("a1", "Write."))),
        word,
        answer("r1.1:a0", "Seven."),
        row(plan_of("r1.2:a1"), "failed", error=ERROR),
    )
    for plan in (plan_of("route2"), SYNTHESIS):
        speech = told(plan, *before)
        assert texts(speech) == [
            ("note", None, "Mind the budget.", None),
            ("earlier", "a0", "(asked: Count.)\nSeven.", None),
            ("earlier", "a1", "", "(asked: Write.)\nThe provider failed"),
        ]


def test_what_comes_later_is_not_told_to_who_was_asked_before() -> None:
    """An audit is read when the turn is over: it has to say what was sent then."""
    before = (route(1, delegate("a0")), answer("r1.1:a0"))
    later = (route(2, delegate(("a1", "B."))), answer("r2.1:a1"), row(SYNTHESIS, content="All."))
    for plan in (plan_of("route1"), plan_of("r1.1:a0"), plan_of("route2")):
        known = [r for r in before if (r.round, r.position) < (plan.round, plan.position)]
        assert told(plan, *before, *later) == told(plan, *known)


def test_steps_without_a_result_are_not_told() -> None:
    open_ = row(plan_of("r1.1:a0"), "running", content="Sev")
    assert told(SYNTHESIS, route(1, delegate("a0")), open_).earlier == []
    silent = row(plan_of("r1.1:a0"), "cancelled", content=None)
    assert told(SYNTHESIS, route(1, delegate("a0")), silent).earlier == []


def test_the_synthesis_is_told_who_failed_each_once() -> None:
    before = (
        route(1, delegate("a0", ("a1", "B."), ("a0", "C."))),
        row(plan_of("r1.1:a0"), "failed", error=ERROR),
        answer("r1.2:a1"),
        row(plan_of("r1.3:a0"), "failed", error=ERROR),
    )
    task = told(SYNTHESIS, *before).task
    assert task.count("These could not answer: @a0. ") == 1
    assert prompts.NOBODY not in task
    assert "could not answer" not in told(SYNTHESIS, before[0], before[2]).task


@pytest.mark.parametrize("before", [(route(1),), (route(1, FINISH),)])
def test_the_synthesis_says_so_when_nobody_has_answered(before: tuple[StepRow, ...]) -> None:
    assert prompts.NOBODY in told(SYNTHESIS, *before).task
    failed = (route(1, delegate("a0")), row(plan_of("r1.1:a0"), "failed", error=ERROR))
    task = told(SYNTHESIS, *failed).task
    assert prompts.NOBODY in task
    assert "These could not answer: @a0." in task


def test_braces_in_what_people_write_are_only_text() -> None:
    strange = dict.fromkeys(PROMPTS, "Use {braces} and {0}.")
    speech = speech_for(ROOM, strange, {}, plan_of("route1"))
    assert "Use {braces} and {0}." in speech.rules


def test_in_a_sequence_each_hears_those_before_and_alone_nobody() -> None:
    seats = replace(ROOM, manager=None)
    plans = [StepPlan(f"s{i}:a{i}", "answer", 1, i + 1, f"a{i}") for i in range(2)]
    said = row(plans[0], content="Yes.")
    assert texts(told(plans[1], said, frozen=seats)) == [("earlier", "a0", "Yes.", None)]
    parallel = replace(seats, order="parallel")
    speech = told(plans[1], said, frozen=parallel)
    assert (speech.earlier, speech.rules, speech.task) == ([], "", "")
