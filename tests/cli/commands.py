"""Running the real commands, each as a process of its own, on a data directory of the test's."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

SECONDS = 60
"""How long any command may take before the test gives it up."""

LAUNCH = [sys.executable, "-c", "from pantheon.cli.main import main; main()"]


@dataclass(frozen=True)
class Commands:
    """The commands on one data directory, with an environment of nothing but what is given."""

    data_dir: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self, *words: str, stdin: str | bytes = b"", **extra: str) -> "Result":
        """Run a command to its end; `extra` is added to its environment."""
        given = stdin.encode() if isinstance(stdin, str) else stdin
        process = self.start(*words, **extra)
        try:
            out, err = process.communicate(given, timeout=SECONDS)
        finally:
            process.kill()
        return Result(process.returncode, out.decode(), err.decode())

    def start(
        self, *words: str, stdin: int = subprocess.PIPE, **extra: str
    ) -> subprocess.Popen[bytes]:
        """Start a command; its streams are pipes, unless its input is given."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.data_dir.parent),
            "PANTHEON_DATA_DIR": str(self.data_dir),
            **self.environment,
            **extra,
        }
        return subprocess.Popen(
            [*LAUNCH, *words],
            cwd=self.data_dir.parent,
            env=environment,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,
        )

    @contextmanager
    def up(self, *words: str, **extra: str) -> Iterator["Up"]:
        """Have `pantheon up` run on a free port; it is stopped at the end, if it is still there."""
        process = self.start("up", "--port", "0", *words, **extra)
        assert process.stdout is not None
        try:
            link = process.stdout.readline().decode().strip()
            if not link:
                raise AssertionError(process.communicate(timeout=SECONDS)[1].decode())
            yield Up(process, link, link.partition("/login#")[0])
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                process.communicate(timeout=SECONDS)
            finally:
                process.kill()


@dataclass(frozen=True)
class Result:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    def events(self) -> list[dict[str, Any]]:
        """Return the lines of `--json`."""
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True)
class Up:
    """A running `pantheon up`: its process, its login link, its address."""

    process: subprocess.Popen[bytes]
    link: str
    url: str

    def get(self, path: str, key: str) -> Any:
        """Read JSON from the server's API."""
        headers = {"Authorization": f"Bearer {key}"}
        request = Request(self.url + "/api/v1" + path, headers=headers)
        with urlopen(request, timeout=10) as response:
            return json.load(response)

    def post(self, path: str, key: str, body: Mapping[str, Any]) -> Any:
        """Send JSON to the server's API and return its answer."""
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        request = Request(self.url + "/api/v1" + path, json.dumps(body).encode(), headers)
        with urlopen(request, timeout=10) as response:
            return json.load(response)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal and wait for the end; return the exit code and what was said on stderr.

        SIGINT goes to the children as well, as a terminal's Ctrl-C does.
        """
        send = os.killpg if number == signal.SIGINT else os.kill
        send(self.process.pid, number)
        _, err = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, err.decode()
