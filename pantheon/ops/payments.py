"""Payments, where they are configured. Stripe's library is loaded when somebody pays."""

import asyncio
from uuid import UUID

from pantheon.base.settings import Settings
from pantheon.ledger.payments import PAYMENTS_NOT_CONFIGURED, Movement


def check_configured(settings: Settings) -> None:
    """Raise `payments_not_configured` unless both of Stripe's secrets are set."""
    if settings.stripe_secret_key is None or settings.stripe_webhook_secret is None:
        raise PAYMENTS_NOT_CONFIGURED(
            "Payments are off. The operator sets PANTHEON_STRIPE_SECRET_KEY and"
            " PANTHEON_STRIPE_WEBHOOK_SECRET to take them."
        )


async def open_checkout(
    settings: Settings, workspace_id: UUID, top_up_id: UUID, cents: int, what: str, back: str
) -> tuple[str, str]:
    """Make the page where a top-up is paid: `stripe.open_checkout`."""
    check_configured(settings)
    await asyncio.to_thread(_load)
    from pantheon.ops import stripe

    return await stripe.open_checkout(settings, workspace_id, top_up_id, cents, what, back)


async def read_event(settings: Settings, payload: bytes, signature: str | None) -> Movement | None:
    """Return what a webhook says about a top-up: `stripe.read_event`."""
    check_configured(settings)
    await asyncio.to_thread(_load)
    from pantheon.ops import stripe

    return await stripe.read_event(settings, payload, signature)


def _load() -> None:
    """Load the library beside the requests that others wait for."""
    import pantheon.ops.stripe  # noqa: F401 - for those after it
