"""Tests of `pantheon.ops.reconcile`: books that hold, and each way in which they can be broken."""

import re
import time
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import psycopg
import pytest

from pantheon.accounts import keys
from pantheon.accounts.roles import Who
from pantheon.base import clock
from pantheon.ledger import budgets, price_books, seals, wallets
from pantheon.ops.embedded import Server
from pantheon.ops.invariants import CHECKS
from pantheon.ops.reconcile import NAMED_AT_MOST, Finding, check_books, reconcile, write_metrics
from pantheon.ops.runtime import Runtime
from pantheon.providers.types import Price
from pantheon.turns.cancel import request_cancel
from pantheon.turns.retry import retry_turn
from tests import make
from tests.turns.drive import direct_session, ended, send, session_with


@dataclass(frozen=True)
class Books:
    """Where the books are, as their owner, and a turn in them."""

    url: str
    turn: str


# What each check says: a change that it has to find, and the column of the row that it names.
BROKEN = {
    "a hold draws what its calls charged, earmarks what is open, and ends with its turn": (
        "UPDATE holds SET drawn_microcredits = drawn_microcredits + 1 WHERE turn_id = {turn}",
        "hold_id",
    ),
    "every turn that is billed has its hold": (
        "DELETE FROM holds WHERE turn_id = {turn}",
        "turn_id",
    ),
    "a wallet has what was granted less what was charged, and reserves what is held": (
        "UPDATE wallets SET balance_microcredits = balance_microcredits + 1",
        "workspace_id",
    ),
    "each movement sums to zero, and each charge is posted once, as its call event has it": (
        "DELETE FROM postings WHERE kind = 'charge'",
        "id",
    ),
    "a budget has spent and reserved what the holds under it have": (
        "UPDATE budget_uses SET spent_microcredits = spent_microcredits + 1",
        "budget_id",
    ),
    "the seals are an unbroken chain, and every row behind them is as it was sealed": (
        "UPDATE llm_call_events SET model = model || ' ' WHERE turn_id = {turn}",
        "workspace_id",
    ),
    "a month that is closed sums to what it did when it was closed": (
        "INSERT INTO closed_months (workspace_id, month, user_id, totals)"
        " SELECT workspace_id, month, user_id, '{{}}' FROM postings WHERE kind = 'grant'",
        "workspace_id",
    ),
    "what failed or was lost is not charged": (
        "UPDATE llm_call_events SET charged_microcredits = 1 WHERE outcome = 'failed'",
        "attempt_id",
    ),
    "an attempt is closed by exactly one call event, which tells of the same request": (
        "UPDATE llm_call_events SET model = 'demo/other' WHERE turn_id = {turn}",
        "attempt_id",
    ),
    "no attempt of a turn that is over, or of a finished step, is open": (
        "UPDATE llm_call_attempts SET closed_at = NULL WHERE turn_id = {turn}",
        "attempt_id",
    ),
    "a step is paid once: its one completed call is its last, and its usage is its calls'": (
        "UPDATE steps SET output_tokens = output_tokens + 1 WHERE turn_id = {turn}",
        "step_id",
    ),
    "what was not sent has no answer and no usage": (
        "UPDATE llm_call_events SET sent = false WHERE turn_id = {turn}",
        "attempt_id",
    ),
    "a step that was taken over asks nobody, and names the step that did": (
        "UPDATE steps SET attempts = 1 WHERE source_step_id IS NOT NULL",
        "step_id",
    ),
    "a session has one live turn at most": (
        "DROP INDEX turns_one_live;"
        "UPDATE turns SET status = 'queued', finished_at = NULL WHERE session_id ="
        " (SELECT session_id FROM turns GROUP BY 1 HAVING count(*) > 1)",
        "session_id",
    ),
    "a turn that runs has a lease that is not long over, any other has none": (
        "UPDATE turns SET lease_expires_at = now() WHERE id = {turn}",
        "turn_id",
    ),
    "a turn that is over has no step without a result, and its status is its answers'": (
        "UPDATE turns SET status = 'partial' WHERE id = {turn}",
        "turn_id",
    ),
    "a turn that waits for its user asks one thing, any other asks nothing": (
        "UPDATE steps SET kind = 'approval', status = 'running', finished_at = NULL"
        " WHERE turn_id = {turn}",
        "turn_id",
    ),
    "an attempt has its audit, and both name the same request": (
        "DELETE FROM context_audits WHERE attempt_id IN"
        " (SELECT id FROM llm_call_attempts WHERE turn_id = {turn})",
        "attempt_id",
    ),
    "positions in a room are gap-free": (
        "UPDATE room_agents SET position = 9 WHERE position = 2",
        "room_id",
    ),
    "turns of a session are numbered gap-free, and the session counts them": (
        "UPDATE turns SET index = 7 WHERE id = {turn}",
        "session_id",
    ),
    "events of a turn are numbered gap-free, purged ones counted": (
        "DELETE FROM turn_events WHERE turn_id = {turn} AND seq = 2",
        "turn_id",
    ),
    "every table of a workspace has row security": (
        "ALTER TABLE holds DISABLE ROW LEVEL SECURITY",
        "table",
    ),
    "what a call and a key refer to is of their own workspace": (
        "UPDATE llm_call_attempts SET user_id = gen_random_uuid() WHERE turn_id = {turn}",
        "attempt_id",
    ),
    "keys, logins and links are stored as hashes": (
        "UPDATE api_keys SET token_sha256 = 'pan_in_the_clear'",
        "id",
    ),
    "a turn that is over ends with its last event, which tells its status and its steps'": (
        "UPDATE steps SET status = 'skipped' WHERE turn_id = {turn}",
        "turn_id",
    ),
    "the log has the whole text of each answer, while its deltas are kept": (
        "UPDATE messages SET content = content || '.' WHERE turn_id = {turn}",
        "step_id",
    ),
}


@pytest.fixture
async def books(runtime: Runtime, server: Server, who: Who) -> Books:
    """A turn that went well, and beside it: a partial one, its retry, a cancelled one, a test call.

    The retry and the test call are of another workspace. The first turn is paid, under a budget,
    by a price book, and sealed.
    """
    async with runtime.db.transaction(who.workspace_id) as conn:
        await wallets.grant(
            conn, who.workspace_id, 10_000_000, reason="For tests", user_id=who.user_id
        )
        await wallets.enforce(conn, who, "enforce")
        price = Price(Decimal(1), Decimal(4), Decimal("0.5"))
        await price_books.create_book(conn, who, {"demo/fast": price}, [], reason="For tests")
        await budgets.create_budget(
            conn, who, scope="workspace", scope_id=None, period="day", limit_microcredits=9_000_000
        )
    turn = await send(runtime, who, await direct_session(runtime, who, "demo/fast"))
    other = await make.make_workspace(runtime.db)
    room = await session_with(runtime, other, "demo/fast", "demo/failing", mode="roundtable")
    partial = await ended(runtime, other, await send(runtime, other, room))
    async with runtime.db.transaction(other.workspace_id) as conn:
        again = await retry_turn(conn, runtime.providers, other, partial["id"])
        await make.make_call(conn, other, purpose="test")
        await keys.create_key(conn, other, "books", ["read"])
        slow = await make.make_agent(conn, other, "slow", model="demo/analyst")
        session = await make.make_session(conn, other, agent=slow)
    cancelled = await send(runtime, other, UUID(session["id"]))
    async with runtime.db.transaction(other.workspace_id) as conn:
        await request_cancel(conn, other, UUID(cancelled["id"]), "now")
    ends = [
        await ended(runtime, who, turn),
        await ended(runtime, other, again),
        await ended(runtime, other, cancelled),
    ]
    assert [end["status"] for end in ends] == ["completed", "partial", "cancelled"]
    async with runtime.db.transaction(who.workspace_id) as conn:
        until = clock.now() + timedelta(seconds=1)
        numbers = [await seals.seal(conn, who.workspace_id, until, most=2) for _ in range(3)]
    assert numbers == [1, 2, None]
    return Books(server.admin_url, turn["id"])


async def broken(books: Books, change: str, check: str) -> Finding:
    """Return what a check finds after a change, which is undone."""
    async with await psycopg.AsyncConnection.connect(books.url) as conn:
        # Whatever would refuse the change, keys and triggers, looks away.
        await conn.execute("SET LOCAL session_replication_role = replica")
        for statement in change.format(turn=f"'{books.turn}'").split(";"):
            cursor = await conn.execute(statement.encode())
        assert cursor.rowcount != 0, "the change changes nothing"
        found = [finding async for finding in check_books(conn) if finding.check.says == check]
        await conn.rollback()
    return found[0]


async def test_sound_books_have_no_drift(books):
    findings = await reconcile(books.url)
    assert [(f.check.id, f.drift, f.rows) for f in findings] == [(c.id, 0, []) for c in CHECKS]


def test_each_check_has_its_control():
    assert list(BROKEN) == [check.says for check in CHECKS]


async def test_each_check_finds_what_breaks_it_and_names_it(books):
    missed = {}
    for says, (change, column) in BROKEN.items():
        finding = await broken(books, change, says)
        named = {row.partition(" ")[0] for row in finding.rows}
        if not finding.drift or named != {column}:
            missed[says] = finding
    assert missed == {}
    assert all(finding.drift == 0 for finding in await reconcile(books.url)), "it was undone"


async def test_many_rows_are_counted_and_few_are_named(books):
    async with await psycopg.AsyncConnection.connect(books.url) as conn:
        await conn.execute("SET session_replication_role = replica")
        await conn.execute(
            "INSERT INTO room_agents (workspace_id, room_id, agent_id, position)"
            " SELECT workspace_id, gen_random_uuid(), agent_id, 7"
            " FROM room_agents, generate_series(1, 3000) WHERE position = 1"
        )
        await conn.commit()
    (finding,) = [f for f in await reconcile(books.url) if f.drift]
    assert (finding.check.says, finding.drift) == ("positions in a room are gap-free", 3000)
    assert len(finding.rows) == NAMED_AT_MOST
    assert re.fullmatch(r"room_id [0-9a-f-]{36} agents 1 last 7", finding.rows[0])


def test_the_figures_are_written_for_a_collector(tmp_path):
    path = tmp_path / "books.prom"
    write_metrics([Finding(check, at, []) for at, check in enumerate(CHECKS)], path)
    wanted = Counter()
    for at, check in enumerate(CHECKS):
        wanted[check.id] += at
    lines = path.read_text().splitlines()
    for invariant, drift in wanted.items():
        assert f'pantheon_invariant_drift{{invariant="{invariant}"}} {drift:.1f}' in lines
    (when,) = [line for line in lines if line.startswith("pantheon_reconciled_at_seconds ")]
    assert abs(float(when.split()[1]) - time.time()) < 60
    assert list(tmp_path.iterdir()) == [path]
