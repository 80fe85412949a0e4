"""Tests of `pantheon.rooms.limits`."""

import pytest

from pantheon.base.errors import Problem
from pantheon.rooms.limits import LIMITS, check_limits


def test_each_limit_may_have_its_lowest_and_its_highest_value():
    for name, (low, high) in LIMITS.items():
        check_limits({name: low})
        check_limits({name: high})
        for value in (low - 1, high + 1):
            with pytest.raises(Problem, match=f"'{name}' is a whole number from {low} to {high}"):
                check_limits({name: value})
    check_limits({})


@pytest.mark.parametrize("value", [True, 1.5, "1", None, [1]])
def test_a_limit_is_a_whole_number(value):
    with pytest.raises(Problem, match="whole number"):
        check_limits({"parallel": value})


def test_an_unknown_limit_is_named_with_the_valid_ones():
    with pytest.raises(Problem, match="turn_minutes") as caught:
        check_limits({"parallel": 1, "turn_minutes": 1})
    assert all(name in caught.value.detail for name in LIMITS)
