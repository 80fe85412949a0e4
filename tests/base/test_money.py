"""Tests of `pantheon.base.money`."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantheon.base.money import MICRO, credits_text, usd_text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (None, None),
        (Decimal(0), "0.000000"),
        (Decimal("0.001234"), "0.001234"),
        (Decimal("1234567.5"), "1234567.500000"),
        (Decimal("0.000000400"), "0.000000"),
        (Decimal("1E+3"), "1000.000000"),
    ],
)
def test_dollars_have_six_decimals(amount, text):
    assert usd_text(amount) == text


@pytest.mark.parametrize(
    ("microcredits", "text"),
    [
        (0, "0.0000"),
        (1, "0.000001"),
        (100, "0.0001"),
        (123_400, "0.1234"),
        (123_456, "0.123456"),
        (5_000_000, "5.0000"),
        (-2_500_000, "-2.5000"),
    ],
)
def test_credits_have_four_decimals_or_six(microcredits, text):
    assert credits_text(microcredits) == text


@given(st.integers(-(2**63), 2**63 - 1))
def test_credits_lose_nothing(microcredits):
    assert Decimal(credits_text(microcredits)) * MICRO == microcredits
