"""Errors become words that say what to do; a browser is opened for who can see it."""

import sys

import psycopg
import pytest

from pantheon.base.errors import NOT_FOUND
from pantheon.cli.terminal import explain, has_browser


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NOT_FOUND("There is no room."), "There is no room."),
        (ExceptionGroup("tasks", [NOT_FOUND("Gone.")]), "Gone."),
        (ExceptionGroup("a", [ExceptionGroup("b", [NOT_FOUND("Gone.")])]), "Gone."),
        (
            psycopg.OperationalError("connection\n refused"),
            "connection refused\nRun 'pantheon doct",
        ),
        (
            PermissionError(13, "Permission denied", "/x"),
            "The system refused: [Errno 13] Permission",
        ),
        (KeyError("oops"), "KeyError: 'oops'\nRun the command again with --debug"),
    ],
)
def test_an_error_is_told_in_words(error: Exception, words: str) -> None:
    """The cause, then what to do; no traceback."""
    told = explain(error)
    assert words in told
    assert "Traceback" not in told


def test_secrets_are_not_told() -> None:
    """An error's text may hold a password."""
    assert "canary" not in explain(OSError("cannot reach postgresql://me:canary@db/x"))


def test_a_browser_needs_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal and a display, and not over ssh."""
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert has_browser()
    monkeypatch.setenv("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22")
    assert not has_browser()
    monkeypatch.delenv("SSH_CONNECTION")
    monkeypatch.delenv("DISPLAY")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert not has_browser()
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False)
    assert not has_browser()
