"""Asking the person at the terminal whether a waiting turn goes on."""

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from threading import Thread
from typing import Any

ASK = "Go on? a = approve, s = stop, n = approve with a note: "
NOTE = "Note: "
ANSWERS = {"a": "approve", "approve": "approve", "s": "stop", "stop": "stop"}


class Keyboard:
    """Lines from the terminal, for one question after another.

    A read cannot be taken back: where a question is settled elsewhere, the next one goes on with
    the read that has begun.
    """

    def __init__(self, descriptor: int) -> None:
        """Read from this file descriptor."""
        self._descriptor = descriptor
        self._line: asyncio.Future[str | None] | None = None

    async def line(self) -> str | None:
        """Return the next line without its end, `None` where there is no more."""
        if self._line is None or self._line.done():
            # What was typed before it was asked for answers nothing.
            self._line = asyncio.get_running_loop().create_future()
            # A daemon and no buffer: leaving the program does not wait for a line.
            Thread(target=self._read, args=(self._line,), daemon=True).start()
        return await asyncio.shield(self._line)

    def _read(self, line: "asyncio.Future[str | None]") -> None:
        try:
            data = os.read(self._descriptor, 65_536)
        except OSError:
            data = b""
        text = data.decode(errors="replace").rstrip("\r\n") if data else None
        with suppress(RuntimeError):
            # The loop is gone where the program has ended meanwhile.
            line.get_loop().call_soon_threadsafe(_settle, line, text)


def _settle(line: "asyncio.Future[str | None]", text: str | None) -> None:
    if not line.done():
        line.set_result(text)


async def ask_user(keyboard: Keyboard, approval: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the word of the person at the keyboard, as the API takes it; `None`: they are gone."""
    while (answer := await _answer(keyboard, ASK)) is not None:
        word = answer.strip().lower()
        if word in ANSWERS:
            return {"id": approval["id"], "action": ANSWERS[word]}
        if word in ("n", "note"):
            note = await _answer(keyboard, NOTE)
            if note is not None and note.strip():
                return {"id": approval["id"], "action": "approve", "note": note.strip()}
    return None


def how_to_answer(turn_id: str, approval: Mapping[str, Any], tell: Callable[[str], None]) -> None:
    """Tell how a waiting turn is answered from elsewhere."""
    tell(
        f"The turn waits for your word until {approval['expires_at']}. Give it in the browser"
        " ('pantheon open'), or send"
        f' {{"id": "{approval["id"]}", "action": "approve"}} (or "stop") by POST to'
        f" /api/v1/turns/{turn_id}/approval."
    )


async def _answer(keyboard: Keyboard, question: str) -> str | None:
    sys.stderr.write(question)
    sys.stderr.flush()
    try:
        return await keyboard.line()
    except asyncio.CancelledError:
        # Settled without them: what is told next begins on a line of its own.
        sys.stderr.write("\n")
        raise
