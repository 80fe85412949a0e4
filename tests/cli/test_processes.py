"""Processes that serve, killed and stopped in the middle of a turn."""

import json
import signal
import subprocess
import time
from typing import Any

from tests.cli.commands import Commands, Result, Up


def make_room(commands: Commands, up: Up, *models: str) -> None:
    """Make the room `Table` with an agent for each model."""
    key = commands.run("key", "create", "--name", "room", "--scope", "write").out.strip()
    room = up.post("/rooms", key, {"name": "Table"})
    for i, model in enumerate(models):
        agent = up.post("/agents", key, {"key": f"a{i}", "name": f"A{i}", "model": model})
        up.post(f"/rooms/{room['id']}/agents", key, {"agent_id": agent["id"]})


def asked(commands: Commands) -> tuple[subprocess.Popen[bytes], list[bytes]]:
    """Ask the room; return when the second agent's first words were read."""
    process = commands.start("ask", "Table", "What now?", "--json")
    assert process.stdout is not None
    lines: list[bytes] = []
    speakers: set[str] = set()
    while len(speakers) < 2:
        lines.append(process.stdout.readline())
        assert lines[-1], process.communicate(timeout=10)
        event = json.loads(lines[-1])
        if event["event"] == "step.delta":
            speakers.add(event["data"]["step_id"])
    return process, lines


def told(process: subprocess.Popen[bytes], lines: list[bytes]) -> tuple[Result, dict[str, Any]]:
    """Wait for the end of `ask`; return it and the turn that it was told of at last."""
    out, err = process.communicate(timeout=60)
    result = Result(process.returncode, (b"".join(lines) + out).decode(), err.decode())
    assert result.code == 0, result.err
    return result, result.events()[-1]["data"]["turn"]


def test_a_killed_server_takes_its_turn_up_again(embedded: Commands) -> None:
    """kill -9 in mid-turn, started again: the reader goes on, nothing finished is asked twice."""
    with embedded.up() as up:
        port = up.url.rpartition(":")[2]
        make_room(embedded, up, "lab/ok", "lab/paced-20-20-100", "lab/ok")
        process, lines = asked(embedded)
        code, _ = up.stop(signal.SIGKILL)
    assert code == -signal.SIGKILL
    with embedded.up("--port", port):
        result, turn = told(process, lines)
    assert "The connection is lost" in result.err
    assert turn["status"] == "completed"
    assert [step["attempts"] for step in turn["steps"]] == [1, 2, 1]
    restarted = [e["data"]["step_id"] for e in result.events() if e["event"] == "step.restarted"]
    assert restarted == [turn["steps"][1]["id"]]


def test_a_stop_in_mid_turn_loses_nothing(alone: Commands) -> None:
    """SIGTERM: the process ends in time, the call that was cut is made again by the next one."""
    with alone.up() as up:
        port = up.url.rpartition(":")[2]
        make_room(alone, up, "lab/ok", "lab/paced-20-20-150", "lab/ok")
        process, lines = asked(alone)
        began = time.monotonic()
        code, said = up.stop()
        seconds = time.monotonic() - began
    assert code == 0, said
    assert seconds < 0.5 + 2
    with alone.up("--port", port):
        _, turn = told(process, lines)
    assert turn["status"] == "completed"
    assert [step["attempts"] for step in turn["steps"]] == [1, 2, 1]


def test_the_second_ctrl_c_leaves_at_once(alone: Commands) -> None:
    """Whoever cannot wait for the grace time does not have to."""
    patient = Commands(alone.data_dir, alone.environment | {"PANTHEON_GRACE_SECONDS": "60"})
    with patient.up() as up:
        make_room(patient, up, "lab/ok", "lab/stall-mid")
        reader, _ = asked(patient)
        try:
            up.process.send_signal(signal.SIGINT)
            assert up.process.stderr is not None
            while b"Stopping" not in up.process.stderr.readline():
                assert up.process.poll() is None
            code, said = up.stop(signal.SIGINT)
        finally:
            reader.kill()
            reader.communicate()
    assert code == 130
    assert "Traceback" not in said
