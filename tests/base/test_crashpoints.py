"""Tests of `pantheon.base.crashpoints`."""

import os
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


def passed(wanted: str) -> tuple[int, str]:
    """Pass two points twice in a process that is to end at `wanted`; return how it ended."""
    done = subprocess.run(
        [sys.executable, "-c", PASS_TWICE],
        env={**os.environ, "PANTHEON_CRASH_AT": wanted},
        capture_output=True,
        text=True,
        timeout=30,
    )
    return done.returncode, done.stdout


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


def test_nothing_ends_where_nothing_is_wanted(monkeypatch):
    monkeypatch.delenv("PANTHEON_CRASH_AT", raising=False)
    for name in CRASH_POINTS:
        crash_point(name)
    assert len(set(CRASH_POINTS)) == len(CRASH_POINTS)
