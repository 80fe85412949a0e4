"""Tests of `pantheon.context.audits`."""

from hashlib import sha256
from uuid import UUID

from pantheon.base import ids
from pantheon.context import audits
from pantheon.context.assemble import Assembled
from pantheon.ledger import attempts
from tests.ledger.test_attempts import CLOSING, attempt_of
from tests.make import make_turn

ASSEMBLED = Assembled(
    (),
    [{"origin": "role", "tokens": 4}, {"origin": "input", "tokens": 6}],
    {"window": 100, "reply_reserve": 50, "used": 10, "estimated": True},
    [{"kind": "pruned", "reason": "too long", "tokens": 70}],
)


async def recorded(conn, who, turn, number: int) -> UUID:
    """Open and close an attempt with its audit; return its id."""
    attempt = attempt_of(who, turn, number=number)
    await attempts.open_attempt(conn, attempt)
    digest = sha256(str(number).encode()).digest()
    await audits.record(
        conn, who.workspace_id, attempt.id, attempt.step_id, "lab/m1", ASSEMBLED, digest
    )
    await attempts.close(conn, who.workspace_id, attempt.id, CLOSING, billed=False)
    return attempt.id


async def test_the_newest_attempts_audit_is_told(conn, who):
    turn = await make_turn(conn, who)
    step_id = UUID(turn["steps"][0]["id"])
    assert await audits.of_step(conn, who.workspace_id, step_id) is None
    await recorded(conn, who, turn, 1)
    newest = await recorded(conn, who, turn, 2)
    audit = await audits.of_step(conn, who.workspace_id, step_id)
    assert audit is not None
    assert (audit.attempt_id, audit.step_id, audit.model) == (newest, step_id, "lab/m1")
    assert audit.sections == ASSEMBLED.sections
    assert audit.budget == ASSEMBLED.budget
    assert audit.actions == ASSEMBLED.actions
    assert audit.request_sha256 == sha256(b"2").digest()
    assert ASSEMBLED.input_tokens == 10
    older = await audits.of_step(conn, who.workspace_id, step_id, 1)
    assert older is not None
    assert (older.number, older.request_sha256) == (1, sha256(b"1").digest())
    assert await audits.of_step(conn, who.workspace_id, step_id, 3) is None
    assert await audits.of_step(conn, who.workspace_id, ids.new()) is None
