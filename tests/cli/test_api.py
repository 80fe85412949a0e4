"""`pantheon api` and `pantheon worker`: the halves of `up`, against one database."""

import json
import re
import signal
import subprocess

import pytest

from tests.cli.commands import Commands
from tests.cli.conftest import Rooms


def wait_for(process: subprocess.Popen[bytes], pattern: str) -> str:
    """Return what the pattern finds in the next lines of stderr."""
    assert process.stderr is not None
    said = ""
    while line := process.stderr.readline().decode():
        said += line
        if found := re.search(pattern, line):
            return found[1]
    pytest.fail(said)


def stopped(process: subprocess.Popen[bytes]) -> int:
    """End a process and return its exit code."""
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    return process.returncode


def test_a_turn_waits_in_the_api_until_a_worker_comes(alone: Commands) -> None:
    """Nothing is lost in between; each half stops on SIGTERM with exit code 0."""
    Rooms(alone.environment["PANTHEON_DATABASE_URL"]).room("Halves", ["lab/ok", "lab/ok"])
    key = alone.run("key", "create", "--name", "halves").out.strip()
    api = alone.start("api", "--port", "0")
    url = wait_for(api, r"The API answers at (http://\S+)\.")
    asking = alone.start("ask", "Halves", "Go.", "--json", "--url", url, PANTHEON_API_KEY=key)
    assert asking.stdout is not None
    assert json.loads(asking.stdout.readline())["event"] == "turn.created"
    worker = alone.start("worker")
    wait_for(worker, r"(waits for turns)")
    out, err = asking.communicate(timeout=30)
    assert asking.returncode == 0, err.decode()
    assert json.loads(out.splitlines()[-1])["data"]["turn"]["status"] == "completed"
    assert stopped(worker) == 0
    assert stopped(api) == 0
