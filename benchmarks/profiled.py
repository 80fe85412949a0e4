"""Runs a `pantheon` command that can be looked into: `python -m benchmarks.profiled FOLDER up …`.

SIGUSR1 begins a profile by function and, the next time, writes it to FOLDER; SIGUSR2 does the
same for a list of all statements with their times. In between the process runs as it always does.
"""

import cProfile
import json
import signal
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

import psycopg

from pantheon.cli.main import main

STATEMENTS = "statements.json"


def profile_name(number: int) -> str:
    """Return the file name of the `number`-th profile by function, from 1."""
    return f"functions-{number}.prof"


class Profiles:
    """Profiles by function, switched on and off."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: cProfile.Profile | None = None
        self._count = 0

    def switch(self, *_: Any) -> None:
        """Begin a profile, or end it and write it."""
        if self._running is None:
            self._running = cProfile.Profile()
            self._running.enable()
            return
        self._running.disable()
        self._count += 1
        path = self._folder / profile_name(self._count)
        self._running.dump_stats(path.with_suffix(".part"))
        path.with_suffix(".part").rename(path)
        self._running = None


class Statements:
    """What goes to PostgreSQL, by the monotonic clock that all processes of a machine share."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / STATEMENTS
        self._seen: list[tuple[float, float, str]] | None = None

    def switch(self, *_: Any) -> None:
        """Begin to list, or end and write the list."""
        if self._seen is None:
            self._seen = []
            return
        part = self._path.with_suffix(".part")
        part.write_text(json.dumps(self._seen))
        part.rename(self._path)
        self._seen = None

    def watch(self) -> None:
        """See every statement of this process from now on."""
        execute = psycopg.AsyncCursor.execute

        async def timed(cursor: Any, query: Any, *arguments: Any, **options: Any) -> Any:
            began = perf_counter()
            try:
                return await execute(cursor, query, *arguments, **options)
            finally:
                if self._seen is not None:
                    self._seen.append((began, perf_counter(), str(query)))

        psycopg.AsyncCursor.execute = timed  # type: ignore[assignment, method-assign]


if __name__ == "__main__":
    where = Path(sys.argv.pop(1))
    statements = Statements(where)
    statements.watch()
    signal.signal(signal.SIGUSR1, Profiles(where).switch)
    signal.signal(signal.SIGUSR2, statements.switch)
    main()
