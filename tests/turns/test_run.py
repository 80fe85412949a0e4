"""A turn from acceptance to its end, in every mode: statuses, ledger, log, who was told what."""

from collections import Counter
from typing import Any

import psycopg
import pytest

from pantheon.accounts.roles import Who
from pantheon.base import ids
from pantheon.ops.runtime import Runtime
from pantheon.turns import leases
from pantheon.turns.run import run_turn
from pantheon.turns.types import GRAPH_VERSION
from pantheon.turns.work import Control
from tests.turns.drive import direct_session, ended, log_of, rows, send, session_with, view

LEDGER = """
    SELECT e.outcome, e.error_code, e.agent_key, e.number FROM llm_call_events e
    WHERE e.turn_id = %s ORDER BY e.created_at
"""
UNACCOUNTED = """
    SELECT a.id FROM llm_call_attempts a
    LEFT JOIN llm_call_events e USING (workspace_id)
    WHERE a.closed_at IS NULL OR NOT EXISTS (
        SELECT 1 FROM llm_call_events e WHERE e.attempt_id = a.id)
    OR NOT EXISTS (SELECT 1 FROM context_audits c WHERE c.attempt_id = a.id)
"""


async def test_direct(runtime: Runtime, who: Who) -> None:
    session_id = await direct_session(runtime, who, "demo/fast")
    accepted = await send(runtime, who, session_id, "Is it safe?")
    assert accepted["status"] in ("queued", "running")
    assert [step["status"] for step in accepted["steps"]] in (["pending"], ["running"])
    turn = await ended(runtime, who, accepted)
    assert turn["status"] == "completed"
    assert turn["mode"] == "direct"
    assert [(step["key"], step["status"], step["attempts"]) for step in turn["steps"]] == [
        ("s0:a0", "completed", 1)
    ]
    assert turn["usage"]["calls"] == 1
    assert turn["usage"]["output_tokens"] > 0
    assert await rows(runtime, who, LEDGER, turn["id"]) == [("completed", None, "a0", 1)]
    assert await rows(runtime, who, UNACCOUNTED) == []


async def test_the_log_is_gap_free_and_its_last_event_is_the_turn(
    runtime: Runtime, who: Who
) -> None:
    session_id = await session_with(runtime, who, "demo/fast", "demo/failing", mode="roundtable")
    turn = await ended(runtime, who, await send(runtime, who, session_id))
    log = await log_of(runtime, who, turn)
    assert [event.seq for event, _ in log] == list(range(1, len(log) + 1))
    kinds = Counter(event.type for event, _ in log)
    assert kinds["turn.created"] == kinds["turn.started"] == kinds["turn.completed"] == 1
    assert kinds["step.started"] == 2
    assert log[-1][0].type == "turn.completed"
    assert log[-1][1]["turn"] == turn
    text = "".join(
        data["text"]
        for event, data in log
        if event.type == "step.delta" and data["step_id"] == turn["steps"][0]["id"]
    )
    assert text == turn["steps"][0]["message"]["content"]


async def test_a_round_table_goes_on_after_a_failure_and_tells_of_it(
    runtime: Runtime, who: Who
) -> None:
    models = ["demo/fast", "demo/failing", "demo/fast", "demo/fast", "demo/fast"]
    session_id = await session_with(runtime, who, *models, mode="roundtable")
    turn = await ended(runtime, who, await send(runtime, who, session_id))
    assert turn["status"] == "partial"
    statuses = [step["status"] for step in turn["steps"]]
    assert statuses == ["completed", "failed", "completed", "completed", "completed"]
    failed = turn["steps"][1]
    assert failed["error"]["code"] == "demo_failure"
    assert failed["message"] is None
    assert [item["status"] for item in turn["steps"][3]["read"]] == [
        "completed",
        "failed",
        "completed",
    ]
    assert [item["step_id"] for item in turn["steps"][3]["read"]] == [
        step["id"] for step in turn["steps"][:3]
    ]


async def test_all_failed_is_failed(runtime: Runtime, who: Who) -> None:
    session_id = await session_with(runtime, who, "demo/failing", "demo/failing", mode="manual")
    turn = await ended(runtime, who, await send(runtime, who, session_id, "@all go"))
    assert turn["status"] == "failed"
    assert [step["status"] for step in turn["steps"]] == ["failed", "failed"]


@pytest.mark.parametrize("order", ["parallel", "sequence"])
async def test_manual_answers_in_tag_order(runtime: Runtime, who: Who, order: str) -> None:
    session_id = await session_with(runtime, who, *["demo/fast"] * 4, mode="roundtable")
    turn = await ended(
        runtime, who, await send(runtime, who, session_id, "@a2 and @a0, go", order=order)
    )
    assert turn["mode"] == "manual"
    assert [step["key"] for step in turn["steps"]] == ["s0:a2", "s1:a0"]
    assert [len(step["read"]) for step in turn["steps"]] == [0, 1 if order == "sequence" else 0]
    assert turn["status"] == "completed"


async def test_turns_of_a_session_follow_each_other(runtime: Runtime, who: Who) -> None:
    session_id = await direct_session(runtime, who, "demo/fast")
    first = await ended(runtime, who, await send(runtime, who, session_id, "One?"))
    second = await ended(runtime, who, await send(runtime, who, session_id, "Two?"))
    assert (first["index"], second["index"]) == (1, 2)
    assert second["parent_id"] == first["id"]
    assert (await view(runtime, who, first))["status"] == "completed"
    sent = await rows(
        runtime, who, "SELECT sections FROM context_audits ORDER BY attempt_id DESC LIMIT 1"
    )
    assert [section["origin"] for section in sent[0][0]] == ["role", "history", "input"]


async def test_a_database_that_is_away_counts_for_nothing(
    idle: Runtime, who: Who, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checkpoints cannot be read more often in a row than faults of ours may be counted."""
    session_id = await session_with(idle, who, *["demo/fast"] * 5, mode="roundtable")
    accepted = await send(idle, who, session_id)

    monkeypatch.setattr("pantheon.turns.run.AWAY_SECONDS", 0)
    read, failed = idle.graph.checkpointer.aget_tuple, 0

    async def away(config: Any) -> Any:
        nonlocal failed
        if failed < leases.MAX_FAULTS + 2:
            failed += 1
            raise psycopg.OperationalError("the server closed the connection unexpectedly")
        return await read(config)

    monkeypatch.setattr(idle.graph.checkpointer, "aget_tuple", away)
    runs = 0
    while (turn := await view(idle, who, accepted))["status"] == "queued":
        async with idle.db.sweep() as conn:
            (claimed,) = await leases.claim(conn, ids.new(), [GRAPH_VERSION], 30, 1)
        assert (claimed.faults, claimed.takeovers) == (0, 0)
        await run_turn(idle.db, idle.providers, idle.hub, idle.graph, claimed, Control())
        runs += 1
    assert runs > leases.MAX_FAULTS
    assert turn["status"] == "completed"
    assert [step["status"] for step in turn["steps"]] == ["completed"] * 5
