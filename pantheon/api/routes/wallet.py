"""`/wallet`: the workspace's credits, and what has moved them."""

from typing import Annotated

from fastapi import APIRouter, Query

from pantheon.api import money_shapes
from pantheon.api.answers import Json
from pantheon.api.deps import Cursor, Limit, RuntimeOf, SignedIn
from pantheon.ledger import wallets

router = APIRouter(prefix="/wallet", tags=["money"])


@router.get("", response_model=money_shapes.Wallet)
async def get_wallet(runtime: RuntimeOf, who: SignedIn) -> Json:
    """What there is, what of it is reserved by what runs, and whether turns are refused."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        return Json(await wallets.view(conn, who.workspace_id))


@router.get("/transactions", response_model=money_shapes.Transactions)
async def list_transactions(
    runtime: RuntimeOf,
    who: SignedIn,
    limit: Limit = 50,
    cursor: Cursor = None,
    holds: Annotated[
        bool, Query(description="Also what was reserved and given back; for owners and admins.")
    ] = False,
) -> Json:
    """What has moved the balance, the newest first.

    Owners and admins see everything, members what was granted and their own charges.
    """
    async with runtime.db.transaction(who.workspace_id) as conn:
        return Json(
            await wallets.list_transactions(conn, who, holds=holds, limit=limit, cursor=cursor)
        )
