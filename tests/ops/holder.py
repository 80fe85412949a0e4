"""A process that has the database of a data directory until its standard input ends.

`python -m tests.ops.holder DATA_DIR [own] [uid:gid]` prints one line of JSON: the server, or the
problem. With numbers it becomes that user first, after a trial run: by then all of Python that it
needs is loaded, as root's may be closed to others.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import Any, ClassVar, Self

import psycopg

from pantheon.base.errors import Problem
from pantheon.base.settings import Settings
from pantheon.ops.data_dir import own_data_dir
from pantheon.ops.embedded import database
from pantheon.ops.pg_account import Account
from pantheon.ops.pg_cluster import Cluster, read_pid_file

CHECKOUT = Path(__file__).parents[2]


class Holder:
    """Such a process, seen from a test."""

    started: ClassVar[list[Self]] = []

    def __init__(self, data_dir: Path, *, own: bool = False, account: Account | None = None):
        self.data_dir = data_dir
        arguments = ["own"] * own + ([f"{account.uid}:{account.gid}"] if account else [])
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.ops.holder", str(data_dir), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=CHECKOUT,
            env={k: v for k, v in os.environ.items() if not k.startswith(("PANTHEON_", "PG"))},
        )
        self.answer: dict[str, Any] = {}
        self.started.append(self)

    def ready(self) -> Self:
        """Wait for its line."""
        assert self.process.stdout is not None
        self.answer = json.loads(self.process.stdout.readline())
        return self

    @property
    def postmaster(self) -> int:
        """The server's process id, as the server wrote it."""
        state = read_pid_file(Cluster(self.data_dir / "postgres", None))
        assert state is not None
        return state.pid

    def query(self, statement: str, *, admin: bool = False) -> list[tuple[Any, ...]]:
        """Run one statement on its server and return the rows, if there are any."""
        with psycopg.connect(self.answer["admin_url" if admin else "url"], autocommit=True) as conn:
            cursor = conn.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def let_go(self) -> None:
        """End its input: it leaves the database."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def end(self) -> int:
        """Let go and return its exit status."""
        self.let_go()
        return self.process.wait(timeout=30)

    def kill(self) -> None:
        """Kill it without a word."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=30)

    @classmethod
    def kill_all(cls) -> None:
        """Kill those that are left."""
        while cls.started:
            holder = cls.started.pop()
            if holder.process.poll() is None:
                holder.kill()
            for pipe in (holder.process.stdin, holder.process.stdout):
                if pipe is not None:
                    pipe.close()


async def _hold(data_dir: Path, own: bool) -> None:
    with own_data_dir(data_dir) if own else nullcontext():
        async with database(Settings(data_dir=data_dir, _env_file=None), own=own) as server:
            line = {"url": server.url, "admin_url": server.admin_url}
            print(json.dumps(line), flush=True)
            await asyncio.to_thread(sys.stdin.read)


async def _try(data_dir: Path) -> None:
    async with database(Settings(data_dir=data_dir, _env_file=None)) as server:
        with psycopg.connect(server.url):
            await asyncio.to_thread(int)


def main() -> None:
    """Run until the input ends; exit 1 with the problem where there is one."""
    numbers = [int(part) for word in sys.argv[2:] if ":" in word for part in word.split(":")]
    if numbers:
        with tempfile.TemporaryDirectory() as trial:
            asyncio.run(_try(Path(trial)))
        os.setgroups([])
        os.setgid(numbers[1])
        os.setuid(numbers[0])
    try:
        asyncio.run(_hold(Path(sys.argv[1]), "own" in sys.argv[2:]))
    except Problem as problem:
        print(json.dumps({"problem": problem.kind.code, "detail": problem.detail}), flush=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
