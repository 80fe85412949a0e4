"""Tests of `pantheon.ledger.charges`: what a request costs, and what of it is charged."""

from dataclasses import replace
from decimal import Decimal

from pantheon.base import ids
from pantheon.ledger.charges import charge_for
from pantheon.ledger.prices import Tariff
from pantheon.providers.types import Price, TokenUsage
from tests.ledger.billing import attempt_of

TARIFF = Tariff(Price(Decimal(1), Decimal(4), version="book 1"), Decimal(100), Decimal(20))
USAGE = TokenUsage(100, 0, 25)
# 100 × 1 $ + 25 × 4 $ per million = 0.0002 $ = 0.02 credits, and 20 % more: 0.024 credits.
CHARGE = 24_000


def test_rate_and_margin_are_charged_the_cost_is_told_apart():
    charge = charge_for(USAGE, TARIFF, None, failed=False)
    assert (charge.cost_usd, charge.pricing_version) == (Decimal("0.000200000"), "book 1")
    assert (charge.charged_microcredits, charge.cost_microcredits) == (CHARGE, 20_000)
    assert charge.pricing is not None
    assert [line["unit"] for line in charge.pricing["lines"]] == ["input", "output"]
    assert charge.excess_microcredits == 0


def test_no_more_is_charged_than_was_earmarked(who):
    attempt = attempt_of(who, ids.new(), CHARGE - 1)
    charge = charge_for(USAGE, TARIFF, attempt, failed=False)
    assert (charge.charged_microcredits, charge.excess_microcredits) == (CHARGE - 1, 1)
    covered = charge_for(USAGE, TARIFF, replace(attempt, earmark_microcredits=CHARGE), failed=False)
    assert (covered.charged_microcredits, covered.excess_microcredits) == (CHARGE, 0)


def test_what_failed_costs_and_charges_nothing():
    charge = charge_for(USAGE, TARIFF, None, failed=True)
    assert charge.cost_usd == Decimal("0.000200000")
    assert (charge.charged_microcredits, charge.cost_microcredits) == (0, 20_000)


def test_without_a_price_nothing_is_told_and_nothing_charged():
    charge = charge_for(USAGE, None, None, failed=False)
    assert (charge.cost_usd, charge.pricing_version, charge.pricing) == (None, None, None)
    assert (charge.charged_microcredits, charge.cost_microcredits) == (0, 0)
