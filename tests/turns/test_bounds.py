"""Tests of `pantheon.turns.bounds`: no provider can report more than this."""

import pytest

from pantheon.providers.types import Model
from pantheon.turns.bounds import most_read, most_written

MODEL = Model("lab/m1", 8_192, 1_024)


@pytest.mark.parametrize(
    ("counted", "window", "body", "most"),
    [
        (100, 8_192, None, 1_150),
        (101, 8_192, None, 1_152),
        (8_000, 8_192, None, 8_192),
        (100, 8_192, 700, 700),
        (0, 8_192, None, 1_000),
    ],
)
def test_most_read_is_bounded_by_window_and_bytes(counted, window, body, most):
    assert most_read(counted, window, body) == most


def test_an_answer_is_as_long_as_was_asked_for_or_the_model_can():
    assert most_written({}, MODEL) == 1_024
    assert most_written({"max_output_tokens": 50}, MODEL) == 50
    assert most_written({"max_output_tokens": 5_000}, MODEL) == 1_024
