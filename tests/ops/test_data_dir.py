"""Tests of `pantheon.ops.data_dir`."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from pantheon.base.errors import Problem
from pantheon.ops import data_dir as rooms
from pantheon.ops.data_dir import (
    DATA_DIR_CLOSED,
    DATA_DIR_IN_USE,
    instance_id,
    own_data_dir,
    prepare_data_dir,
)

AS_ROOT = os.geteuid() == 0
PRIVATE = 0o711 if AS_ROOT else 0o700


def mode(path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_it_is_made_with_its_parents(tmp_path):
    folder = prepare_data_dir(tmp_path / "a" / "b")
    assert folder == tmp_path / "a" / "b"
    assert mode(folder) == PRIVATE


def test_the_path_is_made_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert prepare_data_dir(rooms.Path("here")) == tmp_path / "here"
    assert prepare_data_dir(rooms.Path("~/there")) == tmp_path / "there"


def test_an_empty_folder_is_ours_and_another_keeps_its_permissions(tmp_path):
    empty, full = tmp_path / "empty", tmp_path / "full"
    for folder in (empty, full):
        folder.mkdir(mode=0o700)
    (full / "somebody's").touch()
    prepare_data_dir(empty)
    prepare_data_dir(full)
    assert mode(empty) == PRIVATE
    assert mode(full) == 0o700


def test_a_file_in_its_place_is_told(tmp_path):
    place = tmp_path / "file"
    place.touch()
    with pytest.raises(Problem) as refused:
        prepare_data_dir(place)
    assert refused.value.kind is DATA_DIR_CLOSED
    assert str(place) in refused.value.detail
    assert "--data-dir" in refused.value.detail


def test_the_instance_id_stays(tmp_path):
    first = instance_id(tmp_path)
    assert instance_id(tmp_path) == first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["instance"]


def test_whoever_asks_first_at_the_same_moment_gets_the_same_id(tmp_path):
    with ThreadPoolExecutor(8) as threads:
        found = set(threads.map(instance_id, [tmp_path] * 8))
    assert len(found) == 1


def test_a_damaged_id_is_told(tmp_path):
    (tmp_path / "instance").write_text("scribble")
    with pytest.raises(Problem) as refused:
        instance_id(tmp_path)
    assert refused.value.kind is DATA_DIR_CLOSED
    assert "Delete the file" in refused.value.detail


def test_one_owns_it_and_is_named_to_the_next(tmp_path):
    with own_data_dir(tmp_path):
        with pytest.raises(Problem) as refused, own_data_dir(tmp_path):
            pass
        assert refused.value.kind is DATA_DIR_IN_USE
        assert refused.value.extra == {"pid": os.getpid()}
        assert f"process {os.getpid()}" in refused.value.detail
    with own_data_dir(tmp_path):
        pass
