"""`server.json`: written whole and for its owner only, believed only while its process lives."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from pantheon.base.errors import Problem
from pantheon.ops import server_file
from pantheon.ops.server_file import RunningServer, announced

URL = "http://127.0.0.1:8340"


def test_a_server_is_found_while_it_is_announced(tmp_path: Path) -> None:
    """Inside the block it is there, with rights for nobody else; afterwards it is gone."""
    with announced(tmp_path, URL):
        assert server_file.find(tmp_path) == RunningServer(URL, os.getpid())
        assert stat.S_IMODE((tmp_path / server_file.NAME).stat().st_mode) == 0o600
        assert [path.name for path in tmp_path.iterdir()] == [server_file.NAME]
    assert list(tmp_path.iterdir()) == []


def test_a_dead_process_is_no_server(tmp_path: Path) -> None:
    """What a killed server left behind is not believed."""
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    (tmp_path / server_file.NAME).write_text(json.dumps({"url": URL, "pid": dead.pid}))
    assert server_file.read(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"url": "x"}', '{"url": "x", "pid": "p"}'])
def test_a_damaged_file_is_no_server(tmp_path: Path, text: str) -> None:
    """Half-written or foreign content is not taken for a server."""
    (tmp_path / server_file.NAME).write_text(text)
    assert server_file.read(tmp_path) is None


def test_nobody_there_is_told_with_what_to_do(tmp_path: Path) -> None:
    """The problem names the directory and the command."""
    with pytest.raises(Problem) as caught:
        server_file.find(tmp_path / "nowhere")
    assert caught.value.kind is server_file.NO_SERVER
    assert str(tmp_path / "nowhere") in caught.value.detail
    assert "pantheon up" in caught.value.detail


def test_another_servers_file_stays(tmp_path: Path) -> None:
    """Who ends removes its own entry only."""
    other = json.dumps({"url": "http://127.0.0.1:1", "pid": os.getpid()})
    with announced(tmp_path, URL):
        (tmp_path / server_file.NAME).write_text(other)
    assert server_file.find(tmp_path).url == "http://127.0.0.1:1"
