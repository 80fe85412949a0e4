"""What a request cost: tokens times the price that held when it was sent."""

from decimal import Decimal

from pantheon.base.money import MICRO
from pantheon.providers.types import Price, TokenUsage

MILLION = Decimal(1_000_000)


def cost_usd(usage: TokenUsage, price: Price | None) -> Decimal | None:
    """Return the cost of `usage` in US dollars, `None` where the model has no price.

    Cached input tokens are part of the input tokens and cost their own rate where there is one.
    """
    if price is None:
        return None
    cached_rate = price.input if price.cached_input is None else price.cached_input
    fresh = usage.input_tokens - usage.cached_input_tokens
    total = (
        fresh * price.input + usage.cached_input_tokens * cached_rate
        + usage.output_tokens * price.output
    )  # fmt: skip
    return (total / MILLION).quantize(Decimal("1e-9"))


def microcredits(cost: Decimal | None) -> int:
    """Return what a cost in US dollars charges, in micro-credits: one credit is one dollar.

    Rounded up, so that a charge never falls below the cost.
    """
    if cost is None:
        return 0
    return int((cost * MICRO).to_integral_value(rounding="ROUND_CEILING"))
