"""The command line as a whole: quick, every command explained, options before or after."""

import asyncio
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from typer.main import get_command
from typer.testing import CliRunner

from pantheon.base.errors import NOT_FOUND
from pantheon.cli import main as command_line

HEAVY = ("alembic", "fastapi", "httpx2", "langgraph", "openai", "psycopg", "pydantic", "rich.live",
         "sqlalchemy", "structlog", "uvicorn")  # fmt: skip


@pytest.fixture
def _own_logging() -> Iterator[None]:
    """What a command does to the logs of its process ends with the test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def commands() -> list[list[str]]:
    """Every command, those of groups with their group's name."""
    found = []
    for name, command in get_command(command_line.app).commands.items():
        inner = getattr(command, "commands", None)
        found += [[name, part] for part in inner] if inner else [[name]]
    return found


def test_every_command_is_there() -> None:
    """The list of the design, nothing forgotten."""
    assert {" ".join(words) for words in commands()} == {
        "up", "open", "ask", "demo", "doctor", "reconcile", "purge", "config", "api", "worker",
        "migrate",
        "key create", "key list", "key revoke", "usage rebuild", "usage invoice",
    }  # fmt: skip


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_a_command_explains_itself(words: list[str]) -> None:
    """An example, and the two options of all commands."""
    shown = CliRunner().invoke(command_line.app, [*words, "--help"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    assert "Example:" in shown.output
    assert f"pantheon {' '.join(words)}" in shown.output
    assert "--data-dir" in shown.output
    assert "--debug" in shown.output


def test_the_help_loads_nothing_heavy() -> None:
    """What a command needs is loaded when it runs."""
    code = (
        "import sys; import pantheon.cli.main; "
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == "[]"


@pytest.mark.usefixtures("_own_logging")
def test_options_of_all_commands_go_before_or_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--data-dir` before the command is the default of `--data-dir` behind it."""
    monkeypatch.chdir(tmp_path)
    first, second = tmp_path / "first", tmp_path / "second"
    runner = CliRunner()
    for words, expected in (
        (["--data-dir", str(first), "config"], first),
        (["config", "--data-dir", str(second)], second),
        (["--data-dir", str(first), "config", "--data-dir", str(second)], second),
    ):
        shown = runner.invoke(command_line.app, words, env={"PANTHEON_DATA_DIR": "/nowhere"})
        assert f"{expected}  (command line)" in shown.output


def test_an_error_is_words_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --debug it comes in full instead."""

    def fail() -> None:
        raise NOT_FOUND("There is no such thing.")

    monkeypatch.setattr(command_line, "app", fail)
    monkeypatch.setattr(sys, "argv", ["pantheon", "ask"])
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    assert ended.value.code == 1
    assert capsys.readouterr().err == "There is no such thing.\n"
    monkeypatch.setattr(sys, "argv", ["pantheon", "ask", "--debug"])
    with pytest.raises(Exception, match="no such thing"):
        command_line.main()


def test_the_version_is_told() -> None:
    """`pantheon --version`."""
    shown = CliRunner().invoke(command_line.app, ["--version"])
    assert shown.output.startswith("pantheon 0.")


def test_an_end_by_ctrl_c_is_130_whatever_it_met(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that was being cancelled already hides the signal from asyncio."""

    def cut() -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr(command_line, "app", cut)
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    assert ended.value.code == command_line.CUT_SHORT
