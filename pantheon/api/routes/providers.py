"""`/providers`: where models come from."""

from fastapi import APIRouter

from pantheon.api import shapes
from pantheon.api.answers import Json
from pantheon.api.deps import RuntimeOf

router = APIRouter(prefix="/providers", tags=["models"])


@router.get("", response_model=shapes.Providers)
async def list_providers(runtime: RuntimeOf) -> Json:
    """The providers, whether a key is there (its last 4 characters) and where it comes from."""
    return Json({"items": runtime.providers.describe(), "next_cursor": None})
