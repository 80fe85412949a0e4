"""What calls cost, reckoned a second time: in fractions, with none of the ledger's code.

From what a model server reported it sent, and from a price book as it was typed in. Whoever audits
the ledger would write the same lines.
"""

from collections.abc import Mapping
from fractions import Fraction
from math import ceil, floor

MILLION = 1_000_000
NANO = 1_000_000_000

Prices = Mapping[str, str]
"""US dollars per million tokens by unit: `input`, `cached_input`, `output`, `reasoning`; `request`
is for each. What is not there costs what it is a part of."""


def cost_nanos(usage: Mapping[str, int], prices: Prices) -> int:
    """Return a call's cost in billionths of a US dollar, rounded half up.

    `usage` as OpenAI reports it: cached tokens are among those of the prompt, reasoning among those
    of the completion.
    """
    cached, thought = usage["cached_tokens"], usage["reasoning_tokens"]
    read, written = Fraction(prices["input"]), Fraction(prices["output"])
    usd = (
        (usage["prompt_tokens"] - cached) * read
        + cached * Fraction(prices.get("cached_input", read))
        + (usage["completion_tokens"] - thought) * written
        + thought * Fraction(prices.get("reasoning", written))
    ) / MILLION
    if any(usage.values()):
        usd += Fraction(prices.get("request", 0))
    return floor(usd * NANO + Fraction(1, 2))


def charge_microcredits(cost: int, credits_per_usd: str, margin_percent: str) -> int:
    """Return what a cost in billionths of a dollar charges: with margin, rounded up."""
    with_margin = Fraction(cost, NANO) * (100 + Fraction(margin_percent)) / 100
    return ceil(with_margin * Fraction(credits_per_usd) * MILLION)
