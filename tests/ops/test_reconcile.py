"""Tests of `pantheon.ops.reconcile`: sound books have no drift, and each check finds its own."""

import psycopg
import pytest

from pantheon.ops.reconcile import CHECKS, NAMED_AT_MOST, reconcile
from pantheon.turns.retry import retry_turn
from tests import make
from tests.turns.drive import direct_session, ended, send, session_with

BREAKS = {
    "a hold draws what its turn's calls charged, and is released when the turn is over": (
        "UPDATE holds SET drawn_microcredits = 1"
    ),
    "every turn has its hold": (
        "DELETE FROM holds WHERE turn_id = (SELECT turn_id FROM holds LIMIT 1)"
    ),
    "an attempt is closed by exactly one call event": (
        "UPDATE llm_call_attempts SET closed_at = NULL WHERE turn_id IS NULL"
    ),
    "no attempt of a turn that is over, or of a finished step, is open": (
        "UPDATE llm_call_attempts SET closed_at = NULL WHERE id = ("
        "SELECT id FROM llm_call_attempts WHERE step_id IS NOT NULL LIMIT 1)"
    ),
    "a step is paid once: its one completed call is its last, and its usage is its calls'": (
        "UPDATE steps SET calls = calls + 1 WHERE calls > 0"
    ),
    "a session has one live turn at most": (
        "DROP INDEX turns_one_live;"
        " UPDATE turns SET status = 'queued', finished_at = NULL WHERE session_id = ("
        " SELECT session_id FROM turns GROUP BY 1 HAVING count(*) > 1 LIMIT 1)"
    ),
    "a turn that runs has a lease that is not long over": (
        "UPDATE turns SET status = 'running', finished_at = NULL,"
        " lease_expires_at = now() - interval '6 minutes' WHERE index = 1"
    ),
    "a turn that is over has no step without a result, and its status is its answers'": (
        "UPDATE turns SET status = 'failed' WHERE status = 'completed'"
    ),
    "an attempt has its audit, and both name the same request": (
        "UPDATE context_audits SET request_sha256 = '' WHERE attempt_id = ("
        "SELECT attempt_id FROM context_audits LIMIT 1)"
    ),
    "positions in a room are gap-free": "UPDATE room_agents SET position = 9 WHERE position = 2",
    "turns of a session are numbered gap-free, and the session counts them": (
        "UPDATE turns SET index = 7 WHERE index = 2"
    ),
    "events of a turn are numbered gap-free, purged ones counted": (
        "DELETE FROM turn_events WHERE seq = 2"
    ),
    "a turn that is over ends with its last event, which tells its status": (
        "UPDATE turn_events SET data = '{}' WHERE type = 'turn.completed'"
    ),
}


@pytest.fixture
async def books(runtime, server, who) -> str:
    """The books of a direct turn, a partial one, its retry, and a test call; the owner's URL."""
    await ended(
        runtime, who, await send(runtime, who, await direct_session(runtime, who, "demo/fast"))
    )
    other = await make.make_workspace(runtime.db)
    session_id = await session_with(runtime, other, "demo/fast", "demo/failing", mode="roundtable")
    turn = await ended(runtime, other, await send(runtime, other, session_id))
    async with runtime.db.transaction(other.workspace_id) as conn:
        again = await retry_turn(conn, runtime.providers, other, turn["id"])
        await make.make_call(conn, other, purpose="test")
    await ended(runtime, other, again)
    return server.admin_url


async def test_sound_books_have_no_drift(books):
    findings = await reconcile(books)
    assert [(f.check.id, f.drift, f.rows) for f in findings] == [(c.id, 0, []) for c in CHECKS]


def test_each_check_has_its_control():
    assert set(BREAKS) == {check.says for check in CHECKS}


@pytest.mark.parametrize("says", BREAKS)
async def test_each_check_finds_what_breaks_it(books, says):
    with psycopg.connect(books, autocommit=True) as admin:
        admin.execute("SET session_replication_role = replica")
        assert admin.execute(BREAKS[says]).rowcount != 0
    (finding,) = [f for f in await reconcile(books) if f.check.says == says]
    assert finding.drift >= 1
    assert 1 <= len(finding.rows) <= NAMED_AT_MOST
