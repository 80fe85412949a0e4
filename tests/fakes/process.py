"""Starting the fake model server from a test or a benchmark."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import Request, urlopen

ROOT = Path(__file__).parents[2]


@contextmanager
def running(port: int = 0) -> Iterator[str]:
    """Run the fake; its base URL (ends with `/v1`) is given out. Stops at the end, or with us."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.fakes", "--port", str(port)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())["url"]
    finally:
        process.stdin.close()
        process.wait(timeout=10)
        process.stdout.close()


def requests(
    url: str,
    request_id: str | None = None,
    *,
    arrived_seconds: float = 0,
    settled_seconds: float = 0,
) -> list[dict]:
    """Return the fake's log: all of it or one id's, once it has arrived, once it has an outcome."""
    which: dict[str, object] = {"arrived": arrived_seconds, "settled": settled_seconds}
    if request_id is not None:
        which["id"] = request_id
    log = f"{url.removesuffix('/v1')}/log?{urlencode(which)}"
    with urlopen(log, timeout=max(arrived_seconds, settled_seconds) + 5) as response:
        return json.load(response)["requests"]


def models_away(url: str, away: bool) -> None:
    """Let `GET /models` fail, or work again."""
    _post(url.removesuffix("/v1") + "/away", {"models": away})


def open_gate(url: str, gate: int) -> None:
    """Let the answers that wait at this gate go on, and those to come."""
    _post(url.removesuffix("/v1") + "/open", {"gate": gate})


def reset(url: str) -> None:
    """Empty the fake's log. Not in tests that share the fake with others."""
    _post(url.removesuffix("/v1") + "/reset", {})


def _post(url: str, body: dict) -> None:
    with urlopen(Request(url, json.dumps(body).encode(), method="POST"), timeout=5):
        pass
