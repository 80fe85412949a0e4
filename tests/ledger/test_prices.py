"""Tests of `pantheon.ledger.prices`."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantheon.ledger.prices import cost_usd, microcredits
from pantheon.providers.types import Price, TokenUsage

PRICE = Price(Decimal("2.50"), Decimal("10"), Decimal("1.25"))


@pytest.mark.parametrize(
    ("usage", "price", "cost"),
    [
        (TokenUsage(1_000_000, 0, 1_000_000, 0), PRICE, "12.5"),
        # 400 of the 1,000 input tokens were cached; reasoning is part of the output.
        (TokenUsage(1_000, 400, 200, 150), PRICE, "0.004"),
        (TokenUsage(1_000, 400, 0, 0), Price(Decimal("2.50"), Decimal("10")), "0.0025"),
        (TokenUsage(1, 0, 0, 0), Price(Decimal("0.0001"), Decimal(0)), "0"),
        (TokenUsage(), PRICE, "0"),
    ],
)
def test_tokens_cost_their_own_rates(usage, price, cost):
    assert cost_usd(usage, price) == Decimal(cost)


def test_what_has_no_price_has_no_cost():
    assert cost_usd(TokenUsage(1_000, 0, 1_000, 0), None) is None
    assert microcredits(None) == 0


@pytest.mark.parametrize(
    ("cost", "charged"), [("0", 0), ("0.000001", 1), ("0.0000010001", 2), ("1.5", 1_500_000)]
)
def test_a_charge_is_rounded_up(cost, charged):
    assert microcredits(Decimal(cost)) == charged


@given(st.decimals(min_value=0, max_value=1_000_000, places=9))
def test_a_charge_is_never_below_the_cost_and_less_than_one_above(cost):
    assert 0 <= Decimal(microcredits(cost)) - cost * 1_000_000 < 1
