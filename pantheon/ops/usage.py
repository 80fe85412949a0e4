"""Usage of all workspaces: a pass of sums for the sweep, all of them anew, an invoice's check."""

import asyncio
from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from pantheon.db.pool import Database
from pantheon.ledger import invoices, rollups

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
    for workspace_id, name in await _workspaces(db):
        async with db.transaction(workspace_id) as conn:
            await rollups.forget(conn, workspace_id)
        while not await _advanced(db, workspace_id):  # noqa: ASYNC110 - others' transactions
            # Somebody still writes who began before: the day is summed when they have ended.
            await asyncio.sleep(PAUSE_SECONDS)
        tell(name)


async def check_invoice(
    db: Database, provider: str, csv: str, since: date | None, until: date | None
) -> dict[str, Any]:
    """Compare a provider's file with the ledgers of all workspaces: `invoices.compare`.

    Raises `validation_error` for a file that cannot be read or compared.
    """
    lines = invoices.read_csv(csv)
    first, last = invoices.days_of(lines, since, until)
    booked: list[invoices.Booked] = []
    for workspace_id, _ in await _workspaces(db):
        async with db.transaction(workspace_id) as conn:
            booked += await invoices.read_booked(conn, workspace_id, provider, first, last)
    return invoices.compare(provider, lines, booked, first, last)


async def _workspaces(db: Database) -> list[tuple[UUID, str]]:
    async with db.sweep() as conn:
        cursor = await conn.execute("SELECT id, name FROM workspaces ORDER BY id")
        return await cursor.fetchall()


async def _advanced(db: Database, workspace_id: UUID) -> bool:
    while True:
        async with db.transaction(workspace_id) as conn:
            more = await rollups.advance(conn, workspace_id)
        if not more:
            async with db.transaction(workspace_id) as conn:
                return await rollups.complete(conn, workspace_id)
