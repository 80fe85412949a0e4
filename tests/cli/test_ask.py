"""`pantheon ask` as people use it: all modes, failures, pipes, Ctrl-C, and a line that breaks."""

import json
import signal
import socket
from typing import Any
from uuid import uuid4

import pytest

from tests.cli.commands import Commands, Result, Up
from tests.cli.conftest import Rooms
from tests.cli.proxy import CuttingProxy


def unique(prefix: str) -> str:
    """Return a name of the test's own: the server is shared."""
    return f"{prefix} {uuid4().hex[:8]}"


@pytest.fixture(autouse=True)
def _running(up: Up) -> None:
    """Every test here needs the server."""


@pytest.fixture(scope="session")
def key(commands: Commands, up: Up) -> str:
    """An API key of the running server."""
    return commands.run("key", "create", "--name", "tests").out.strip()


def texts(result: Result) -> dict[str, str]:
    """Return the text that each step's deltas bring."""
    found: dict[str, str] = {}
    for event in result.events():
        if event["event"] == "step.delta":
            data = event["data"]
            found.setdefault(data["step_id"], "")
            assert data["offset"] == len(found[data["step_id"]])
            found[data["step_id"]] += data["text"]
    return found


def last_turn(result: Result) -> dict[str, Any]:
    """Return the turn that the last event carries."""
    last = result.events()[-1]
    assert last["event"] == "turn.completed"
    return last["data"]["turn"]


def test_one_agent_alone(commands: Commands, rooms: Rooms) -> None:
    """`@key` opens a session with that agent: its block, its cost, the summary."""
    rooms.agent("solo", "lab/echo")
    result = commands.run("ask", "@solo", "Just [this] text.")
    assert result.code == 0, result.err
    head, text, cost, empty, summary = result.out.splitlines()
    assert head == "● Solo  @solo · lab/echo"
    assert text == "Just [this] text."
    assert " out tokens · no price known · " in cost
    assert empty == ""
    assert summary.startswith("■ completed · direct · 1 of 1 answered · ")
    assert " · session " in summary
    assert result.err == ""


def test_two_tags(commands: Commands, rooms: Rooms) -> None:
    """Only the tagged agents answer, shown in the order of the tags; others are told of."""
    name = unique("Tags")
    keys = rooms.room(name, ["lab/ok"] * 3)
    result = commands.run("ask", name, f"@{keys[2]} and @{keys[0]}, and @nobody?")
    assert result.code == 0, result.err
    heads = [line for line in result.out.splitlines() if line.startswith("●")]
    assert [line.split("@")[1].split(" ")[0] for line in heads] == [keys[2], keys[0]]
    assert "■ completed · manual · 2 of 2 answered" in result.out
    assert result.err == "Note: Nobody here is called @nobody.\n"


def test_a_round_table_of_five_with_one_failure(commands: Commands, rooms: Rooms) -> None:
    """The others answer, those after the failed one are told of it, the exit code is 1."""
    name = unique("Five")
    keys = rooms.room(name, ["lab/ok", "lab/status-400", "lab/ok", "lab/ok-3", "lab/echo-all"])
    result = commands.run("ask", name, "What now?")
    assert result.code == 1
    lines = result.out.splitlines()
    heads = [line for line in lines if line.startswith("●")]
    assert [line.split("@")[1].split(" ")[0] for line in heads] == keys
    assert sum(line.startswith("  ✗ ") for line in lines) == 1
    assert lines[-1].startswith("■ partial · roundtable · 4 of 5 answered · ")
    told = result.out[result.out.index(f"@{keys[4]}") :]
    assert keys[1] in told
    assert "failed" in told


def test_events_as_lines(commands: Commands, rooms: Rooms) -> None:
    """Each line is one event; the text is whole by offset, the last event has the turn."""
    name = unique("Lines")
    rooms.room(name, ["lab/paced-10-10-20", "lab/hostile"])
    result = commands.run("ask", name, "Go.", "--json")
    assert result.code == 0, result.err
    assert result.out.isascii()
    turn = last_turn(result)
    contents = {step["id"]: step["message"]["content"] for step in turn["steps"]}
    assert texts(result) == contents
    names = [event["event"] for event in result.events()]
    assert names[0] == "turn.created"
    assert names.count("step.completed") == 2
    assert names.count("turn.started") == 1


def test_the_message_from_a_pipe_and_a_session_that_goes_on(
    commands: Commands, rooms: Rooms
) -> None:
    """Without a text the standard input is read; `--session` continues."""
    name = unique("Pipe")
    rooms.room(name, ["lab/echo"])
    first = commands.run("ask", name, "--json", stdin="from a\npipe\n")
    assert last_turn(first)["input"] == "from a\npipe"
    session = last_turn(first)["session_id"]
    second = commands.run("ask", name, "and on", "--json", "--session", session)
    assert last_turn(second)["index"] == 2
    assert last_turn(second)["parent_id"] == last_turn(first)["id"]


def test_another_mode_for_one_turn(commands: Commands, rooms: Rooms) -> None:
    """`--mode` counts before the room's own; a mode that is not there is refused."""
    name = unique("Mode")
    keys = rooms.room(name, ["lab/ok", "lab/ok"])
    result = commands.run("ask", name, f"@{keys[0]} hello", "--mode", "roundtable", "--json")
    assert last_turn(result)["mode"] == "roundtable"
    assert len(last_turn(result)["steps"]) == 2
    refused = commands.run("ask", name, "hello", "--mode", "shouting")
    assert refused.code == 1
    assert "shouting" in refused.err
    assert "roundtable" in refused.err


def test_refusals_are_words(commands: Commands, rooms: Rooms) -> None:
    """No traceback: what is wrong and what there is instead."""
    name = unique("Words")
    keys = rooms.room(name, ["lab/ok"])
    for words, told in (
        (("ask", "nowhere", "hi"), f"There is no room or agent 'nowhere'. There are: '{name}'"),
        (("ask", name, " "), "The message is empty."),
        (("ask", name, "@nobody hi", "--mode", "manual"), f"@{keys[0]}"),
        (("ask", name, "hi", "--session", "abc"), "'abc' is not the id of a session."),
        (("ask", name, "hi", "--session", str(uuid4())), "There is no session"),
        (("ask", name, "hi", "--url", "http://127.0.0.1:9"), "PANTHEON_API_KEY"),
    ):
        result = commands.run(*words)
        assert result.code == 1, words
        assert told in result.err, words
        assert result.out == ""
        assert "Traceback" not in result.err


def test_ctrl_c_cancels_the_turn(commands: Commands, rooms: Rooms) -> None:
    """It is cancelled on the server, the text so far is kept, the exit code is 130."""
    name = unique("Long")
    rooms.room(name, ["lab/paced-10-20-5000", "lab/ok"])
    process = commands.start("ask", name, "Talk.", "--json")
    assert process.stdout is not None
    lines = []
    while not lines or json.loads(lines[-1])["event"] != "step.delta":
        lines.append(process.stdout.readline())
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    result = Result(process.returncode, (b"".join(lines) + out).decode(), err.decode())
    assert result.code == 130
    assert "Cancelling the turn" in result.err
    turn = last_turn(result)
    assert turn["status"] == "cancelled"
    assert [step["status"] for step in turn["steps"]] == ["cancelled", "cancelled"]
    assert turn["steps"][0]["message"]["content"].startswith("w0")


def test_ctrl_c_before_there_is_a_turn(commands: Commands) -> None:
    """A server that does not answer does not hold anybody."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        process = commands.start("ask", "a", "b", "--url", url, PANTHEON_API_KEY="pan_x")
        silent.accept()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)
    assert process.returncode == 130
    assert out == err == b""


def test_another_server_by_address_and_key(
    commands: Commands, rooms: Rooms, up: Up, key: str
) -> None:
    """As from a machine without a data directory; a wrong key is told in words."""
    name = unique("Far")
    rooms.room(name, ["lab/ok"])
    there = ("ask", name, "hi", "--json", "--url", up.url)
    elsewhere = Commands(commands.data_dir.parent / "elsewhere" / "data")
    elsewhere.data_dir.parent.mkdir()
    result = elsewhere.run(*there, PANTHEON_API_KEY=key)
    assert result.code == 0, result.err
    assert last_turn(result)["status"] == "completed"
    assert not elsewhere.data_dir.exists()
    refused = elsewhere.run(*there, PANTHEON_API_KEY="pan_wrong")
    assert refused.code == 1
    assert "API key is unknown or was revoked" in refused.err


@pytest.mark.parametrize("after_bytes", [3_000, 9_000])
def test_a_broken_line_is_joined_again(
    commands: Commands, rooms: Rooms, up: Up, key: str, after_bytes: int
) -> None:
    """The connection is cut in mid-answer: every event comes once, the text is whole."""
    name = unique("Cut")
    rooms.room(name, ["lab/paced-50-10-100", "lab/ok"])
    with CuttingProxy(up.url, after_bytes) as proxy:
        result = commands.run(
            "ask", name, "Go.", "--json", "--url", proxy.url, PANTHEON_API_KEY=key
        )
    assert result.code == 0, result.err
    assert proxy.cuts >= 1
    assert "The connection is lost" in result.err
    turn = last_turn(result)
    assert texts(result) == {step["id"]: step["message"]["content"] for step in turn["steps"]}
    once = [event["id"] for event in result.events() if event["event"] != "step.delta"]
    assert len(once) == len(set(once))
