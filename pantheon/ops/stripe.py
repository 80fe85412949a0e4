"""Stripe, by its official library: a checkout for a top-up, and what its webhooks say.

Importing this loads the library, which takes a while and 30 MB: it is done when somebody pays.
Requests leave by our client. The events that count are PAID, REFUNDS and DISPUTES below
(https://docs.stripe.com/api/events/types).
"""

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any
from uuid import UUID

import stripe

from pantheon.base import http
from pantheon.base.errors import ProblemType
from pantheon.base.settings import Settings
from pantheon.ledger.payments import PAYMENT_FAILED, Movement

SIGNATURE_INVALID = ProblemType("signature_invalid", 400, "This is not signed as it should be")

SECONDS = 30.0
MOST_BYTES = 1024 * 1024
WORKSPACE, TOP_UP = "pantheon_workspace", "pantheon_top_up"
PAID = ("checkout.session.completed", "checkout.session.async_payment_succeeded")
REFUNDS = ("refund.created", "refund.updated", "refund.failed")
DISPUTES = ("charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated")


async def open_checkout(
    settings: Settings, workspace_id: UUID, top_up_id: UUID, cents: int, what: str, back: str
) -> tuple[str, str]:
    """Make the page where a top-up is paid; returns its id and its URL.

    `back` is where the payer is led afterwards. Asked again for the same top-up Stripe gives the
    same page. Raises `payment_failed`.
    """
    named = {WORKSPACE: str(workspace_id), TOP_UP: str(top_up_id)}
    price = {
        "currency": "usd",
        "unit_amount": cents,
        "product_data": {"name": what},
    }
    async with _Egress.to(settings) as egress:
        made = await _asked(
            egress.client.v1.checkout.sessions.create_async(
                {
                    "mode": "payment",
                    "client_reference_id": str(top_up_id),
                    "line_items": [{"quantity": 1, "price_data": price}],
                    "metadata": named,
                    "payment_intent_data": {"metadata": named},
                    "success_url": back,
                    "cancel_url": back,
                },
                {"idempotency_key": str(top_up_id)},
            )
        )
    return made.id, made.url


async def read_event(settings: Settings, payload: bytes, signature: str | None) -> Movement | None:
    """Return what a webhook says about a top-up, `None` for what is not ours.

    Raises `signature_invalid` for what Stripe has not signed within the last five minutes,
    `payment_failed` where Stripe cannot be asked whose payment is refunded or disputed.
    """
    assert settings.stripe_webhook_secret is not None, "payments are configured"
    try:
        event = stripe.Webhook.construct_event(
            payload, signature, settings.stripe_webhook_secret.get_secret_value()
        ).to_dict()
        thing = event["data"]["object"]
    except (ValueError, KeyError, AttributeError, stripe.SignatureVerificationError) as error:
        raise SIGNATURE_INVALID("Only Stripe sends this, signed with its secret.") from error
    if event["type"] in PAID:
        # Delayed ways to pay complete the session first, and pay later.
        if thing.get("payment_status") != "paid" or thing.get("currency") != "usd":
            return None
        return _movement(event, thing.get("metadata"), "top_up", thing["amount_total"])
    if event["type"] in REFUNDS:
        gone = thing["status"] in ("failed", "canceled")
        named = await _payment(settings, thing.get("payment_intent"))
        return _movement(event, named, "refund", thing["amount"], returned=gone)
    if event["type"] in DISPUTES:
        won = event["type"].endswith("reinstated")
        named = await _payment(settings, thing.get("payment_intent"))
        return _movement(event, named, "dispute", thing["amount"], returned=won)
    return None


def _movement(
    event: Mapping[str, Any],
    named: Mapping[str, str] | None,
    kind: Any,
    cents: int,
    *,
    returned: bool = False,
) -> Movement | None:
    if not named or WORKSPACE not in named or TOP_UP not in named or cents <= 0:
        return None
    return Movement(
        event_id=event["id"],
        event_type=event["type"],
        workspace_id=UUID(named[WORKSPACE]),
        top_up_id=UUID(named[TOP_UP]),
        kind=kind,
        cents=cents,
        reference=f"stripe:{event['data']['object']['id']}",
        returned=returned,
    )


async def _payment(settings: Settings, payment_intent: str | None) -> Mapping[str, str] | None:
    """Ask Stripe what a payment was for: a refund and a dispute do not tell."""
    if payment_intent is None:
        return None
    async with _Egress.to(settings) as egress:
        found = await _asked(egress.client.v1.payment_intents.retrieve_async(payment_intent))
    named: Mapping[str, str] = found.to_dict().get("metadata") or {}
    return named


async def _asked(answer: Awaitable[Any]) -> Any:
    try:
        async with asyncio.timeout(SECONDS):
            return await answer
    except (stripe.StripeError, TimeoutError) as error:
        said = getattr(error, "user_message", None) or "no answer in time"
        raise PAYMENT_FAILED(f"Stripe says: {said}. Nothing was charged.") from error


class _Egress(stripe.HTTPClient):  # type: ignore[misc]
    """The library's requests, sent by the one client for requests that leave."""

    name = "pantheon"

    def __init__(self, key: str, url: str) -> None:
        super().__init__()
        self._http = http.open_client([url], read_seconds=SECONDS, most_bytes=MOST_BYTES)
        self.client = stripe.StripeClient(
            key, http_client=self, base_addresses={"api": url}, max_network_retries=0
        )

    @classmethod
    def to(cls, settings: Settings) -> "_Egress":
        """Return a client by the settings; for `async with`."""
        assert settings.stripe_secret_key is not None, "payments are configured"
        return cls(settings.stripe_secret_key.get_secret_value(), settings.stripe_api_url)

    async def __aenter__(self) -> "_Egress":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close_async()

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None, **_: Any
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """Send a request of the library."""
        try:
            response = await self._http.request(
                method, url, headers=dict(headers), content=post_data
            )
        except http.TransportError as error:
            raise stripe.APIConnectionError(f"it cannot be reached ({error})") from error
        return response.content, response.status_code, response.headers

    async def close_async(self) -> None:
        """Close the connection."""
        await self._http.aclose()
