"""Tests of `pantheon.turns.estimate`: sums over calls, and each agent's share of the hold."""

from decimal import Decimal
from uuid import UUID

import pytest

from pantheon.ledger.prices import Tariff
from pantheon.providers.types import Model, Price, TokenUsage
from pantheon.turns.estimate import Estimate, Part, total
from pantheon.turns.types import Seat

AGENT = UUID(int=7)
LOW, HIGH = TokenUsage(10, 0, 5), TokenUsage(1_000, 0, 100)
CHEAP = Tariff(Price(Decimal(1), Decimal(4)))
DEAR = Tariff(Price(Decimal(10), Decimal(40)), margin_percent=Decimal(50))


def part(key: str, calls: tuple[int, int], tariff: Tariff | None) -> Part:
    """Return what an agent would use whose calls read 10 to 1,000 tokens and write 5 to 100."""
    model = Model(f"lab/{key}", 8_192, 100)
    seat = Seat(str(AGENT), key, key.title(), 1, model.id, 1, None, {}, {})
    return Part(seat, model, tariff, calls, (LOW, HIGH), 10, None)


def test_a_call_charges_its_cost_with_margin_each_rounded_up():
    # 1,000 × 1 $ + 100 × 4 $ per million at most, 10 × 1 $ + 5 × 4 $ at least.
    assert part("a0", (1, 1), CHEAP).charges() == (30, 1_400)
    assert part("a0", (1, 1), DEAR).charges() == (450, 21_000)
    assert part("a0", (1, 1), None).charges() == (0, 0)


def test_a_turn_charges_all_calls_and_those_of_summaries():
    estimate = Estimate(
        [part("a0", (1, 1), CHEAP), part("a1", (1, 2), DEAR)], [part("a0", (1, 1), CHEAP)], None
    )
    assert estimate.charges() == (30 + 450 + 30, 1_400 + 2 * 21_000 + 1_400)
    shares = {share.agent_key: (share.agent_id, share.most) for share in estimate.shares()}
    assert shares == {"a0": (AGENT, 2_800), "a1": (AGENT, 42_000)}


@pytest.mark.parametrize(("calls", "dear"), [(0, 0), (1, 1), (2, 2), (5, 3)])
def test_under_a_manager_the_dearest_calls_come_first(calls, dear):
    manager, cheap = part("manager", (1, 4), CHEAP), part("a0", (0, 3), CHEAP)
    parts = [manager, cheap, part("a1", (0, 3), DEAR)]
    high = 4 * 1_400 + dear * 21_000 + (calls - dear) * 1_400
    assert total(parts, [part.charges() for part in parts], calls) == (30, high)
    assert Estimate(parts, [], calls).charges() == (30, high)
