"""The child process of the local model: it lives as long as its parent, and no longer."""

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from pantheon.providers.local import ModelFile, find_model

PARENT = """
import subprocess, sys
child = subprocess.Popen(
    [sys.executable, "-P", "-m", "pantheon.providers.local_server"],
    stdin=subprocess.PIPE, stdout=sys.stdout,
)
child.stdin.write(sys.stdin.buffer.readline())
child.stdin.flush()
print(child.pid, flush=True)
child.wait()
"""


def asked() -> bytes:
    """Return the line that the child reads."""
    file = find_model(None)
    assert isinstance(file, ModelFile), file
    told = {
        "model": str(file.path), "api_key": "key-1", "alias": "small", "context_window": 512,
        "slots": 1, "sampling": {},
    }  # fmt: skip
    return json.dumps(told).encode() + b"\n"


def wait_until_gone(pid: int) -> None:
    """Wait until there is no such process, or only its body, 10 s at most."""
    ends = time.monotonic() + 10
    while time.monotonic() < ends:
        try:
            if "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text():
                return
        except (FileNotFoundError, ProcessLookupError):
            return
        time.sleep(0.01)
    raise AssertionError(f"the process {pid} still runs")


def test_it_serves_on_loopback_to_whoever_has_the_key_and_ends_with_its_input():
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "pantheon.providers.local_server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    process.stdin.write(asked())
    process.stdin.flush()
    url = json.loads(process.stdout.readline())["url"]
    assert url.startswith("http://127.0.0.1:")

    def status(key: str) -> int:
        body = b'{"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1}'
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{url}/chat/completions", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return response.status
        except urllib.error.HTTPError as error:
            return error.code

    assert (status("key-1"), status("other")) == (200, 401)
    process.stdin.close()
    assert process.wait(timeout=10) == 0
    process.stdout.close()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's death signal is Linux's")
def test_it_dies_with_its_parent():
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    parent.stdin.write(asked())
    parent.stdin.flush()
    child = int(parent.stdout.readline())
    assert "url" in json.loads(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    wait_until_gone(child)
    parent.stdin.close()
    parent.stdout.close()
