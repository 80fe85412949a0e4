"""The wheel, as `pip install pantheon` brings it, in an environment away from the checkout."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.house import ROOT

GROUPS = ("key", "usage")
BUILD_SECONDS = 120
COMMAND_SECONDS = 60


@dataclass(frozen=True)
class Installed:
    """The wheel's file, and an environment that has it and what it depends on, no more."""

    wheel: Path
    folder: Path

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the `pantheon` command away from the checkout, without this shell's settings."""
        return subprocess.Popen(
            [self.folder / "venv" / "bin" / "pantheon", *arguments],
            cwd=self.folder,
            env={"HOME": str(self.folder), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> str:
        """Run the `pantheon` command; return what it printed. It has to succeed."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=COMMAND_SECONDS)
        assert process.returncode == 0, f"pantheon {' '.join(arguments)}: {out}\n{err}"
        return out


@pytest.fixture(scope="module")
def installed() -> Iterator[Installed]:
    """Build the wheel around the page that is built already, and install it."""
    with tempfile.TemporaryDirectory(prefix="pantheon-wheel-") as name:
        folder = Path(name)
        # It may be root's, and PostgreSQL's user has to pass.
        folder.chmod(0o711)
        _run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder)
        (wheel,) = folder.glob("*.whl")
        venv = folder / "venv"
        _run(sys.executable, "-m", "uv", "venv", "--quiet", "--python", sys.executable, venv)
        _run(
            *(sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", venv),
            *("--constraints", ROOT / "requirements.lock", wheel),
        )
        yield Installed(wheel, folder)


def _run(*arguments: str | Path) -> None:
    # The page is not built again: `make env` has built it.
    environment = {**os.environ, "PANTHEON_SKIP_PAGE": "1"}
    done = subprocess.run(
        arguments, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=BUILD_SECONDS
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_holds_the_package_the_page_and_nothing_else(installed: Installed) -> None:
    """Sources of the page, tests and tools stay behind; SQL, types and the page come along."""
    names = ZipFile(installed.wheel).namelist()
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"pantheon"}
    assert {
        "pantheon/py.typed",
        "pantheon/context/data/o200k_base.tiktoken.xz",
        "pantheon/db/migrations/versions/0001_initial.sql",
        "pantheon/db/migrations/versions/0002_context.sql",
        "pantheon/db/migrations/versions/0003_money.sql",
        "pantheon/db/migrations/versions/0004_reports.sql",
        "pantheon/db/migrations/versions/0005_page.sql",
        "pantheon/static/index.html",
    } <= set(names)


def test_its_command_tells_its_version_and_helps(installed: Installed) -> None:
    """Every command stands in the README and explains itself, with an example."""
    assert re.fullmatch(r"pantheon \d+\.\d+\.\d+\n", installed.run("--version"))
    commands = installed.run("--help").partition("Commands")[2]
    listed = re.findall(r"^│ (\w+)  ", commands, re.MULTILINE)
    readme = (ROOT / "README.md").read_text("utf-8")
    told = readme.partition("## Commands")[2].partition("\n## ")[0]
    assert set(re.findall(r"`pantheon (\w+)", told)) == set(listed)
    for command in listed:
        assert ("Example:" in installed.run(command, "--help")) is (command not in GROUPS)


def test_a_room_answers_offline(installed: Installed) -> None:
    """`up` serves the page and the API; `ask` shows three agents answer, all by the demo."""
    folder = installed.folder / "data"
    up = installed.start("up", "--no-open", "--port", "0", "--data-dir", str(folder))
    try:
        assert up.stdout is not None
        link = up.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/login#\S+", link), (link, up.poll())
        with urllib.request.urlopen(link.partition("/login")[0], timeout=10) as page:
            assert page.headers["Content-Type"].startswith("text/html")
        lines = installed.run(
            *("ask", "Example room", "Which language?", "--json", "--data-dir", str(folder))
        ).splitlines()
    finally:
        up.send_signal(signal.SIGTERM)
        out, err = up.communicate(timeout=COMMAND_SECONDS)
    assert up.returncode == 0, out + err
    last = json.loads(lines[-1])
    assert last["event"] == "turn.completed"
    turn = last["data"]["turn"]
    assert (turn["status"], turn["mode"]) == ("completed", "roundtable")
    assert [step["agent"]["key"] for step in turn["steps"]] == ["analyst", "skeptic", "editor"]
    assert all(step["agent"]["model"].startswith("demo/") for step in turn["steps"])
    assert all(step["message"]["content"] for step in turn["steps"])
