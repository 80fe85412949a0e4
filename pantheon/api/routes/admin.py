"""`/admin`: what the operator decides about money, and the books against themselves."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import Field, model_validator

from pantheon.api import money_shapes
from pantheon.api.answers import Json, resource
from pantheon.api.bodies import Body
from pantheon.api.deps import Cursor, Limit, Moment, OwnProviders, RuntimeOf, SignedIn, admin
from pantheon.api.idempotency import create_once
from pantheon.api.routes.agents import ModelId
from pantheon.base import clock
from pantheon.base.clock import rfc3339
from pantheon.base.money import microcredits_of
from pantheon.db.pool import Connection
from pantheon.ledger import months, price_books, wallets
from pantheon.ops.reconcile import check_books
from pantheon.providers.types import Price

router = APIRouter(prefix="/admin", tags=["admin"], dependencies=[Depends(admin)])

Reason = Annotated[str, Field(min_length=1, max_length=2000)]
PerMillion = Annotated[Decimal, Field(ge=0, le=100_000, decimal_places=9)]
PerPiece = Annotated[Decimal, Field(ge=0, le=1_000, decimal_places=9)]

MonthName = Annotated[
    str, Path(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$", description="As `2026-01`.")
]


class NewGrant(Body):
    """Credits to be added, or with a minus taken back; it is a row that stays."""

    credits: Annotated[
        str, Field(pattern=r"^-?[0-9]{1,12}(\.[0-9]{1,6})?$", description="As `12.5`, or `-3`.")
    ]
    reason: Reason


class ModelPrice(Body):
    """US dollars per million tokens; `request` and `tool_call` are for each.

    What is left out costs what it is a part of: input or output.
    """

    model: ModelId
    input: PerMillion
    output: PerMillion
    cached_input: PerMillion | None = None
    cache_write: PerMillion | None = None
    reasoning: PerMillion | None = None
    request: PerPiece = Decimal(0)
    tool_call: PerPiece = Decimal(0)


class NewPriceBook(Body):
    """A version of the prices; models that it does not name cost what the catalogue says.

    Rate and margin that are left out stay as they are; `valid_from` is now, or later.
    """

    prices: Annotated[list[ModelPrice], Field(max_length=1000)]
    credits_per_usd: Annotated[Decimal | None, Field(gt=0, le=1_000_000, decimal_places=9)] = None
    margin_percent: Annotated[Decimal | None, Field(ge=0, le=1_000, decimal_places=4)] = None
    valid_from: Moment | None = None
    reason: Annotated[str, Field(max_length=2000)] = ""

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        names = [price.model for price in self.prices]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"A model has one price: {', '.join(twice)}")
        return self

    def lines(self) -> dict[str, Price]:
        """Return the prices by model."""
        return {
            line.model: Price(**line.model_dump(exclude={"model"}), version=price_books.OPERATOR)
            for line in self.prices
        }


class Enforcement(Body):
    """Count only, warn of what is too little, or refuse what is not covered."""

    mode: Literal["off", "warn", "enforce"]


@router.post("/grants", status_code=201, response_model=money_shapes.Transaction)
async def create_grant(body: NewGrant, request: Request, runtime: RuntimeOf, who: SignedIn) -> Json:
    """Add credits, or take back some that are free: a correction. Always a new row."""
    amount = microcredits_of(body.credits)

    async def make(conn: Connection) -> dict[str, Any]:
        posting_id = await wallets.grant(
            conn,
            who.workspace_id,
            amount,
            kind="grant" if amount > 0 else "correction",
            reason=body.reason,
            user_id=who.user_id,
        )
        assert posting_id is not None, "only what has a reference can be there already"
        return await wallets.get_transaction(conn, who, posting_id)

    async def render(conn: Connection, posting_id: UUID) -> dict[str, Any]:
        return await wallets.get_transaction(conn, who, posting_id)

    return resource(await create_once(request, runtime.db, who, make, render), 201)


@router.get("/grants", response_model=money_shapes.Transactions)
async def list_grants(
    runtime: RuntimeOf, who: SignedIn, limit: Limit = 50, cursor: Cursor = None
) -> Json:
    """What was added and taken back, by whom and why, the newest first."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        return Json(await wallets.list_grants(conn, who, limit=limit, cursor=cursor))


@router.post("/price-books", status_code=201, response_model=money_shapes.PriceBook)
async def create_price_book(
    body: NewPriceBook,
    request: Request,
    runtime: RuntimeOf,
    who: SignedIn,
    providers: OwnProviders,
) -> Json:
    """Make a new version of the prices, for turns that are accepted from then on."""

    async def make(conn: Connection) -> dict[str, Any]:
        return await price_books.create_book(
            conn,
            who,
            body.lines(),
            providers.models(),
            reason=body.reason,
            credits_per_usd=body.credits_per_usd,
            margin_percent=body.margin_percent,
            valid_from=body.valid_from,
        )

    async def render(conn: Connection, book_id: UUID) -> dict[str, Any]:
        return await price_books.get_book(conn, who, book_id)

    made = await create_once(request, runtime.db, who, make, render)
    return resource(made, 201, location=f"/api/v1/admin/price-books/{made['id']}")


@router.get("/price-books", response_model=money_shapes.PriceBooks)
async def list_price_books(
    runtime: RuntimeOf, who: SignedIn, limit: Limit = 50, cursor: Cursor = None
) -> Json:
    """The versions, the newest first, without their prices."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        return Json(await price_books.list_books(conn, who, limit=limit, cursor=cursor))


@router.get("/price-books/{book_id}", response_model=money_shapes.PriceBook)
async def get_price_book(book_id: UUID, runtime: RuntimeOf, who: SignedIn) -> Json:
    """One version, with its prices."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        return resource(await price_books.get_book(conn, who, book_id))


@router.get("/price-books/{book_id}/repricing", response_model=money_shapes.Repricing)
async def reprice(
    book_id: UUID,
    runtime: RuntimeOf,
    who: SignedIn,
    since: Annotated[Moment | None, Query(alias="from", description="Included.")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="Not included.")] = None,
) -> Json:
    """What past calls would have cost by this version, model by model; nothing is changed."""
    async with runtime.db.transaction(who.workspace_id, snapshot=True) as conn:
        return Json(await price_books.reprice(conn, who, book_id, since, until))


@router.put("/enforcement", response_model=money_shapes.Wallet)
async def set_enforcement(body: Enforcement, runtime: RuntimeOf, who: SignedIn) -> Json:
    """Turn the switch: it holds for the next turn, whichever process accepts it.

    A turn that runs is charged as it was accepted.
    """
    async with runtime.db.transaction(who.workspace_id) as conn:
        await wallets.enforce(conn, who, body.mode)
        return Json(await wallets.view(conn, who.workspace_id))


@router.put("/months/{month}", response_model=money_shapes.Month)
async def close_month(month: MonthName, runtime: RuntimeOf, who: SignedIn) -> Json:
    """Close a month that is over: its sums are final, and what comes later counts to the next.

    One that is closed is returned as it is.
    """
    async with runtime.db.transaction(who.workspace_id) as conn:
        return Json(await months.close_month(conn, who, date.fromisoformat(f"{month}-01")))


@router.get("/months", response_model=money_shapes.Months)
async def list_months(
    runtime: RuntimeOf, who: SignedIn, limit: Limit = 50, cursor: Cursor = None
) -> Json:
    """The closed months with their sums, the latest first."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        return Json(await months.list_months(conn, who, limit=limit, cursor=cursor))


@router.get("/reconciliation", response_model=money_shapes.Reconciliation)
async def get_reconciliation(runtime: RuntimeOf, who: SignedIn) -> Json:
    """Check every invariant of turns, events and ledger in the workspace's rows.

    It reads whole tables: `pantheon reconcile` does it for all workspaces, beside the server.
    """
    async with runtime.db.transaction(who.workspace_id, snapshot=True) as conn:
        found = [finding async for finding in check_books(conn)]
    items = [
        {"id": f.check.id, "says": f.check.says, "drift": f.drift, "rows": f.rows} for f in found
    ]
    checked_at = rfc3339(clock.now())
    return Json({"ok": not any(f.drift for f in found), "checked_at": checked_at, "items": items})
