"""`pantheon up`: a first start on an empty directory, what it refuses, how it ends."""

import json
import os
import signal
import socket
import stat
from urllib.request import Request, urlopen

import pytest

from tests.cli.commands import Commands


def test_a_first_start_and_its_end(embedded: Commands) -> None:
    """One link on stdout; workspace and example are there; the link signs in once."""
    with embedded.up() as up:
        assert up.link.startswith(f"{up.url}/login#")
        file = embedded.data_dir / "server.json"
        assert json.loads(file.read_text()) == {"url": up.url, "pid": up.process.pid}
        assert stat.S_IMODE(file.stat().st_mode) == 0o600

        token = json.dumps({"token": up.link.partition("#")[2]}).encode()
        login = Request(
            f"{up.url}/api/v1/login", token, {"Content-Type": "application/json"}, method="POST"
        )
        with urlopen(login, timeout=10) as answer:
            cookie = answer.headers["Set-Cookie"].partition(";")[0]
        rooms = Request(f"{up.url}/api/v1/rooms", headers={"Cookie": cookie})
        with urlopen(rooms, timeout=10) as answer:
            (room,) = json.load(answer)["items"]
        assert room["name"] == "Example room"
        assert [agent["key"] for agent in room["agents"]] == ["analyst", "skeptic", "editor"]

        second = embedded.run("up", "--port", "0")
        assert second.code == 1
        assert second.out == ""
        assert f"process {up.process.pid}" in second.err
        assert "pantheon open" in second.err

        opened = embedded.run("open")
        assert opened.code == 0, opened.err
        assert opened.out.startswith(f"{up.url}/login#")
        assert opened.out.strip() != up.link

        code, said = up.stop(signal.SIGINT)
    assert code == 0
    assert said.endswith("Stopping … (Ctrl-C again leaves at once)\nStopped.\n")
    assert "Traceback" not in said
    assert "died" not in said
    assert not file.exists()
    assert not (embedded.data_dir / "postgres" / "data" / "postmaster.pid").exists()
    away = embedded.run("open")
    assert away.code == 1
    assert "pantheon up" in away.err


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        ({"PANTHEON_PORT": "http"}, ["PANTHEON_PORT", "valid integer", "'http'"]),
        ({"PANTHEON_PROVIDERS": "{"}, ["providers", "PANTHEON_PROVIDERS"]),
        ({"PANTHEON_PROVIDERS": '{"lab": {"base_url": "ftp://x"}}'}, ["lab › base_url", "pattern"]),
        ({"PANTHEON_HOST": "0.0.0.0"}, ["0.0.0.0", "account"]),
    ],
)
def test_what_cannot_be_used_is_refused(
    embedded: Commands, extra: dict[str, str], told: list[str]
) -> None:
    """The setting is named with the reason; no database is made."""
    result = embedded.run("up", "--no-open", **extra)
    assert result.code == 1
    assert result.out == ""
    assert any(word in result.err for word in told[:2])
    assert all(word in result.err for word in told[2:])
    assert "Traceback" not in result.err
    assert not (embedded.data_dir / "postgres").exists()


def test_a_taken_port_is_named(embedded: Commands) -> None:
    """Before anything is started."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = embedded.run("up", "--port", port)
    assert result.code == 1
    assert f"port {port} cannot be used" in result.err
    assert "--port" in result.err
    assert not (embedded.data_dir / "postgres").exists()
    assert os.listdir(embedded.data_dir)
