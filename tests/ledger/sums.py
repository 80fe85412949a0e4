"""Making the sums of a workspace in a test, whatever the tests beside it do."""

import asyncio

from pantheon.accounts.roles import Who
from pantheon.db.pool import Database
from pantheon.ledger import rollups

SECONDS = 30.0


async def sum_all(db: Database, who: Who) -> int:
    """Sum all days that are over; returns in how many goes there was more to do.

    Transactions in the databases of other tests are waited for too, as the server numbers all.
    Raises TimeoutError.
    """
    goes = 0
    async with asyncio.timeout(SECONDS):
        while (more := await advance(db, who)) or not await complete(db, who):
            goes += more
    return goes


async def advance(db: Database, who: Who) -> bool:
    """Sum a piece; tells whether more could be done."""
    async with db.transaction(who.workspace_id) as conn:
        return await rollups.advance(conn, who.workspace_id)


async def complete(db: Database, who: Who) -> bool:
    """Tell whether every day that is over is summed."""
    async with db.transaction(who.workspace_id) as conn:
        return await rollups.complete(conn, who.workspace_id)
