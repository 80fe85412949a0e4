"""`/steps`: what an agent was sent."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from pantheon.api import turn_shapes
from pantheon.api.answers import Json
from pantheon.api.deps import OwnProviders, RuntimeOf, SignedIn
from pantheon.turns.sent import sent_body, view_sent

router = APIRouter(prefix="/steps", tags=["turns"])

Attempt = Annotated[
    int | None,
    Query(ge=1, le=2**31 - 1, description="Which attempt of the step; absent: its newest."),
]


@router.get("/{step_id}/context", response_model=turn_shapes.StepContext)
async def get_step_context(
    step_id: UUID,
    runtime: RuntimeOf,
    who: SignedIn,
    providers: OwnProviders,
    attempt: Attempt = None,
) -> Json:
    """Exactly what an attempt sent: by origin, with tokens, and what was left out."""
    async with runtime.db.transaction(who.workspace_id, snapshot=True) as conn:
        return Json(await view_sent(conn, providers, who, step_id, attempt))


AS_SENT: dict[int | str, Any] = {
    200: {"description": "The body.", "content": {"application/json": {"schema": {}}}}
}


@router.get("/{step_id}/request", response_class=Response, responses=AS_SENT)
async def get_step_request(
    step_id: UUID,
    runtime: RuntimeOf,
    who: SignedIn,
    providers: OwnProviders,
    attempt: Attempt = None,
) -> Response:
    """The body of a request as it left for the provider, byte for byte; no secret is in it.

    409 `request_changed` where it cannot be built any more.
    """
    async with runtime.db.transaction(who.workspace_id, snapshot=True) as conn:
        body = await sent_body(conn, providers, who, step_id, attempt)
    return Response(body, media_type="application/json")
