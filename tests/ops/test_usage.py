"""Tests of `pantheon.ops.usage`."""

from pantheon.ledger import rollups
from pantheon.ops import usage
from tests.ledger.history import make_history
from tests.make import make_workspace

SUMMED = "SELECT coalesce(sum(calls), 0)::int FROM usage_rollups WHERE kind = 'day' AND NOT monthly"


async def summed(db, who) -> int:
    async with db.transaction(who.workspace_id) as conn:
        return (await (await conn.execute(SUMMED)).fetchone())[0]


async def test_passes_sum_all_workspaces_and_then_find_nothing_to_do(db, who, server):
    other = await make_workspace(db)
    for one in (who, other):
        make_history(server, one, calls=100, days=10)
    passes = 0
    while await usage.sum_days(db):
        passes += 1
    # One looks at who writes, the next sums; transactions of other tests' databases make it wait.
    assert passes >= 2
    assert await summed(db, who) > 80
    assert await summed(db, other) > 80


async def test_sums_that_are_wrong_are_made_anew(db, who, server):
    make_history(server, who, calls=100, days=10)
    while await usage.sum_days(db):
        pass
    right = await summed(db, who)
    async with db.transaction(who.workspace_id) as conn:
        await conn.execute("UPDATE usage_rollups SET calls = calls + 1")
    told = []
    await usage.rebuild(db, told.append)
    assert told == ["Test"]
    assert await summed(db, who) == right
    async with db.transaction(who.workspace_id) as conn:
        assert await rollups.complete(conn, who.workspace_id)
