"""Runs a `pantheon` command that can be looked into: `python -m benchmarks.profiled FOLDER up …`.

SIGUSR1 begins one of the three ways of looking, which the file `look` in FOLDER names; the next
SIGUSR1 ends it and writes what was seen beside it. In between the process runs as it always does.
"""

import cProfile
import json
import signal
import sys
from collections import Counter
from pathlib import Path
from time import perf_counter
from types import FrameType
from typing import Any, Protocol

import psycopg

from pantheon.cli.main import main

LOOK = "look"
SAMPLE_SECONDS = 0.001

Frames = tuple[tuple[str, int, str], ...]


class Look(Protocol):
    """A way of looking."""

    def begin(self) -> None:
        """Begin to look."""

    def end(self, path: Path) -> None:
        """End, and write what was seen."""


class Samples:
    """Where the process is, once in a millisecond of CPU time: neither waiting counts nor calls."""

    def __init__(self) -> None:
        self._stacks: Counter[Frames] = Counter()

    def begin(self) -> None:
        """Begin to look."""
        signal.signal(signal.SIGPROF, self._take)
        signal.setitimer(signal.ITIMER_PROF, SAMPLE_SECONDS, SAMPLE_SECONDS)

    def end(self, path: Path) -> None:
        """End, and write the stacks, the innermost function first, with how often each was seen."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        path.write_text(json.dumps([[list(stack), n] for stack, n in self._stacks.items()]))
        self._stacks.clear()

    def _take(self, _: int, frame: FrameType | None) -> None:
        stack = []
        while frame is not None:
            code = frame.f_code
            stack.append((code.co_filename, code.co_firstlineno, code.co_name))
            frame = frame.f_back
        self._stacks[tuple(stack)] += 1


class Calls:
    """Every call, counted; the times that go with it are those of a process that is slowed down."""

    def begin(self) -> None:
        """Begin to look."""
        self._profile = cProfile.Profile()
        self._profile.enable()

    def end(self, path: Path) -> None:
        """End, and write the profile as cProfile does."""
        self._profile.disable()
        self._profile.dump_stats(path)


class Statements:
    """What goes to PostgreSQL, by the monotonic clock that all processes of a machine share."""

    def __init__(self) -> None:
        self._seen: list[tuple[float, float, str]] | None = None
        execute = psycopg.AsyncCursor.execute

        async def timed(cursor: Any, query: Any, *arguments: Any, **options: Any) -> Any:
            began = perf_counter()
            try:
                return await execute(cursor, query, *arguments, **options)
            finally:
                if self._seen is not None:
                    self._seen.append((began, perf_counter(), str(query)))

        psycopg.AsyncCursor.execute = timed  # type: ignore[assignment, method-assign]

    def begin(self) -> None:
        """Begin to look."""
        self._seen = []

    def end(self, path: Path) -> None:
        """End, and write `[began, ended, text]` of each statement."""
        path.write_text(json.dumps(self._seen))
        self._seen = None


class Looking:
    """Switches between looking and not."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._looks: dict[str, Look] = {
            "samples": Samples(),
            "calls": Calls(),
            "statements": Statements(),
        }
        self._now: str | None = None

    def switch(self, *_: Any) -> None:
        """Begin what the file names, or end what was begun."""
        if self._now is None:
            self._now = (self._folder / LOOK).read_text()
            self._looks[self._now].begin()
            return
        path = self._folder / self._now
        part = path.with_suffix(".part")
        self._looks[self._now].end(part)
        part.rename(path)
        self._now = None


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, Looking(Path(sys.argv.pop(1))).switch)
    main()
