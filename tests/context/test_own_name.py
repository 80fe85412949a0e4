"""A leading own-name label is taken off, whatever way the stream is cut; nothing else is."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantheon.context.own_name import OwnNamePrefix


def through(text: str, cuts: list[int]) -> str:
    prefix = OwnNamePrefix("critic", "The Critic")
    bounds = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    out = "".join(prefix.feed(text[a:b]) for a, b in pairwise(bounds))
    return out + prefix.flush()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("critic: No.", "No."),
        ("@critic: No.", "No."),
        ("**The Critic:** No.", "No."),
        ("[@Critic]: No.", "No."),
        ('<message from="@critic">\nNo.', "No."),
        ("  The critic: No.", "No."),
        ("critical: No.", "critical: No."),
        ("Analyst: No.", "Analyst: No."),
        ("No, critic: yes.", "No, critic: yes."),
        ("crit", "crit"),
        ("", ""),
    ],
)
@given(cuts=st.lists(st.integers(0, 50), max_size=6))
def test_labels(text: str, shown: str, cuts: list[int]) -> None:
    assert through(text, cuts) == shown


@given(st.text(), st.lists(st.integers(0, 200), max_size=8))
def test_cuts_never_change_what_is_shown(text: str, cuts: list[int]) -> None:
    assert through(text, cuts) == through(text, [])
