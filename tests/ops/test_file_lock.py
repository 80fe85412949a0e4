"""Tests of `pantheon.ops.file_lock`."""

import multiprocessing
import os
import signal
import stat
from pathlib import Path

import pytest

from pantheon.ops.file_lock import FileLock


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "a.lock"


def test_one_holds_it_until_it_is_released(path):
    first, second = FileLock(path), FileLock(path)
    assert first.acquire()
    assert not second.acquire()
    assert not second.acquire(shared=True)
    first.release()
    assert second.acquire()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_many_share_it_and_keep_the_one_out(path):
    sharers, owner = [FileLock(path) for _ in range(3)], FileLock(path)
    assert [each.acquire(shared=True) for each in sharers] == [True] * 3
    assert not owner.acquire()
    for each in sharers[:2]:
        each.release()
    assert not owner.acquire()
    sharers[2].release()
    assert owner.acquire()


def test_a_refusal_leaves_nothing_open(path):
    first, second = FileLock(path), FileLock(path)
    assert first.acquire()
    before = len(os.listdir("/dev/fd"))
    assert [second.acquire() for _ in range(5)] == [False] * 5
    assert len(os.listdir("/dev/fd")) == before


def test_the_block_gives_it_back(path):
    with FileLock(path) as lock:
        assert lock.acquire()
    assert FileLock(path).acquire()


def test_the_holders_number_is_for_the_others_to_read(path):
    first, second = FileLock(path), FileLock(path)
    assert second.read_pid() is None
    path.write_text("123456789 and more than a number\n")
    assert second.read_pid() is None
    assert first.acquire()
    first.write_pid()
    assert not second.acquire()
    assert second.read_pid() == os.getpid()


def _hold(path: Path, held: "multiprocessing.synchronize.Event") -> None:
    lock = FileLock(path)
    assert lock.acquire()
    held.set()
    signal.pause()


def test_it_ends_with_its_process(path):
    context = multiprocessing.get_context("spawn")
    held = context.Event()
    process = context.Process(target=_hold, args=(path, held))
    process.start()
    assert held.wait(30)
    lock = FileLock(path)
    assert not lock.acquire()
    process.kill()
    process.join(30)
    assert lock.acquire()


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        FileLock(tmp_path / "none" / "a.lock").acquire()
