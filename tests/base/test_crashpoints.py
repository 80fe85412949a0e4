"""Tests of `pantheon.base.crashpoints`."""

import os
import signal
import subprocess
import sys

import pytest

from pantheon.base.crashpoints import CRASH_POINTS, crash_point

PASS_TWICE = """
from pantheon.base.crashpoints import crash_point
for _ in range(2):
    print("before", flush=True)
    crash_point("run.claimed")
    crash_point("run.loaded")
print("end")
"""


def start(wanted: str) -> "subprocess.Popen[str]":
    """Start a process that passes two points twice and is to end or stall at `wanted`."""
    return subprocess.Popen(
        [sys.executable, "-c", PASS_TWICE],
        env={**os.environ, "PANTHEON_CRASH_AT": wanted},
        stdout=subprocess.PIPE,
        text=True,
    )


def passed(wanted: str) -> tuple[int, str]:
    """Return how such a process ended."""
    with start(wanted) as process:
        said, _ = process.communicate(timeout=30)
    return process.returncode, said


@pytest.mark.parametrize(
    ("wanted", "code", "said"),
    [
        ("run.claimed", 99, "before\n"),
        ("run.loaded:2", 99, "before\nbefore\n"),
        ("run.loaded:3", 0, "before\nbefore\nend\n"),
        ("step.closed", 0, "before\nbefore\nend\n"),
    ],
)
def test_the_wanted_passage_ends_the_process(wanted, code, said):
    assert passed(wanted) == (code, said)


@pytest.mark.skipif(sys.platform == "win32", reason="has no SIGSTOP")
def test_a_process_stalls_once_and_goes_on():
    with start("run.loaded:2 stall") as process:
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        process.send_signal(signal.SIGCONT)
        said, _ = process.communicate(timeout=30)
    assert (process.returncode, said) == (0, "before\nbefore\nend\n")


def test_nothing_ends_where_nothing_is_wanted(monkeypatch):
    monkeypatch.delenv("PANTHEON_CRASH_AT", raising=False)
    for name in CRASH_POINTS:
        crash_point(name)
    assert len(set(CRASH_POINTS)) == len(CRASH_POINTS)
