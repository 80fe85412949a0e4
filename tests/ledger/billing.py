"""What tests of money start from: credits, holds without a turn, attempts that they pay for."""

from dataclasses import replace
from hashlib import sha256
from uuid import UUID

from pantheon.accounts.roles import Who
from pantheon.base import ids
from pantheon.db.pool import Connection
from pantheon.ledger import holds, wallets
from pantheon.ledger.attempts import Attempt, Closing, Outcome
from pantheon.ledger.holds import Share, Wanted
from pantheon.providers.types import TokenUsage

CLOSING = Closing(
    Outcome.completed, None, True, TokenUsage(10, 0, 10), False, None, "test", 0, None, None, 1
)


async def give(conn: Connection, who: Who, microcredits: int, mode: str = "enforce") -> None:
    """Grant so much and turn the switch."""
    await wallets.grant(conn, who.workspace_id, microcredits, reason="For tests")
    await wallets.enforce(conn, who, mode)


async def take(conn: Connection, who: Who, most: int, **given) -> tuple[UUID, list[dict]]:
    """Take a hold of no turn; return its id and the warnings."""
    wanted = Wanted(
        workspace_id=who.workspace_id,
        id=ids.new(),
        turn_id=None,
        enforcement="enforce",
        scopes=[who.workspace_id, who.user_id],
        shares=[Share(None, "a0", most, most)],
        most=most,
    )
    wanted = replace(wanted, **given)
    return wanted.id, await holds.take(conn, wanted)


def attempt_of(who: Who, hold_id: UUID | None, earmark: int) -> Attempt:
    """Return an attempt outside of turns that a hold pays for, not recorded yet."""
    return Attempt(
        workspace_id=who.workspace_id,
        id=ids.new(),
        user_id=who.user_id,
        room_id=None,
        session_id=None,
        turn_id=None,
        step_id=None,
        lease_epoch=None,
        number=1,
        purpose="test",
        agent_key="a0",
        provider="lab",
        model="lab/m1",
        request_sha256=sha256(b"body").digest(),
        expires_seconds=60,
        hold_id=hold_id,
        earmark_microcredits=earmark,
    )


async def in_wallet(conn: Connection) -> tuple[int, int]:
    """Return balance and reserve in micro-credits."""
    cursor = await conn.execute("SELECT balance_microcredits, held_microcredits FROM wallets")
    row = await cursor.fetchone()
    assert row is not None
    return row


async def sums(conn: Connection) -> list[tuple]:
    """Return the sum of each account over all postings: wallet, held, revenue, cost, grants."""
    cursor = await conn.execute(
        """
        SELECT sum(wallet_microcredits)::int, sum(held_microcredits)::int,
            sum(revenue_microcredits)::int, sum(provider_cost_microcredits)::int,
            sum(grants_microcredits)::int
        FROM postings
        """
    )
    return await cursor.fetchall()
