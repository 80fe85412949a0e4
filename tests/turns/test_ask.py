"""Tests of `pantheon.turns.ask`: what a step asks, and what is recorded of it before it leaves."""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from uuid import UUID

import orjson
import pytest

from pantheon.base import ids
from pantheon.context import audits
from pantheon.context.quotes import PastTurn, Quote
from pantheon.ledger import attempts
from pantheon.providers.types import Failure
from pantheon.turns.ask import Ask, history_bounds, prepare_ask, record_ask
from pantheon.turns.types import Frozen, Seat, StepPlan, StepRow
from tests.make import demo_providers
from tests.turns.rows import row
from tests.turns.under_lease import at_work, steps_of

PROMPT_ID = ids.new()
SEAT = Seat("id0", "ann", "Ann", 1, "demo/fast", 1, str(PROMPT_ID), {}, {"policy": "everything"})
FROZEN = Frozen((SEAT,), None, "sequence", {}, in_room=True)
PLAN = StepPlan("s2:ann", "answer", 1, 3, "ann")
PROMPTS = {PROMPT_ID: "You are Ann."}
WINDOW = 32_768


def ask(seat: Seat = SEAT, text: str = "Q?", rows: Sequence[StepRow] = ()) -> Ask | Failure:
    """Prepare what `seat` is asked, after these steps."""
    asked = Quote(None, text, len(text) // 3)
    frozen = replace(FROZEN, seats=(seat,))
    done = {row.step_key: row for row in rows}
    return prepare_ask(demo_providers(), frozen, PROMPTS, done, PLAN, (), asked, ids.new())


def test_the_body_is_what_is_hashed():
    prepared = ask()
    assert isinstance(prepared, Ask)
    assert prepared.sha256 == sha256(prepared.body).digest()
    assert prepared.actions == []
    body = orjson.loads(prepared.body)
    assert body["model"] == "fast"
    assert [message["role"] for message in body["messages"]] == ["system", "user"]


def test_what_was_read_is_named_with_its_outcome():
    said = row(StepPlan("s0:bob", "answer", 1, 1, "bob"), content="Yes.")
    error = {"title": "No key"}
    failed = row(StepPlan("s1:cleo", "answer", 1, 2, "cleo"), "failed", error=error)
    prepared = ask(rows=(said, failed))
    assert isinstance(prepared, Ask)
    assert prepared.read == [
        {"step_id": str(said.id), "status": "completed"},
        {"step_id": str(failed.id), "status": "failed"},
    ]


@pytest.mark.parametrize(
    ("seat", "text", "code"),
    [
        (replace(SEAT, model="gone/m1"), "Q?", "unknown_model"),
        (SEAT, "word " * WINDOW, "context_budget_exceeded"),
    ],
)
def test_what_cannot_be_asked_is_a_failure_that_was_not_sent(seat, text, code):
    failure = ask(seat, text)
    assert isinstance(failure, Failure)
    assert (failure.code, failure.sent, failure.retryable) == (code, False, False)
    assert failure.detail


def seats(*contexts: dict) -> Frozen:
    """Freeze a roster with these context policies."""
    return replace(FROZEN, seats=tuple(replace(SEAT, context=context) for context in contexts))


@pytest.mark.parametrize(
    ("frozen", "turns"),
    [
        (seats({"policy": "everything"}), None),
        (seats({"policy": "last", "last_turns": 3}), 3),
        (seats({"policy": "last", "last_turns": 3}, {"policy": "last", "last_turns": 5}), 5),
        (seats({"policy": "last", "last_turns": 3}, {"policy": "own"}), None),
    ],
)
def test_history_is_read_as_far_as_somebody_can_use_it(frozen, turns):
    assert history_bounds(demo_providers(), frozen) == {"most_turns": turns, "most_tokens": WINDOW}


def test_nobody_with_a_model_needs_no_history():
    gone = replace(FROZEN, seats=(replace(SEAT, model="gone/m1"),))
    assert history_bounds(demo_providers(), gone)["most_tokens"] == 0


async def test_attempt_audit_and_step_are_recorded_together(idle, who):
    work = await at_work(idle, who, "demo/fast")
    (step,) = steps_of(work)
    seat = work.frozen.seats[0]
    history = [PastTurn(1, Quote(None, "Before?", 3), ())]
    asked = Quote(None, "Q?", 1)
    prepared = prepare_ask(
        idle.providers, work.frozen, work.prompts, {}, step, history, asked, ids.new()
    )
    assert isinstance(prepared, Ask)
    async with idle.db.transaction(who.workspace_id) as conn:
        attempt, started = await record_ask(conn, work.turn, step, prepared)
        audit = await audits.of_step(conn, who.workspace_id, step.id)
        assert await attempts.load_open(conn, who.workspace_id, step.id) == attempt
    assert (started.status, started.attempts) == ("running", 1)
    assert (attempt.number, attempt.lease_epoch, attempt.model) == (1, 1, "demo/fast")
    assert (attempt.turn_id, attempt.session_id) == (work.turn.id, work.turn.session_id)
    assert audit is not None
    assert (audit.attempt_id, audit.request_sha256) == (attempt.id, prepared.sha256)
    assert audit.request_sha256 == attempt.request_sha256
    assert [section["origin"] for section in audit.sections] == [
        "role",
        "rules",
        "history",
        "input",
    ]
    assert UUID(seat.prompt_id) == UUID(audit.sections[0]["prompt_id"])
