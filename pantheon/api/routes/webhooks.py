"""`/webhooks`: what other services tell us, each message signed by them."""

from typing import Annotated

from fastapi import APIRouter, Header, Request
from starlette.responses import Response

from pantheon.api.answers import gone
from pantheon.api.deps import RuntimeOf
from pantheon.ledger import payments as top_ups
from pantheon.ops import payments

router = APIRouter(prefix="/webhooks", tags=["money"])


@router.post("/stripe", status_code=204)
async def stripe_says(
    request: Request,
    runtime: RuntimeOf,
    stripe_signature: Annotated[str | None, Header(max_length=4096)] = None,
) -> Response:
    """Take an event of Stripe's: a top-up was paid, refunded, or is disputed.

    Signed by Stripe, who repeats it until it is answered: once it is booked, then never again.
    """
    movement = await payments.read_event(runtime.settings, await request.body(), stripe_signature)
    if movement is not None:
        async with runtime.db.transaction(movement.workspace_id) as conn:
            await top_ups.settle(conn, movement)
    return gone()
