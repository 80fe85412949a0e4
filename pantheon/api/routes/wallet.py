"""`/wallet`: the workspace's credits, what has moved them, and paying for more."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field

from pantheon.api import money_shapes
from pantheon.api.answers import Json
from pantheon.api.bodies import Body
from pantheon.api.deps import Cursor, Limit, RuntimeOf, SignedIn, admin
from pantheon.api.idempotency import call_once
from pantheon.base.money import credits_text, microcredits_of
from pantheon.db.pool import Connection
from pantheon.ledger import payments as top_ups
from pantheon.ledger import wallets
from pantheon.ops import payments

router = APIRouter(prefix="/wallet", tags=["money"])


class NewTopUp(Body):
    """How much is to be paid, in US dollars, as `20` or `"12.50"`."""

    amount_usd: Annotated[Decimal, Field(ge=1, le=100_000, decimal_places=2)]


class WalletChange(Body):
    """Below which balance the wallet is low."""

    low_below: Annotated[
        str, Field(pattern=r"^[0-9]{1,9}(\.[0-9]{1,6})?$", description="Credits, as `2.5`.")
    ]


@router.get("", response_model=money_shapes.Wallet)
async def get_wallet(runtime: RuntimeOf, who: SignedIn) -> Json:
    """What there is, what of it is reserved by what runs, and whether turns are refused."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        return Json(await wallets.view(conn, who.workspace_id))


@router.patch("", response_model=money_shapes.Wallet, dependencies=[Depends(admin)])
async def change_wallet(body: WalletChange, runtime: RuntimeOf, who: SignedIn) -> Json:
    """Set the mark of a low balance: each time that the balance falls below it is told once."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        await wallets.set_low_mark(conn, who, microcredits_of(body.low_below))
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


@router.post("/top-up", status_code=201, response_model=money_shapes.TopUp)
async def top_up(body: NewTopUp, request: Request, runtime: RuntimeOf, who: SignedIn) -> Json:
    """Begin to pay for credits: `url` is the page where it is done, by Stripe.

    The credits are there when Stripe says that it was paid; `GET /wallet/transactions` has them.
    """
    payments.check_configured(runtime.settings)
    cents = int(body.amount_usd * top_ups.CENTS)
    back = f"{(runtime.settings.public_url or str(request.base_url)).rstrip('/')}/usage"

    async def pay() -> tuple[UUID, Mapping[str, Any]]:
        async with runtime.db.transaction(who.workspace_id) as conn:
            top_up_id, microcredits = await top_ups.begin(conn, who, cents)
        checkout_id, url = await payments.open_checkout(
            runtime.settings,
            who.workspace_id,
            top_up_id,
            cents,
            f"{credits_text(microcredits)} credits",
            back,
        )
        async with runtime.db.transaction(who.workspace_id) as conn:
            await top_ups.offer(conn, who.workspace_id, top_up_id, checkout_id, url)
            return top_up_id, await top_ups.get_top_up(conn, who, top_up_id)

    async def render(conn: Connection, top_up_id: UUID) -> Mapping[str, Any]:
        return await top_ups.get_top_up(conn, who, top_up_id)

    return Json(await call_once(request, runtime.db, who, pay, render), 201)
