"""Words for the person at the terminal: progress and errors go to stderr, results to stdout."""

import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import typer

from pantheon.base.errors import Problem

if TYPE_CHECKING:
    from pantheon.base.settings import Settings


def say(text: str) -> None:
    """Tell of progress."""
    typer.echo(text, err=True)


def start_logging(debug: bool, *, service: bool = False, secrets: Iterable[str] = ()) -> None:
    """Send logs to stderr: as text, a service's as JSON lines where nobody sits before it."""
    from pantheon.base.log import configure_logging

    configure_logging(debug=debug, json=service and not sys.stderr.isatty(), secrets=tuple(secrets))


def begin_service(debug: bool, **given: Any) -> "Settings":
    """Read the settings of a process that serves, and send its logs where they belong.

    Raises `settings_invalid`.
    """
    from pantheon.ops.effective import secrets_of
    from pantheon.ops.load_settings import load_settings

    settings = load_settings(**given)
    start_logging(debug, service=True, secrets=secrets_of(settings, os.environ))
    return settings


def explain(error: BaseException) -> str:
    """Return an error in plain words: what is the matter, then what to do."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    if isinstance(error, Problem):
        return error.detail
    from pantheon.base.log import redact

    text = redact(" ".join(str(error).split()))
    if type(error).__module__.partition(".")[0] in ("psycopg", "psycopg_pool"):
        return f"The database does not answer as it should: {text}\nRun 'pantheon doctor'."
    if isinstance(error, OSError):
        return f"The system refused: {text}"
    return (
        f"Pantheon failed in a way that it does not know: {type(error).__name__}: {text}\n"
        "Run the command again with --debug to see where, and please report it."
    )


def has_browser() -> bool:
    """Tell whether a person sits before this terminal with a browser of their own."""
    if not sys.stdout.isatty() or "SSH_CONNECTION" in os.environ:
        return False
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
