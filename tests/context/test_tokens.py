"""The estimate: from above for what people write."""

import pytest

from pantheon.context import tokens


@pytest.mark.parametrize(
    ("text", "count"), [("", 0), ("abc", 1), ("abcd", 2), ("é", 1), ("漢字", 2)]
)
def test_a_third_of_the_bytes(text: str, count: int) -> None:
    assert tokens.estimate(text) == count


def test_lone_surrogates_are_counted_too() -> None:
    assert tokens.estimate("\ud800" * 3) == 3
