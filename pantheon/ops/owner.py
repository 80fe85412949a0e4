"""The local workspace as every process finds it or makes it: its owner, and its wallet."""

from typing import Literal

from pantheon.accounts.roles import Who
from pantheon.accounts.workspaces import ensure_local_owner
from pantheon.db.pool import Database
from pantheon.ledger import wallets


async def ensure_owner(db: Database, billing: Literal["off", "warn", "enforce"]) -> Who:
    """Make the local workspace, its owner and its wallet unless they are there; return the owner.

    `billing` is the first value of a new wallet's switch. Any number of processes may do it at
    once.
    """
    who = await ensure_local_owner(db)
    async with db.transaction(who.workspace_id) as conn:
        await wallets.open_wallet(conn, who.workspace_id, billing)
    return who
