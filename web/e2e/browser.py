"""Finding a Chromium, and getting one where there is none."""

import os
import shutil
import subprocess
from pathlib import Path

from playwright.sync_api import Browser, Error, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
ARGUMENTS = (
    # Nothing here needs a sandbox or the outside, and a machine for tests may have neither.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # The same picture on every machine.
    "--font-render-hinting=none",
    "--force-color-profile=srgb",
)
HELP = (
    "There is no Chromium for the tests of the page. Do one of these, then run them again:\n"
    "  set CHROMIUM to the path of a Chromium or Chrome, or put one on PATH;\n"
    "  .venv/bin/playwright install --with-deps chromium;\n"
    "  on Debian, as root: apt-get install chromium."
)


class NoBrowser(Exception):
    """No browser could be had; the message says what to do."""


def launch(playwright: Playwright) -> Browser:
    """Start a headless Chromium: the one of `CHROMIUM` or on PATH, else Playwright's own, else
    Debian's package where we are root. Raises NoBrowser with what was tried."""
    named = os.environ.get("CHROMIUM")
    if named:
        return _start(playwright, named)
    found = on_path()
    if found:
        return _start(playwright, found)
    own = Path(playwright.chromium.executable_path)
    tried = [] if own.exists() else [_run("playwright", "install", "chromium")]
    if own.exists():
        return _start(playwright, str(own))
    if os.geteuid() == 0 and shutil.which("apt-get"):
        tried += [_run("apt-get", "update"), _run("apt-get", "install", "-y", "chromium")]
        found = on_path()
        if found:
            return _start(playwright, found)
    raise NoBrowser("\n".join([HELP, *filter(None, tried)]))


def on_path() -> str | None:
    """Return the path of the first known name of a Chromium that is on PATH."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def _start(playwright: Playwright, path: str) -> Browser:
    try:
        return playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
    except Error as error:
        raise NoBrowser(f"{path} does not start.\n{HELP}\n{error.message}") from error


def _run(*command: str) -> str:
    """Run a command that installs; return what it said last if it failed, else nothing."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode == 0:
        return ""
    return f"'{' '.join(command)}' failed: {(done.stderr or done.stdout).strip()[-500:]}"
