"""Workspaces: the local owner is made once, however many ask for it at once."""

import asyncio

from pantheon.accounts import workspaces
from pantheon.accounts.workspaces import ensure_local_owner
from pantheon.db.pool import Database


async def test_the_local_owner_is_made_once_by_racing_processes(server):
    databases = [Database(server.url) for _ in range(4)]
    await asyncio.gather(*(db.open() for db in databases))
    try:
        found = await asyncio.gather(*(ensure_local_owner(db) for db in databases * 4))
        async with databases[0].transaction(found[0].workspace_id) as conn:
            counted = await conn.execute(
                "SELECT (SELECT count(*) FROM workspaces), (SELECT count(*) FROM users)"
            )
            assert await counted.fetchone() == (1, 1)
    finally:
        await asyncio.gather(*(db.close() for db in databases))
    assert len(set(found)) == 1
    assert found[0].role == "owner"


async def test_a_renamed_workspace_keeps_its_name(db):
    who = await ensure_local_owner(db)
    async with db.transaction(who.workspace_id) as conn:
        await conn.execute("UPDATE workspaces SET name = 'Lab'")
    assert await ensure_local_owner(db) == who
    async with db.transaction(who.workspace_id) as conn:
        assert await workspaces.names(conn, who) == workspaces.Signed("Owner", "Lab")
