"""Asking the person at the terminal: what counts as a word, and a whole turn at a keyboard."""

import asyncio
import os
import pty
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pantheon.cli.approval import ASK, NOTE, Keyboard, ask_user, how_to_answer
from tests.cli.commands import Commands, Up
from tests.cli.conftest import Rooms
from tests.cli.test_ask import unique

MANAGED = {"mode": "orchestrator", "modes": ("orchestrator",), "goal": "Ship.", "approve": "plan"}
APPROVAL = {"id": "step-1", "expires_at": "2026-01-01T00:00:00.000Z"}


@contextmanager
def typing() -> Iterator[tuple[int, int]]:
    """Give a terminal: where a person types, and where a program reads."""
    person, program = pty.openpty()
    try:
        yield person, program
    finally:
        os.close(person)
        os.close(program)


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        (["a"], {"action": "approve"}),
        ([" Approve "], {"action": "approve"}),
        (["s"], {"action": "stop"}),
        (["n", "Mind the price."], {"action": "approve", "note": "Mind the price."}),
        # What is no word is asked again, an empty line and an empty note as well.
        (["", "stpo", "n", " ", "stop"], {"action": "stop"}),
    ],
)
async def test_words(capfd: pytest.CaptureFixture[str], typed: list[str], word: dict) -> None:
    with typing() as (person, program):
        asked = asyncio.create_task(ask_user(Keyboard(program), APPROVAL))
        shown = ""
        for line in typed:
            while not shown.endswith((ASK, NOTE)):
                await asyncio.sleep(0.005)
                shown += capfd.readouterr().err
            shown = ""
            os.write(person, f"{line}\n".encode())
        assert await asyncio.wait_for(asked, 5) == {"id": "step-1", **word}


async def test_nobody_is_there_any_more() -> None:
    with typing() as (person, program):
        os.write(person, b"\x04")
        assert await asyncio.wait_for(ask_user(Keyboard(program), APPROVAL), 5) is None


async def test_a_question_that_is_settled_elsewhere_leaves_the_keyboard_to_the_next() -> None:
    with typing() as (person, program):
        keyboard = Keyboard(program)
        first = asyncio.create_task(keyboard.line())
        await asyncio.sleep(0)
        first.cancel()
        second = asyncio.create_task(keyboard.line())
        await asyncio.sleep(0)
        os.write(person, b"a\n")
        assert await asyncio.wait_for(second, 5) == "a"


def test_how_to_answer_names_what_to_send() -> None:
    told: list[str] = []
    how_to_answer("turn-1", APPROVAL, told.append)
    assert '{"id": "step-1", "action": "approve"}' in told[0]
    assert "/api/v1/turns/turn-1/approval" in told[0]
    assert "2026-01-01" in told[0]


def asked_room(rooms: Rooms) -> str:
    """Make a room whose manager's plan waits for the user; return its name."""
    name = unique("Plan")
    rooms.room(name, ["demo/fast"] * 2, **MANAGED)
    return name


@pytest.mark.usefixtures("up")
def test_a_plan_is_approved_at_the_keyboard(commands: Commands, rooms: Rooms) -> None:
    """The plan is shown, the word is taken, and the turn goes on before one's eyes."""
    with typing() as (person, program):
        process = commands.start("ask", asked_room(rooms), "Ship it?", stdin=program)
        assert process.stderr is not None
        assert process.stderr.read(len(ASK)).decode() == ASK
        os.write(person, b"n\n")
        assert process.stderr.read(len(NOTE)).decode() == NOTE
        os.write(person, b"Mind the price.\n")
        out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    shown = out.decode()
    heads = [line[:9] for line in shown.splitlines() if line[:1] in "◆?●■"]
    assert [head[0] for head in heads if head] == list("◆?●●◆●■")
    assert "  Each view is wanted once.\n  → @" in shown
    assert "  approved\n  note: Mind the price.\n" in shown
    assert "■ completed · orchestrator · 3 of 3 answered · calls: 2 decisions, 2 answers" in shown


@pytest.mark.usefixtures("up")
def test_a_stop_at_the_keyboard(commands: Commands, rooms: Rooms) -> None:
    with typing() as (person, program):
        process = commands.start("ask", asked_room(rooms), "Ship it?", stdin=program)
        assert process.stderr is not None
        assert process.stderr.read(len(ASK)).decode() == ASK
        os.write(person, b"s\n")
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "  stopped\n" in out.decode()
    assert "stopped: stopped" in out.decode()


@pytest.mark.usefixtures("up")
def test_ctrl_c_at_the_question_cancels_the_turn(commands: Commands, rooms: Rooms) -> None:
    with typing() as (_, program):
        process = commands.start("ask", asked_room(rooms), "Ship it?", stdin=program)
        assert process.stderr is not None
        assert process.stderr.read(len(ASK)).decode() == ASK
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "■ cancelled" in out.decode()
    assert "Cancelling the turn" in err.decode()


@pytest.mark.parametrize("as_json", [True, False])
def test_without_a_terminal_it_says_how_to_answer(
    commands: Commands, rooms: Rooms, up: Up, as_json: bool
) -> None:
    """The turn is not ended by that: it waits, and goes on by the word that was told."""
    name = asked_room(rooms)
    words = ("ask", name, "Ship it?", *(["--json"] if as_json else []))
    result = commands.run(*words)
    assert result.code == 1
    assert "/approval" in result.err
    if not as_json:
        assert result.out.endswith("? Your word is asked for\n")
        return
    last = result.events()[-1]
    assert last["event"] == "turn.awaiting_input"
    approval, turn_id = last["data"]["approval"], last["data"]["turn_id"]
    assert f'{{"id": "{approval["id"]}", "action": "approve"}}' in result.err
    key = commands.run("key", "create", "--name", "word", "--scope", "write").out.strip()
    body = {"id": approval["id"], "action": "approve"}
    assert up.post(f"/turns/{turn_id}/approval", key, body)["status"] in ("queued", "running")
