"""Tests of `pantheon.ledger.low_balance`: each time a wallet becomes low is told once."""

from pantheon.ledger import low_balance, wallets

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
