"""What a step's agent is told beside the history: its role, its rules, this turn's steps, its task.

A pure function of the frozen turn and the steps that are done, so that an audit builds it again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import orjson

from pantheon.base.text import first_words
from pantheon.context import tokens
from pantheon.context.quotes import Quote
from pantheon.providers.structured import Form, Structure
from pantheon.turns import prompts
from pantheon.turns.decision import NAME, decision_schema
from pantheon.turns.modes.orchestrator import brief_of, caps_left, rounds
from pantheon.turns.types import Frozen, Seat, StepPlan, StepRow, StepStatus

PURPOSES = {"answer": "answer", "route": "route", "synthesis": "synthesis"}


@dataclass(frozen=True, slots=True)
class Speech:
    """What one agent is told for one step."""

    seat: Seat
    role_prompt: str
    rules: str
    earlier: list[Quote]
    task: str
    structure: Structure | None
    purpose: str


def speech_for(
    frozen: Frozen,
    role_prompts: Mapping[UUID, str],
    rows: Mapping[str, StepRow],
    step: StepRow | StepPlan,
    form: Form = Form.text,
) -> Speech:
    """Return what the step's agent is told. `form` is how its model gives structured answers."""
    seat = frozen.seat(step.agent_key or "")
    role = role_prompts[UUID(seat.prompt_id)] if seat.prompt_id else frozen.manager_prompt
    # Only what comes before: so that an audit, read when the turn is long over, says the same.
    here = (step.round, step.position)
    done = {key: row for key, row in rows.items() if row.done and (row.round, row.position) < here}
    structure = None
    rules, task = "", ""
    earlier = _earlier(frozen, done, step)
    if step.kind == "route":
        structure = Structure(NAME, decision_schema(frozen.keys), form)
        rules = _team(frozen, role_prompts)
        task = _decide(frozen, done, structure)
    elif step.kind == "synthesis":
        task = _synthesise(earlier)
    elif frozen.manager is not None:
        rules = prompts.BRIEFED.format(manager=frozen.manager.key)
    return Speech(seat, role, rules, earlier, task, structure, PURPOSES[step.kind])


def _earlier(frozen: Frozen, done: Mapping[str, StepRow], step: StepRow | StepPlan) -> list[Quote]:
    """Return what an agent is told of the turn's earlier steps.

    In a sequence what the seats before it said; an orchestrator's agent its brief; its manager
    everything.
    """
    if frozen.manager is not None and step.kind == "answer":
        key = step.step_key if isinstance(step, StepRow) else step.key
        brief = brief_of(frozen, done, key)
        route = done[f"route{step.round}"]
        return [Quote(frozen.manager.key, brief, tokens.estimate(brief), route.id, origin="brief")]
    if frozen.order == "parallel":
        return []
    briefs = {}
    if frozen.manager is not None:
        briefs = {a.plan.key: a.brief for r in rounds(frozen, done) for a in r.assignments}
    before = sorted(done.values(), key=lambda row: (row.round, row.position, row.id))
    return [quote for row in before if (quote := _quote(row, briefs)) is not None]


def _quote(row: StepRow, briefs: Mapping[str, str]) -> Quote | None:
    if row.kind == "approval":
        note = (row.decision or {}).get("note")
        return Quote(None, note, tokens.estimate(note), row.id, origin="note") if note else None
    if row.kind != "answer":
        return None
    brief = briefs.get(row.step_key)
    asked = f"(asked: {brief})\n" if brief else ""
    if row.status == StepStatus.failed:
        title = asked + str((row.error or {}).get("title", "failed"))
        return Quote(row.agent_key, "", tokens.estimate(title), row.id, title)
    if not row.content:
        return None
    text = asked + row.content
    return Quote(row.agent_key, text, tokens.estimate(text), row.id)


def _team(frozen: Frozen, role_prompts: Mapping[UUID, str]) -> str:
    lines = []
    for seat in frozen.seats:
        role = role_prompts[UUID(seat.prompt_id)] if seat.prompt_id else ""
        lines.append(f"- @{seat.key} ({seat.name}): {first_words(role, 300)}")
    return prompts.MANAGER.format(team="\n".join(lines))


def _decide(frozen: Frozen, done: Mapping[str, StepRow], structure: Structure) -> str:
    left = caps_left(frozen, done)
    gone = [f"@{key}" for key, calls in left.of_agent.items() if calls <= 0]
    spent = f"; not any more: {', '.join(gone)}" if gone else ""
    task = prompts.DECIDE.format(rounds=left.rounds, calls=left.calls, spent=spent)
    if structure.in_prompt:
        schema = orjson.dumps(structure.schema).decode()
        task += "\n\n" + prompts.SCHEMA.format(schema=schema)
    return task


def _synthesise(earlier: list[Quote]) -> str:
    failed = list(dict.fromkeys(f"@{q.agent_key}" for q in earlier if q.error is not None))
    told = prompts.FAILED.format(names=", ".join(failed)) if failed else ""
    if not any(q.agent_key and q.error is None for q in earlier):
        told += prompts.NOBODY
    return prompts.SYNTHESISE.format(failed=told)
