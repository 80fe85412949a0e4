"""Tests of `pantheon.base.text`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantheon.base.text import REPLACEMENT, first_words, sanitise

ANYTHING = st.text(st.characters() | st.just("\x00") | st.characters(categories=["Cs"]))


@given(ANYTHING)
def test_a_sanitised_text_can_be_stored_and_is_as_long(text):
    cleaned = sanitise(text)
    assert len(cleaned) == len(text)
    assert "\x00" not in cleaned
    assert cleaned.encode().decode() == cleaned
    assert sanitise(cleaned) == cleaned


@given(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])))
def test_a_text_that_can_be_stored_stays(text):
    assert sanitise(text) == text


def test_only_what_cannot_be_stored_is_replaced():
    assert sanitise("a\x00b\ud800ü\udfff😀") == f"a{REPLACEMENT}b{REPLACEMENT}ü{REPLACEMENT}😀"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ""),
        ("  one\n\ttwo  ", "one two"),
        ("x" * 60, "x" * 60),
        ("x" * 61, "x" * 59 + "…"),
        ("word " * 20, "word word word word word word word word word word word…"),
        ("a " + "x" * 80, "a " + "x" * 57 + "…"),
    ],
)
def test_first_words_are_one_short_line(text, words):
    assert first_words(text) == words


@given(st.text(), st.integers(2, 100))
def test_first_words_are_never_longer_than_asked(text, length):
    line = first_words(text, length)
    assert len(line) <= length
    assert "\n" not in line
