"""`/info`: what this server can do, and who is asking."""

from importlib.metadata import version

from fastapi import APIRouter

from pantheon.accounts import workspaces
from pantheon.api import shapes
from pantheon.api.answers import Json
from pantheon.api.deps import RuntimeOf, SignedIn
from pantheon.turns.modes.registry import MODES

router = APIRouter(tags=["info"])

FEATURES: tuple[str, ...] = ("billing", "rate_limits", "summaries")
"""What this version has beside the first one; later: files, tools.

`titles` are there where the operator has chosen a model for them.
"""


@router.get("/info", response_model=shapes.Info)
async def get_info(runtime: RuntimeOf, who: SignedIn) -> Json:
    """Version, modes and features of this server; the signed-in user and their workspace."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        named = await workspaces.names(conn, who)
    return Json(
        {
            "version": version("pantheon"),
            "modes": list(MODES),
            "features": [*FEATURES, *(["titles"] if runtime.settings.title_model else [])],
            "user": {
                "id": str(who.user_id),
                "name": named.user_name,
                "role": who.role,
                "scopes": sorted(who.scopes),
            },
            "workspace": {"id": str(who.workspace_id), "name": named.workspace_name},
        }
    )
