"""`pantheon ask`: a turn from the terminal."""

import asyncio
import json
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from pantheon.base.errors import INVALID, NOT_FOUND, Problem
from pantheon.cli.approval import Keyboard, ask_user, how_to_answer
from pantheon.cli.options import DataDir, Debug
from pantheon.cli.signals import on_signal
from pantheon.cli.terminal import say, start_logging

if TYPE_CHECKING:
    from pantheon.cli.client import Client, Event

EXIT_CODES = {"completed": 0, "cancelled": 130}


def ask(
    room: Annotated[
        str, typer.Argument(help="Id or name of a room, or '@key' for a single agent.")
    ],
    text: Annotated[
        str | None, typer.Argument(help="The message; without it the standard input is read.")
    ] = None,
    session: Annotated[
        str | None, typer.Option("--session", help="Continue this session (its id).")
    ] = None,
    mode: Annotated[
        str | None, typer.Option("--mode", help="Another mode than the room's, for this turn.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print each event as a line of JSON.")
    ] = False,
    url: Annotated[
        str | None,
        typer.Option("--url", help="Ask another server, with the key in PANTHEON_API_KEY."),
    ] = None,
    data_dir: DataDir = None,
    debug: Debug = False,
) -> None:
    """Ask a room and watch its agents answer; Ctrl-C cancels the turn.

    A turn that waits for your word asks for it here; without a terminal, or with --json, this
    exits with 1 and says how to give it. Exits with 0 when all answered, 1 when some or all did
    not, 130 when it was cancelled.

    Example: pantheon ask "Example room" "What should we name the project?"
    """
    start_logging(debug)
    body = {"input": _message(text)} | ({"mode": mode} if mode else {})
    raise typer.Exit(asyncio.run(_ask(room, session, body, as_json, url, data_dir)))


def _message(text: str | None) -> str:
    if text is None and sys.stdin.isatty():
        raise INVALID('There is no message. Write it behind the room: pantheon ask ROOM "text".')
    try:
        if text is None:
            return sys.stdin.buffer.read().decode().rstrip("\n")
        text.encode()
    except UnicodeError as error:
        raise INVALID("The message is not UTF-8 text.") from error
    return text


async def _ask(
    room: str,
    session: str | None,
    body: Mapping[str, Any],
    as_json: bool,
    url: str | None,
    data_dir: Path | None,
) -> int:
    from pantheon.cli.client import connect, find_door

    async with connect(await find_door(data_dir, url)) as client:
        place, place_id = await _find_place(client, room)
        if session is None:
            session_id = (await client.post(f"/{place}s/{place_id}/sessions", {}))["id"]
        else:
            session_id = await _find_session(client, session, place, place_id, room)
        stop = asyncio.Event()

        def interrupt() -> None:
            if stop.is_set():
                raise KeyboardInterrupt
            stop.set()

        # From here on a turn may have been accepted: Ctrl-C has to cancel it there.
        with on_signal(signal.SIGINT, interrupt):
            turn = await client.post(f"/sessions/{session_id}/turns", body)
            for warning in turn["warnings"]:
                say(f"Note: {warning['detail']}")
            canceller = asyncio.create_task(_cancel_when(stop, client, turn["id"]))
            try:
                keyboard = None if as_json else _keyboard()
                status = await _watch(client, turn["id"], _printer(as_json), keyboard)
            finally:
                canceller.cancel()
    return EXIT_CODES.get(status, 1)


async def _find_place(client: "Client", wanted: str) -> tuple[str, str]:
    """Return `room` or `agent` and its id."""
    agents = await client.every("/agents")
    if not wanted.startswith("@"):
        rooms = await client.every("/rooms")
        found = [r for r in rooms if r["id"] == wanted.lower()] or [
            r for r in rooms if r["name"].casefold() == wanted.casefold()
        ]
        if len(found) > 1:
            ids = ", ".join(r["id"] for r in found)
            raise INVALID(f"{len(found)} rooms are named '{wanted}'. Use an id: {ids}.")
        if found:
            return "room", found[0]["id"]
    for agent in agents:
        if wanted.lower() in (agent["id"], f"@{agent['key']}"):
            return "agent", agent["id"]
    named = [f"'{r['name']}'" for r in await client.every("/rooms")]
    named += [f"@{agent['key']}" for agent in agents]
    there = f"There are: {', '.join(named)}." if named else "'pantheon demo' makes an example."
    raise NOT_FOUND(f"There is no room or agent '{wanted}'. {there}")


async def _find_session(client: "Client", wanted: str, place: str, place_id: str, room: str) -> str:
    try:
        session_id = str(UUID(wanted))
    except ValueError as error:
        raise INVALID(f"'{wanted}' is not the id of a session.") from error
    session = await client.get(f"/sessions/{session_id}")
    if session[f"{place}_id"] != place_id:
        raise INVALID(f"The session {session_id} does not belong to '{room}'.")
    return session_id


async def _cancel_when(stop: asyncio.Event, client: "Client", turn_id: str) -> None:
    await stop.wait()
    say("\nCancelling the turn … (Ctrl-C again leaves at once)")
    try:
        await client.post(f"/turns/{turn_id}/cancel", {"when": "now"})
    except Problem as problem:
        # It ended meanwhile, which the stream is about to tell, or the server is away.
        if problem.kind.code != "already_terminal":
            say(problem.detail)


def _keyboard() -> Keyboard | None:
    """Return the keyboard of who sits there, if anybody does."""
    return Keyboard(sys.stdin.fileno()) if sys.stdin.isatty() else None


async def _watch(
    client: "Client", turn_id: str, show: Callable[["Event"], None], keyboard: Keyboard | None
) -> str:
    """Show a turn to its end, or until it waits for a user who is not there; return its status."""
    asking: asyncio.Task[None] | None = None
    try:
        async for event in client.follow(turn_id, say):
            if asking is not None:
                # The word was given, here or elsewhere, or its time is over.
                asking.cancel()
            show(event)
            if event.name == "turn.completed":
                return str(event.data["turn"]["status"])
            if event.name == "turn.awaiting_input":
                if keyboard is None:
                    how_to_answer(turn_id, event.data["approval"], say)
                    return "awaiting_input"
                word = _decide(client, turn_id, event.data["approval"], keyboard)
                asking = asyncio.create_task(word)
    finally:
        if asking is not None:
            asking.cancel()
    raise AssertionError("a stream ends with turn.completed or raises")


async def _decide(
    client: "Client", turn_id: str, approval: Mapping[str, Any], keyboard: Keyboard
) -> None:
    """Let the person at the keyboard decide, again where the server does not take the word."""
    while (word := await ask_user(keyboard, approval)) is not None:
        try:
            await client.post(f"/turns/{turn_id}/approval", word)
            return
        except Problem as problem:
            say(problem.detail)
            if problem.kind.code == "approval_closed":
                return
    how_to_answer(turn_id, approval, say)


def _printer(as_json: bool) -> Callable[["Event"], None]:
    if as_json:
        return _print_line
    from rich.console import Console

    from pantheon.cli.blocks import Blocks

    blocks = Blocks(Console(highlight=False))

    def show(event: "Event") -> None:
        blocks.show(event.name, event.data)
        if event.name == "turn.completed":
            blocks.sum_up(event.data["turn"])

    return show


def _print_line(event: "Event") -> None:
    # ASCII only: whatever a model says, a terminal has nothing to obey.
    print(json.dumps({"id": event.id, "event": event.name, "data": event.data}), flush=True)
