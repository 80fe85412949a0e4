"""`/models`: what agents can be asked by."""

from typing import Any

from fastapi import APIRouter

from pantheon.api import shapes
from pantheon.api.answers import Json
from pantheon.api.deps import OwnProviders
from pantheon.providers.types import Model

router = APIRouter(prefix="/models", tags=["models"])


@router.get("", response_model=shapes.Models)
async def list_models(providers: OwnProviders) -> Json:
    """Every model that is known, also those that cannot be used now, with the reason."""
    items = [_shape(model) for model in providers.models()]
    return Json({"items": items, "next_cursor": None})


def _shape(model: Model) -> dict[str, Any]:
    price = model.price
    return {
        "id": model.id,
        "context_window": model.context_window,
        "max_output_tokens": model.max_output_tokens,
        "capabilities": sorted(model.capabilities),
        "prices": price
        and {
            "input": format(price.input, "f"),
            "output": format(price.output, "f"),
            "cached_input": None if price.cached_input is None else format(price.cached_input, "f"),
            "version": price.version,
        },
        "available": model.available,
        "reason": model.reason,
    }
