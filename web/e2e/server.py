"""A real Pantheon for the browser: `pantheon up` with a data directory and a port of its own."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from pantheon.ops.pg_cluster import Cluster, read_pid_file
from tests.cli.commands import LAUNCH, SECONDS

PRICE = {"input": "2", "output": "10"}
"""What the fake models cost, in dollars per million tokens."""


class Refused(Exception):
    """The API refused; `status` and `problem` say how."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        """Keep what was answered."""
        super().__init__(f"{status} {problem}")
        self.status = status
        self.problem = problem


class Pantheon:
    """The product as a person runs it. It can be killed, and started again at its address."""

    def __init__(self, data_dir: Path, environment: Mapping[str, str]) -> None:
        """Use a data directory that is empty, or of an earlier run."""
        self.data_dir = data_dir
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(data_dir.parent),
            "PANTHEON_DATA_DIR": str(data_dir),
            **environment,
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._log = data_dir.parent / "log.txt"
        self.url = ""
        self.link = ""
        self.key = ""

    def start(self) -> None:
        """Run `pantheon up`: on a free port, or on the one it had. `link` signs in once."""
        port = self.url.rpartition(":")[2] or "0"
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                [*LAUNCH, "up", "--no-open", "--port", port],
                cwd=self.data_dir.parent,
                env=self._environment,
                stdout=subprocess.PIPE,
                stderr=log,
                process_group=0,
            )
        assert process.stdout is not None
        self.link = process.stdout.readline().decode().strip()
        if not self.link:
            process.kill()
            raise AssertionError(f"pantheon up did not start:\n{self._log.read_text()[-2000:]}")
        self.url = self.link.partition("/login#")[0]
        self._process = process
        scope = "read,write,admin"
        self.key = self.key or self.run("key", "create", "--name", "tests", "--scope", scope)

    def kill(self) -> None:
        """End the process as a crash does: nothing of its own runs any more."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask the process to end, and wait for it."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.communicate(timeout=SECONDS)
        finally:
            process.kill()

    def run(self, *words: str) -> str:
        """Run another command on the same data directory; return what it says, without the end."""
        done = subprocess.run(
            [*LAUNCH, *words],
            cwd=self.data_dir.parent,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=True,
        )
        return done.stdout.strip()

    def get(self, path: str) -> Any:
        """Read from the API, below `/api/v1`."""
        return self._ask("GET", path, None)

    def post(self, path: str, body: Mapping[str, Any] | None = None, *, wait: int = 0) -> Any:
        """Send to the API; a turn's answer is waited for so many seconds. Raises Refused."""
        return self._ask("POST", path, body or {}, {"Prefer": f"wait={wait}"} if wait else {})

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        """Change a part of something. Raises Refused."""
        return self._ask("PATCH", path, body)

    def put(self, path: str, body: Mapping[str, Any]) -> Any:
        """Set something. Raises Refused."""
        return self._ask("PUT", path, body)

    def delete(self, path: str) -> None:
        """Delete something. Raises Refused."""
        self._ask("DELETE", path, None)

    def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        more: Mapping[str, str] | None = None,
    ) -> Any:
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        headers.update(more or {})
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url}/api/v1{path}", data, headers, method=method)
        try:
            with urlopen(request, timeout=30) as answer:
                text = answer.read()
        except HTTPError as error:
            raise Refused(error.code, json.loads(error.read() or b"{}")) from error
        return json.loads(text) if text else None

    def agent(self, key: str, model: str, prompt: str = "", **given: Any) -> dict[str, Any]:
        """Make an agent named after its key."""
        name = given.pop("name", key.split("-")[0].title())
        body = {"key": key, "name": name, "model": model, "role_prompt": prompt or f"I am {key}."}
        return dict(self.post("/agents", {**body, **given}))

    def room(
        self, name: str, agents: Sequence[Mapping[str, Any]], mode: str = "roundtable", **given: Any
    ) -> dict[str, Any]:
        """Make a room with these agents, in this order."""
        given.setdefault("goal", "Answer well.")
        room = self.post("/rooms", {"name": name, "mode": mode, **given})
        for agent in agents:
            self.post(f"/rooms/{room['id']}/agents", {"agent_id": agent["id"]})
        return dict(self.get(f"/rooms/{room['id']}"))

    def session(self, place: Mapping[str, Any], name: str | None = None) -> dict[str, Any]:
        """Open a session in a room, or with an agent."""
        where = "rooms" if "agents" in place else "agents"
        return dict(self.post(f"/{where}/{place['id']}/sessions", {"name": name}))

    def timeline(self, session_id: str) -> list[dict[str, Any]]:
        """Return the turns of a session, oldest first."""
        return list(reversed(self.get(f"/sessions/{session_id}/timeline?limit=200")["items"]))


@contextmanager
def running(environment: Mapping[str, str]) -> Iterator[Pantheon]:
    """Run a Pantheon in a new data directory; both are gone after."""
    # Where we are root, PostgreSQL's user has to pass the folder.
    outer = Path(tempfile.mkdtemp(prefix="pantheon-page-"))
    outer.chmod(0o755)
    pantheon = Pantheon(outer / "data", environment)
    try:
        pantheon.start()
        yield pantheon
    finally:
        pantheon.stop()
        left = read_pid_file(Cluster(outer / "data" / "postgres", None))
        if left is not None:
            with suppress(ProcessLookupError):
                os.kill(left.pid, signal.SIGQUIT)
        shutil.rmtree(outer, ignore_errors=True)


def environment(fakes: str) -> dict[str, str]:
    """Return what the server is given: short times, the fake models as `lab`, no local model."""
    priced = [{"id": name, "price": PRICE} for name in ("ok", "scripted", "paced-20-20-60")]
    lab = {"base_url": fakes, "models": priced, "any_model": True}
    return {
        "PANTHEON_PROVIDERS": json.dumps({"lab": lab}),
        "PANTHEON_LEASE_SECONDS": "1",
        "PANTHEON_GRACE_SECONDS": "1",
        # A path at which there is none: the demo answers in the example room.
        "PANTHEON_LOCAL_MODEL": "/nowhere.gguf",
    }
