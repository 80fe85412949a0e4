"""`server.json` in the data directory: where the running server is, for commands beside it."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from pantheon.base.errors import ProblemType

NO_SERVER = ProblemType("no_server", 503, "No server is running")

NAME = "server.json"


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server's own address (without a trailing slash) and its process."""

    url: str
    pid: int


@contextmanager
def announced(data_dir: Path, url: str) -> Iterator[None]:
    """Name this process as the directory's server inside the `with`; readable by its owner only."""
    path = data_dir / NAME
    mine = RunningServer(url, os.getpid())
    fresh = path.with_suffix(f".{mine.pid}")
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(asdict(mine)) + "\n")
    fresh.replace(path)
    try:
        yield
    finally:
        if read(data_dir) == mine:
            path.unlink(missing_ok=True)


def read(data_dir: Path) -> RunningServer | None:
    """Return the directory's server if its process is alive, else `None`.

    Raises PermissionError where the file is another user's.
    """
    try:
        found = json.loads((data_dir / NAME).read_text())
        server = RunningServer(str(found["url"]), int(found["pid"]))
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
        return None
    return server if _is_alive(server.pid) else None


def find(data_dir: Path) -> RunningServer:
    """Return the directory's live server. Raises `no_server`."""
    server = read(data_dir)
    if server is None:
        raise NO_SERVER(
            f"No server runs with the data directory {data_dir}. Start one with 'pantheon up', or"
            " name another directory with --data-dir."
        )
    return server


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
