"""Keeping the sums of usage: a pass for the sweep, and all of them anew for the command."""

import asyncio
from collections.abc import Callable
from uuid import UUID

from pantheon.db.pool import Database
from pantheon.ledger import rollups

BATCH = 100
PAUSE_SECONDS = 0.2


async def sum_days(db: Database) -> int:
    """Sum days that are over, a month of each workspace at most; returns of how many workspaces."""
    async with db.sweep() as conn:
        waiting = await rollups.due(conn, BATCH)
    for workspace_id in waiting:
        async with db.transaction(workspace_id) as conn:
            await rollups.advance(conn, workspace_id)
    return len(waiting)


async def rebuild(db: Database, tell: Callable[[str], None]) -> None:
    """Make every workspace's sums anew from the ledger; `tell` hears of each that is done.

    Beside a running server too: a report meanwhile reads the calls that are not summed.
    """
    async with db.sweep() as conn:
        cursor = await conn.execute("SELECT id, name FROM workspaces ORDER BY id")
        workspaces = await cursor.fetchall()
    for workspace_id, name in workspaces:
        async with db.transaction(workspace_id) as conn:
            await rollups.forget(conn, workspace_id)
        while not await _advanced(db, workspace_id):  # noqa: ASYNC110 - others' transactions
            # Somebody still writes who began before: the day is summed when they have ended.
            await asyncio.sleep(PAUSE_SECONDS)
        tell(name)


async def _advanced(db: Database, workspace_id: UUID) -> bool:
    while True:
        async with db.transaction(workspace_id) as conn:
            more = await rollups.advance(conn, workspace_id)
        if not more:
            async with db.transaction(workspace_id) as conn:
                return await rollups.complete(conn, workspace_id)
