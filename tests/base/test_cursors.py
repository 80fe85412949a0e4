"""Tests of `pantheon.base.cursors`."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantheon.base import cursors, ids
from pantheon.base.errors import Problem


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_and_an_id_come_back(moment):
    row_id = ids.new()
    assert cursors.moment(cursors.of_moment(moment, row_id)) == (moment, row_id)


def test_a_place_and_an_id_come_back():
    row_id = ids.new()
    assert cursors.row(cursors.encode(str(row_id))) == row_id
    assert cursors.decode(cursors.encode("a", 3), 2) == ["a", 3]


def test_the_first_page_has_no_cursor():
    assert cursors.row(None) is None
    assert cursors.moment(None) == (None, None)


def test_a_cursor_fits_an_address():
    cursor = cursors.of_moment(datetime.now(UTC) - timedelta(days=1), ids.new())
    assert len(cursor) < 120
    assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@given(st.text() | st.binary().map(lambda data: base64.urlsafe_b64encode(data).decode()))
def test_whatever_is_no_cursor_is_a_problem(text):
    for read in (cursors.row, cursors.moment):
        with pytest.raises(Problem, match="validation_error"):
            read(text)


@pytest.mark.parametrize(
    "place", [(), ("a",), ("a", "b"), ("a", "b", "c"), (1,), (1, 2), ("2026-01-01", 3)]
)
def test_a_cursor_of_another_list_is_a_problem(place):
    for read in (cursors.row, cursors.moment):
        with pytest.raises(Problem, match="validation_error"):
            read(cursors.encode(*place))
