"""Tests of `pantheon.ledger.low_balance`: each time a wallet becomes low is told once."""

from dataclasses import replace

from pantheon.ledger import attempts, low_balance, wallets
from tests.ledger.billing import CLOSING, attempt_of, give, take

FALL = """
    UPDATE wallets SET balance_microcredits = %s, low_since = clock_timestamp()
    WHERE workspace_id = %s
"""


async def waiting(db, who) -> list:
    async with db.sweep() as conn:
        found = await low_balance.untold(conn, 10_000)
    return [low for low in found if low.workspace_id == who.workspace_id]


async def test_a_wallet_that_becomes_low_waits_until_it_is_told(db, who):
    async with db.transaction(who.workspace_id) as conn:
        await wallets.grant(conn, who.workspace_id, 2_000_000, reason="R")
        await conn.execute(FALL, (500_000, who.workspace_id))
    assert await waiting(db, who) == []
    async with db.transaction(who.workspace_id) as conn:
        await wallets.enforce(conn, who, "warn")
    (low,) = await waiting(db, who)
    assert low.message()["data"] == {
        "workspace_id": str(who.workspace_id),
        "balance": "0.5000",
        "reserved": "0.0000",
        "available": "0.5000",
        "low_below": "1.0000",
        "enforcement": "warn",
    }
    assert low.message_id == (await waiting(db, who))[0].message_id
    async with db.transaction(who.workspace_id) as conn:
        await low_balance.mark_told(conn, low)
    assert await waiting(db, who) == []
    async with db.transaction(who.workspace_id) as conn:
        await wallets.grant(conn, who.workspace_id, 2_000_000, reason="R")
        await conn.execute(FALL, (1, who.workspace_id))
    (again,) = await waiting(db, who)
    assert again.message_id != low.message_id


async def test_a_wallet_that_becomes_low_again_while_it_is_told_is_told_again(db, who):
    async with db.transaction(who.workspace_id) as conn:
        await give(conn, who, 500_000)
    (first,) = await waiting(db, who)
    async with db.transaction(who.workspace_id) as conn:
        await wallets.grant(conn, who.workspace_id, 2_000_000, reason="R")
        await conn.execute(FALL, (1, who.workspace_id))
        await low_balance.mark_told(conn, first)
    (second,) = await waiting(db, who)
    assert second.message_id != first.message_id
    async with db.transaction(who.workspace_id) as conn:
        await low_balance.mark_told(conn, second)
        await low_balance.mark_told(conn, first)
    assert await waiting(db, who) == []


async def test_a_higher_mark_makes_a_wallet_low_and_is_told_once(db, who):
    async with db.transaction(who.workspace_id) as conn:
        await give(conn, who, 5_000_000)
    assert await waiting(db, who) == []
    async with db.transaction(who.workspace_id) as conn:
        await wallets.set_low_mark(conn, who, 6_000_000)
    (low,) = await waiting(db, who)
    assert (low.balance, low.mark) == (5_000_000, 6_000_000)
    async with db.transaction(who.workspace_id) as conn:
        await low_balance.mark_told(conn, low)
        await wallets.set_low_mark(conn, who, 7_000_000)
    assert await waiting(db, who) == []
    async with db.transaction(who.workspace_id) as conn:
        await wallets.set_low_mark(conn, who, 5_000_000)
        await wallets.set_low_mark(conn, who, 5_000_001)
    (again,) = await waiting(db, who)
    assert again.message_id != low.message_id


async def test_charges_below_the_mark_are_told_once(db, who):
    async with db.transaction(who.workspace_id) as conn:
        await give(conn, who, 1_000_250)
        hold_id, _ = await take(conn, who, 400)
        for charged in (100, 151, 50):
            call = attempt_of(who, hold_id, charged)
            await attempts.open_attempt(conn, call)
            closing = replace(CLOSING, charged_microcredits=charged, cost_microcredits=charged)
            await attempts.close(conn, who.workspace_id, call.id, closing, billed=True)
    (low,) = await waiting(db, who)
    assert low.balance == 1_000_250 - 301
    charges = "SELECT created_at FROM postings WHERE kind = 'charge' ORDER BY created_at"
    async with db.transaction(who.workspace_id) as conn:
        at = [row[0] for row in await (await conn.execute(charges)).fetchall()]
    assert at[0] < low.since < at[2]


async def test_an_empty_wallet_is_low_when_credits_begin_to_count(db, who):
    async with db.transaction(who.workspace_id) as conn:
        await wallets.set_low_mark(conn, who, 2_000_000)
    assert await waiting(db, who) == []
    async with db.transaction(who.workspace_id) as conn:
        await wallets.enforce(conn, who, "warn")
    (low,) = await waiting(db, who)
    async with db.transaction(who.workspace_id) as conn:
        await low_balance.mark_told(conn, low)
        for mode in ("off", "enforce"):
            await wallets.enforce(conn, who, mode)
    assert await waiting(db, who) == []
