"""`/steps`: what an agent was sent."""

from uuid import UUID

from fastapi import APIRouter

from pantheon.api import turn_shapes
from pantheon.api.answers import Json
from pantheon.api.deps import RuntimeOf, SignedIn
from pantheon.turns.sent import view_sent

router = APIRouter(prefix="/steps", tags=["turns"])


@router.get("/{step_id}/context", response_model=turn_shapes.StepContext)
async def get_step_context(step_id: UUID, runtime: RuntimeOf, who: SignedIn) -> Json:
    """Exactly what a step's newest attempt sent: by origin, with tokens, and what was left out."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        return Json(await view_sent(conn, who, step_id))
