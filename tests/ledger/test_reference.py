"""Tests of `tests.ledger.reference`: sums that were done on paper."""

from tests.ledger.reference import charge_microcredits, cost_nanos

USED = {
    "prompt_tokens": 1_000,
    "completion_tokens": 100,
    "cached_tokens": 400,
    "reasoning_tokens": 30,
}
NOTHING = dict.fromkeys(USED, 0)


def test_each_unit_costs_its_price() -> None:
    prices = {"input": "2", "cached_input": "0.5", "output": "8", "reasoning": "10"}
    # 600 x 2 + 400 x 0.5 + 70 x 8 + 30 x 10 = 2,260 millionths of a dollar.
    assert cost_nanos(USED, prices) == 2_260_000
    assert cost_nanos(USED, {**prices, "request": "0.01"}) == 12_260_000
    assert cost_nanos(NOTHING, {**prices, "request": "0.01"}) == 0


def test_what_has_no_price_costs_what_it_is_a_part_of() -> None:
    assert cost_nanos(USED, {"input": "2", "output": "8"}) == 2_800_000


def test_half_a_billionth_is_rounded_up_and_so_is_every_charge() -> None:
    one = NOTHING | {"prompt_tokens": 1}
    assert cost_nanos(one, {"input": "0.0005", "output": "0"}) == 1
    assert cost_nanos(one, {"input": "0.00049", "output": "0"}) == 0
    assert charge_microcredits(1, "1", "0") == 1
    assert charge_microcredits(2_260_000, "100", "12.5") == 254_250
    assert charge_microcredits(0, "100", "12.5") == 0
