"""Processes that serve, killed and stopped in the middle of a turn."""

import json
import signal
import subprocess
import time
from typing import Any

from tests.cli.commands import Commands, Result


def asked(commands: Commands, *words: str) -> tuple[subprocess.Popen[bytes], list[bytes]]:
    """Ask, and return when the second step's first text was read."""
    process = commands.start("ask", *words, "--json")
    assert process.stdout is not None
    lines: list[bytes] = []
    steps: set[str] = set()
    while len(steps) < 2:
        lines.append(process.stdout.readline())
        assert lines[-1], process.communicate(timeout=10)
        event = json.loads(lines[-1])
        if event["event"] == "step.delta":
            steps.add(event["data"]["step_id"])
    return process, lines


def ended(process: subprocess.Popen[bytes], lines: list[bytes]) -> tuple[Result, dict[str, Any]]:
    """Wait for the end of `ask`; return it and the turn that it was told of at last."""
    out, err = process.communicate(timeout=60)
    result = Result(process.returncode, (b"".join(lines) + out).decode(), err.decode())
    return result, result.events()[-1]["data"]["turn"]


def test_a_killed_server_takes_its_turn_up_again(embedded: Commands) -> None:
    """kill -9 in mid-turn, started again: the reader goes on, nothing finished is asked twice."""
    with embedded.up() as up:
        port = up.url.rpartition(":")[2]
        process, lines = asked(embedded, "Example room", "What is this?")
        code, _ = up.stop(signal.SIGKILL)
    assert code == -signal.SIGKILL
    with embedded.up("--port", port):
        result, turn = ended(process, lines)
    assert result.code == 0, result.err
    assert "The connection is lost" in result.err
    assert turn["status"] == "completed"
    assert [step["attempts"] for step in turn["steps"]] == [1, 2, 1]
    restarted = [e["data"]["step_id"] for e in result.events() if e["event"] == "step.restarted"]
    assert restarted == [turn["steps"][1]["id"]]


def test_a_stop_in_mid_turn_loses_nothing(commands: Commands, embedded: Commands) -> None:
    """SIGTERM: the process ends in time, the cut step waits, the next start answers it."""
    slow = commands.environment | {"PANTHEON_DATABASE_URL": ""}
    del slow["PANTHEON_DATABASE_URL"]
    here = Commands(embedded.data_dir, slow)
    with here.up() as up:
        port = up.url.rpartition(":")[2]
        process, lines = asked(here, "Example room", "What is this?")
        began = time.monotonic()
        code, said = up.stop()
        seconds = time.monotonic() - began
    assert code == 0, said
    assert seconds < 2 + 2
    with here.up("--port", port):
        result, turn = ended(process, lines)
    assert result.code == 0, result.err
    assert turn["status"] == "completed"
    assert turn["steps"][0]["attempts"] == 1
