"""Writing a model's text on a terminal: inert, whole words, a coloured bar before each line."""

import re

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

BAR = "▌ "
LONGEST_HELD_WORD = 40

_PIECES = re.compile(r"\n|[^\S\n]+|\S+")
# Terminals obey control characters, and bidirectional overrides show other text than there is.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def inert(text: str) -> str:
    """Return text that a terminal shows and does not obey."""
    return _UNSAFE.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n"))


class Pen:
    """Writes text that comes in pieces; on a terminal it breaks the lines at words itself."""

    def __init__(self, console: Console) -> None:
        """Write to `console`; into a file or a pipe without bars and line breaks of our own."""
        self.console = console
        self.color = ""
        self._column = 0
        self._word = ""

    def line(self, text: Text) -> None:
        """Write a line of its own."""
        self.end_line()
        self.console.print(text, soft_wrap=True)

    def write(self, text: str) -> None:
        """Write text that goes on: its last word may be held back until it is whole."""
        text = inert(text)
        if not text:
            return
        if not self.console.is_terminal:
            self._put(text)
            self._column = 0 if text.endswith("\n") else 1
            return
        pieces = _PIECES.findall(self._word + text)
        self._word = ""
        if not pieces[-1].isspace() and len(pieces[-1]) < LONGEST_HELD_WORD:
            self._word = pieces.pop()
        for piece in pieces:
            self._place(piece)

    def end_line(self) -> None:
        """Write what is held back and end the line, if one was begun."""
        if self._word:
            self._place(self._word)
            self._word = ""
        if self._column:
            self._break()

    def _place(self, piece: str) -> None:
        if piece == "\n":
            if self._column == 0:
                self._put(BAR, self.color)
            self._break()
            return
        width = cell_len(piece)
        if self._column and self._column + width > self.console.width - len(BAR) - 1:
            self._break()
            if piece.isspace():
                return
        if self._column == 0:
            self._put(BAR, self.color)
        self._put(piece)
        self._column += width

    def _break(self) -> None:
        self._put("\n")
        self._column = 0

    def _put(self, text: str, style: str = "") -> None:
        self.console.print(Text(text, style), end="", soft_wrap=True)
