"""What a request that is over cost and what is charged for it: the same for every kind of call."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pantheon.ledger.attempts import Attempt
from pantheon.ledger.prices import (
    Tariff,
    cost_microcredits,
    cost_usd,
    microcredits,
    pricing_of,
)
from pantheon.providers.types import TokenUsage


@dataclass(frozen=True, slots=True)
class Charge:
    """Cost in US dollars (`None`: unpriced), and micro-credits: what is charged, and what is not.

    `excess_microcredits` is what the earmark did not cover, `cost_microcredits` the cost without
    margin.
    """

    cost_usd: Decimal | None
    pricing_version: str | None
    pricing: dict[str, Any] | None
    charged_microcredits: int
    cost_microcredits: int
    excess_microcredits: int


def charge_for(
    usage: TokenUsage, tariff: Tariff | None, attempt: Attempt | None, *, failed: bool
) -> Charge:
    """Return what a request charges. One that failed costs, and charges nothing.

    Where a hold pays for `attempt`, no more is charged than was earmarked: the rest is the
    operator's.
    """
    cost = cost_usd(usage, tariff.price if tariff else None)
    due = 0 if failed or tariff is None else microcredits(cost, tariff)
    most = due if attempt is None or attempt.hold_id is None else attempt.earmark_microcredits
    charged = min(due, most)
    return Charge(
        cost,
        tariff.price.version if tariff else None,
        pricing_of(usage, tariff),
        charged,
        cost_microcredits(cost, tariff) if tariff else 0,
        due - charged,
    )
