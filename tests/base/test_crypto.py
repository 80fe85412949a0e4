"""Tests of `pantheon.base.crypto`: what is sealed opens with its key, in its place, unchanged."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantheon.base.crypto import (
    KEY_BYTES,
    KEY_FILE_UNUSABLE,
    SealBroken,
    ensure_key,
    read_key,
    seal,
    unseal,
)
from pantheon.base.errors import Problem

KEY = bytes(range(KEY_BYTES))
PLACE = ("workspace", "openai", "key")


@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_sealed_opens_again(text: str) -> None:
    sealed = seal(KEY, text, *PLACE)
    assert unseal(KEY, sealed, *PLACE) == text


def test_the_text_does_not_stand_in_it_and_no_two_are_alike() -> None:
    one, two = (seal(KEY, "sk-canary", *PLACE) for _ in range(2))
    assert one != two
    assert b"canary" not in one


@pytest.mark.parametrize(
    "place",
    [
        ("other", "openai", "key"),
        ("workspace", "other", "key"),
        ("workspace", "openai", "other"),
        ("workspace", "openaikey", ""),
        (),
    ],
)
def test_it_opens_in_no_other_place(place: tuple[str, ...]) -> None:
    with pytest.raises(SealBroken, match="another place"):
        unseal(KEY, seal(KEY, "sk-canary", *PLACE), *place)


def test_it_opens_with_no_other_key() -> None:
    with pytest.raises(SealBroken):
        unseal(bytes(KEY_BYTES), seal(KEY, "sk-canary", *PLACE), *PLACE)


@pytest.mark.parametrize("at", range(0, 30, 3))
def test_a_changed_byte_is_noticed(at: int) -> None:
    sealed = bytearray(seal(KEY, "sk-canary", *PLACE))
    sealed[at] ^= 1
    with pytest.raises(SealBroken):
        unseal(KEY, bytes(sealed), *PLACE)


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01" + bytes(12)])
def test_what_is_too_short_is_refused(sealed: bytes) -> None:
    with pytest.raises(SealBroken):
        unseal(KEY, sealed, *PLACE)


def test_the_key_file_is_made_once_and_is_its_owners(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    assert read_key(path) is None
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(ensure_key, [path] * 8))
    assert keys == {read_key(path)}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [found.name for found in tmp_path.iterdir()] == ["secret.key"]


@pytest.mark.parametrize("held", ["", "abc", "zz" * 32, "00" * 31, "é"])
def test_a_file_that_holds_no_key_is_refused(tmp_path: Path, held: str) -> None:
    path = tmp_path / "secret.key"
    path.write_text(held, "utf-8")
    for use in (read_key, ensure_key):
        with pytest.raises(Problem) as caught:
            use(path)
        assert caught.value.kind is KEY_FILE_UNUSABLE
        assert str(path) in caught.value.detail


def test_a_folder_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="cannot be made"):
        ensure_key(tmp_path / "missing" / "secret.key")
