"""`/messages`: what a user pins, and what they take back."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from pantheon.api import turn_shapes
from pantheon.api.answers import Json, gone
from pantheon.api.deps import RuntimeOf, SignedIn
from pantheon.context.take_back import give_back, take_back
from pantheon.sessions import messages

router = APIRouter(prefix="/messages/{message_id}", tags=["context"])


@router.delete("", status_code=204)
async def delete_message(message_id: UUID, runtime: RuntimeOf, who: SignedIn) -> Response:
    """Take a message back: its text is deleted, and the summaries that were made of it end.

    For ten minutes it can be restored.
    """
    async with runtime.db.transaction(who.workspace_id) as conn:
        await take_back(conn, who, message_id)
    return gone()


@router.post("/restore", response_model=turn_shapes.Message)
async def restore_message(message_id: UUID, runtime: RuntimeOf, who: SignedIn) -> Json:
    """Undo the deletion of a message, within ten minutes; summaries that it ended stay ended."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        return Json(await give_back(conn, who, message_id))


@router.put("/pin", response_model=turn_shapes.Message)
async def pin_message(message_id: UUID, runtime: RuntimeOf, who: SignedIn) -> Json:
    """Pin a message: from the next turn on every agent is told it, however old it is."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        return Json(await messages.pin(conn, who, message_id, pinned=True))


@router.delete("/pin", status_code=204)
async def unpin_message(message_id: UUID, runtime: RuntimeOf, who: SignedIn) -> Response:
    """Take a pin away."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        await messages.pin(conn, who, message_id, pinned=False)
    return gone()
