"""Retention: texts of old sessions go, money stays, the books agree."""

from decimal import Decimal
from uuid import UUID

import psycopg

from pantheon.context.take_back import take_back
from pantheon.ops.reconcile import reconcile
from pantheon.ops.retention import purge
from tests.turns.drive import ended, log_of, rows, send, session_with, view
from tests.turns.stories import FINISH, FIRST, SECOND, SYNTHESIS, delegate, on, settings, story

__all__ = ["settings"]


async def age(runtime, session_id, days: int) -> None:
    """Let a session's last turn lie so many days back."""
    async with await psycopg.AsyncConnection.connect(runtime.server.admin_url) as conn:
        await conn.execute(
            "UPDATE sessions SET last_turn_at = now() - make_interval(days => %s) WHERE id = %s",
            (days, session_id),
        )


async def test_a_dry_run_counts_and_changes_nothing(runtime, who):
    session_id = await session_with(runtime, who, "fake/ok-5", mode="roundtable")
    turn = await ended(runtime, who, await send(runtime, who, session_id, "A secret?"))
    await age(runtime, session_id, 40)
    told = await purge(runtime.server.admin_url, 30, really=False)
    assert (told.sessions, told.messages, told.characters) == (1, 2, len("A secret?w0 w1 w2 w3 w4"))
    assert await view(runtime, who, turn) == turn
    young = await purge(runtime.server.admin_url, 50, really=True)
    assert (young.sessions, young.messages) == (0, 0)
    assert await view(runtime, who, turn) == turn


async def test_what_was_just_taken_back_goes_too(runtime, who):
    session_id = await session_with(runtime, who, "fake/ok-5", mode="roundtable")
    turn = await ended(runtime, who, await send(runtime, who, session_id, "A secret?"))
    async with runtime.db.transaction(who.workspace_id) as conn:
        await take_back(conn, who, UUID(turn["input_message_id"]))
    kept = "SELECT count(*) FROM messages_taken_back"
    assert await rows(runtime, who, kept) == [(1,)]
    await age(runtime, session_id, 40)
    await purge(runtime.server.admin_url, 30, really=True)
    assert await rows(runtime, who, kept) == [(0,)]


async def test_texts_go_and_the_ledger_stays(runtime, who):
    turn = await story(
        runtime, who, on(FIRST, delegate("a0", "a1", brief="A secret")), on(SECOND, FINISH),
        SYNTHESIS,
    )  # fmt: skip
    before = await rows(runtime, who, "SELECT * FROM llm_call_events ORDER BY attempt_id")
    await age(runtime, turn["session_id"], 40)
    told = await purge(runtime.server.admin_url, 30, really=True)
    assert told.messages == 4
    assert told.totals.calls == len(before)
    assert isinstance(told.totals.cost_usd, Decimal)
    assert await rows(runtime, who, "SELECT * FROM llm_call_events ORDER BY attempt_id") == before
    seen = await view(runtime, who, turn)
    assert seen["input"] == ""
    assert {s["message"]["content"] for s in seen["steps"] if s["message"]} == {""}
    assert {s["decision"] for s in seen["steps"]} == {None}
    assert seen["usage"] == turn["usage"]
    log = await log_of(runtime, who, turn)
    assert [event.type for event, _ in log] == ["stream.reset", "turn.completed"]
    assert log[1][1]["turn"] == seen
    for table in ("messages", "steps", "turn_events", "context_audits", "summaries", "sessions"):
        found = await rows(
            runtime, who, f"SELECT count(*) FROM {table} x WHERE x::text ~ 'secret|Ship it'"
        )
        assert found == [(0,)], table
    assert [f for f in await reconcile(runtime.server.admin_url) if f.drift] == []
    again = await purge(runtime.server.admin_url, 30, really=True)
    assert again.messages == 0
