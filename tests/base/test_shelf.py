"""Tests of `pantheon.base.shelf`: what is kept stays within its bound."""

from hypothesis import given
from hypothesis import strategies as st

from pantheon.base.shelf import Shelf


def test_the_oldest_goes_first_and_what_was_asked_for_is_young() -> None:
    shelf: Shelf[str, int] = Shelf(30)
    for key, value in (("a", 1), ("b", 2), ("c", 3)):
        shelf.put(key, value, 10)
    assert shelf.get("a") == 1
    shelf.put("d", 4, 10)
    assert [shelf.get(key) for key in "abcd"] == [1, None, 3, 4]


def test_a_value_takes_the_place_of_the_older_one_and_too_large_ones_are_not_kept() -> None:
    shelf: Shelf[str, int] = Shelf(30)
    shelf.put("a", 1, 10)
    shelf.put("a", 2, 20)
    assert (shelf.get("a"), shelf.size) == (2, 20)
    shelf.put("a", 3, 31)
    assert (shelf.get("a"), shelf.size) == (None, 0)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 12))))
def test_it_never_holds_more(puts: list[tuple[int, int]]) -> None:
    shelf: Shelf[int, int] = Shelf(20)
    sizes: dict[int, int] = {}
    for key, size in puts:
        shelf.put(key, size, size)
        sizes[key] = size
        held = {key: shelf.get(key) for key in sizes}
        assert shelf.size == sum(size for size in held.values() if size is not None) <= 20
