"""Tests of `pantheon.ops.owner`: the local workspace has its wallet from the start."""

import asyncio

from pantheon.ledger import wallets
from pantheon.ops.owner import ensure_owner


async def test_the_owner_and_the_wallet_are_made_once(db):
    made = await asyncio.gather(*(ensure_owner(db, "warn") for _ in range(4)))
    assert len(set(made)) == 1
    assert await ensure_owner(db, "enforce") == made[0]
    async with db.transaction(made[0].workspace_id) as conn:
        assert (await wallets.view(conn, made[0].workspace_id))["enforcement"] == "warn"
