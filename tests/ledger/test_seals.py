"""Tests of `pantheon.ledger.seals`: a chain over what is final, in batches."""

from datetime import timedelta

import psycopg
import pytest

from pantheon.base import clock
from pantheon.ledger import seals, wallets
from tests.make import make_call


async def links(conn) -> list[tuple]:
    """Return the seals: number, events, postings, the link before, the link."""
    cursor = await conn.execute(
        "SELECT number, events, postings, previous_sha256, sha256 FROM seals ORDER BY number"
    )
    return await cursor.fetchall()


async def test_rows_are_sealed_once_in_links_of_so_many(conn, who):
    for _ in range(3):
        await make_call(conn, who)
        await wallets.grant(conn, who.workspace_id, 5, reason="For tests")
    until = clock.now() + timedelta(seconds=1)
    numbers = [await seals.seal(conn, who.workspace_id, until, most=2) for _ in range(3)]
    assert numbers == [1, 2, None]
    first, second = await links(conn)
    assert (first[1] + second[1], first[2] + second[2]) == (3, 3)
    assert (first[3], second[3]) == (b"", first[4])
    assert len({first[4], second[4]}) == 2
    assert len(first[4]) == 32


async def test_what_an_open_transaction_may_still_join_waits(db, who):
    async with db.transaction(who.workspace_id) as other:
        await other.execute("SELECT")
        async with db.transaction(who.workspace_id) as conn:
            await wallets.grant(conn, who.workspace_id, 5, reason="For tests")
        # Seals keep a second's distance from what runs: nothing tells when that is over.
        await other.execute("SELECT pg_sleep(1.1)")
        async with db.sweep() as conn:
            assert await seals.unsealed(conn) == []
    async with db.sweep() as conn:
        ((workspace_id, until),) = await seals.unsealed(conn)
    assert workspace_id == who.workspace_id
    async with db.transaction(who.workspace_id) as conn:
        assert await seals.seal(conn, who.workspace_id, until) == 1
    async with db.sweep() as conn:
        assert await seals.unsealed(conn) == []


async def test_a_seal_stays_as_it_is(conn, who):
    await wallets.grant(conn, who.workspace_id, 5, reason="For tests")
    await seals.seal(conn, who.workspace_id, clock.now() + timedelta(seconds=1))
    for statement in ("UPDATE seals SET number = 2", "DELETE FROM seals"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with conn.transaction():
                await conn.execute(statement)
    assert len(await links(conn)) == 1
