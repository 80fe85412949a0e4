"""`/models`: what agents can be asked by."""

from decimal import Decimal
from typing import Any

from fastapi import APIRouter

from pantheon.api import shapes
from pantheon.api.answers import Json
from pantheon.api.deps import OwnProviders, RuntimeOf, SignedIn
from pantheon.ledger import price_books
from pantheon.providers.types import Model, Price

router = APIRouter(prefix="/models", tags=["models"])


@router.get("", response_model=shapes.Models)
async def list_models(runtime: RuntimeOf, who: SignedIn, providers: OwnProviders) -> Json:
    """Every model that is known, also those that cannot be used now, with the reason.

    Prices are those of the price book that is valid now, then the catalogue's.
    """
    async with runtime.db.transaction(who.workspace_id) as conn:
        book = await price_books.valid_now(conn, who.workspace_id)
    lines = book.lines if book else {}
    items = [_shape(model, lines.get(model.id, model.price)) for model in providers.models()]
    return Json({"items": items, "next_cursor": None})


def _shape(model: Model, price: Price | None) -> dict[str, Any]:
    return {
        "id": model.id,
        "context_window": model.context_window,
        "max_output_tokens": model.max_output_tokens,
        "capabilities": sorted(model.capabilities),
        "prices": price
        and {
            "input": _text(price.input),
            "output": _text(price.output),
            "cached_input": None if price.cached_input is None else _text(price.cached_input),
            "version": price.version,
        },
        "available": model.available,
        "reason": model.reason,
    }


def _text(price: Decimal) -> str:
    """Write a price without the zeros that a column adds."""
    return format(price.normalize(), "f")
