"""Fixtures for the embedded server: folders of its own, and processes that hold a database."""

import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pantheon.ops.data_dir import prepare_data_dir
from pantheon.ops.pg_account import server_account
from pantheon.ops.pg_binaries import Binaries, find_binaries
from pantheon.ops.pg_cluster import Cluster, read_pid_file
from tests.ops.holder import Holder


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """An empty data directory that PostgreSQL's user can reach; nothing runs in it afterwards."""
    outer = Path(tempfile.mkdtemp(prefix="pantheon-data-"))
    outer.chmod(0o755)
    folder = outer / "data"
    folder.mkdir(mode=0o700)
    yield folder
    if state := read_pid_file(Cluster(folder / "postgres", None)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(state.pid, signal.SIGQUIT)
    shutil.rmtree(outer, ignore_errors=True)


@pytest.fixture
def new_cluster(data_dir: Path) -> Cluster:
    """The description of a cluster that is not made yet."""
    folder = prepare_data_dir(data_dir) / "postgres"
    folder.mkdir(mode=0o711)
    return Cluster(folder, server_account(folder / "data"))


@pytest.fixture
def binaries(new_cluster: Cluster) -> Binaries:
    """The programs of the embedded server."""
    return find_binaries(None, new_cluster.account, new_cluster.folder / "programs")


@pytest.fixture
def holder(data_dir: Path) -> Iterator[type[Holder]]:
    """Start processes that hold the database of a directory; those left are killed."""
    yield Holder
    Holder.kill_all()
