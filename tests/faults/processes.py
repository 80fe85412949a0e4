"""The processes under test: started by a nursery, killed, stopped and waited for from a test."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
ADDRESS = re.compile(r"(?:answers at |^)(http://127\.0\.0\.1:\d+)", re.MULTILINE)
LOOK_SECONDS = 0.02
START_SECONDS = 120.0
STALL_SECONDS = 60.0


class Process:
    """An `api`, a `worker`, or both in one (`up`)."""

    def __init__(self, kind: str, log: Path) -> None:
        """Describe it; the nursery starts it and tells of it from then on."""
        self.kind = kind
        self.log = log
        self.pid = 0
        self.url = ""
        self.loop = asyncio.get_running_loop()
        self.started: asyncio.Future[None] = self.loop.create_future()
        self.ended: asyncio.Future[int] = self.loop.create_future()
        self.stopped = asyncio.Event()

    def kill(self) -> None:
        """End it at once, as the memory killer does."""
        self._send(signal.SIGKILL)

    def ask_to_end(self) -> None:
        """Ask it to end (SIGTERM)."""
        self._send(signal.SIGTERM)

    def stall(self) -> None:
        """Let it stand still, as a paused virtual machine does (SIGSTOP)."""
        self._send(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it run again where it stood (SIGCONT)."""
        self.stopped.clear()
        self._send(signal.SIGCONT)

    async def until_stalled(self) -> None:
        """Wait until it stands still at its crash point. Raises TimeoutError."""
        async with asyncio.timeout(STALL_SECONDS):
            await self.stopped.wait()

    async def until_serving(self) -> None:
        """Wait until it has told its address; raises with what it said if it ends before."""
        async with asyncio.timeout(START_SECONDS):
            while not (found := ADDRESS.search(self.said())):
                if self.ended.done():
                    raise RuntimeError(f"the {self.kind} did not start: {self.said()}")
                await asyncio.sleep(LOOK_SECONDS)
        self.url = found[1]

    def said(self) -> str:
        """Return what it wrote."""
        return self.log.read_text() if self.log.exists() else ""

    def _send(self, number: signal.Signals) -> None:
        if not self.ended.done():
            os.kill(self.pid, number)


class Nursery:
    """A nursery at work (see `nursery`), and whom it has started."""

    def __init__(self, program: "subprocess.Popen[str]") -> None:
        """Hear what the program tells, in a thread."""
        self._program = program
        self._asking = threading.Lock()
        self._waiting: deque[Process] = deque()
        self._there: dict[int, Process] = {}
        self._hearing = threading.Thread(target=self._hear, daemon=True)
        self._hearing.start()

    def start(
        self, process: Process, settings: dict[str, Any], env: dict[str, str], without: list[str]
    ) -> None:
        """Start `process`, with environment and settings, and without some guards of ours."""
        line = {
            "kind": process.kind,
            "log": str(process.log),
            "settings": settings,
            "env": env,
            "without": without,
        }
        assert self._program.stdin is not None
        with self._asking:
            self._waiting.append(process)
            self._program.stdin.write(json.dumps(line) + "\n")
            self._program.stdin.flush()

    def end(self) -> None:
        """End it, and with it all that it has started."""
        assert self._program.stdin is not None
        self._program.stdin.close()
        self._hearing.join()

    def _hear(self) -> None:
        assert self._program.stdout is not None
        for line in self._program.stdout:
            news = json.loads(line)
            if "started" in news:
                process = self._waiting.popleft()
                process.pid = news["started"]
                self._there[process.pid] = process
                process.loop.call_soon_threadsafe(process.started.set_result, None)
            elif "stopped" in news:
                process = self._there[news["stopped"]]
                process.loop.call_soon_threadsafe(process.stopped.set)
            else:
                process = self._there.pop(news["ended"])
                process.loop.call_soon_threadsafe(process.ended.set_result, news["code"])


@contextmanager
def breeding() -> Iterator[Nursery]:
    """Have a nursery; whatever it started ends with the block."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.nursery"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        nursery = Nursery(program)
        yield nursery
        nursery.end()
