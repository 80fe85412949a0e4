"""The example in docs/billing.md is one that the code would come to."""

import re
from decimal import Decimal

import pytest

from pantheon.ledger.charges import charge_for
from pantheon.ledger.prices import Tariff
from pantheon.providers.types import Price, TokenUsage
from tests.house import ROOT

MICRO = 1_000_000
TARIFF = Tariff(Price(Decimal(3), Decimal(15), Decimal("0.3"), "book 1"), Decimal(100), Decimal(20))
ACCOUNTS = ("wallet", "held", "cost", "revenue", "grants")


@pytest.fixture
def table() -> dict[str, list[int]]:
    """The example's movements, in micro-credits: name → amounts on the five accounts."""
    page = (ROOT / "docs" / "billing.md").read_text("utf-8")
    lines = page.partition("| movement | " + " | ".join(ACCOUNTS) + " |\n")[2].splitlines()
    found = {}
    for line in lines[1:]:
        if not line:
            break
        name, *amounts = (cell.strip() for cell in line.strip("|").split("|"))
        found[re.sub(r"\*", "", name)] = [int(Decimal(amount) * MICRO) for amount in amounts]
    return found


def test_every_movement_sums_to_zero_and_the_sum_is_right(table):
    total = table.pop("sum")
    assert len(table) == 6
    assert {name: sum(amounts) for name, amounts in table.items()} == dict.fromkeys(table, 0)
    assert [sum(column) for column in zip(*table.values(), strict=True)] == total


@pytest.mark.parametrize(
    ("movement", "usage", "failed"),
    [
        ("charge: first answer", TokenUsage(4_000, 3_000, 500), False),
        ("charge: broken off", TokenUsage(4_600, 0, 200), True),
        ("charge: second answer", TokenUsage(4_600, 3_000, 600), False),
    ],
)
def test_each_charge_is_what_the_prices_say(table, movement, usage, failed):
    charge = charge_for(usage, TARIFF, None, failed=failed)
    due, cost = charge.charged_microcredits, charge.cost_microcredits
    assert table[movement] == [0, -due, cost, due - cost, 0]
