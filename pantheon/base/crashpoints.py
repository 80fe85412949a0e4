"""Crash points: named places on a turn's way where the fault harness ends or stalls a process."""

import os
import signal

CRASH_POINTS = (
    "accept.frozen",
    "accept.before_commit",
    "accept.committed",
    "run.claimed",
    "run.loaded",
    "step.before_attempt",
    "step.attempt_committed",
    "step.first_text",
    "step.text_flushed",
    "step.answered",
    "step.before_close",
    "step.before_commit",
    "step.closed",
    "approve.before_commit",
    "approve.waiting",
    "finalize.before_commit",
    "finalize.committed",
)

_ENV = "PANTHEON_CRASH_AT"


def crash_point(name: str) -> None:
    """End the process at once if `PANTHEON_CRASH_AT` names this point (`name` or `name:n`).

    With `:n` it is the n-th passage that ends it. With ` stall` after it the process stands still
    there instead, all of it, until it gets SIGCONT. For the fault harness only.
    """
    wanted = os.environ.get(_ENV)
    if wanted is None:
        return
    place, _, act = wanted.partition(" ")
    point, _, count = place.partition(":")
    if point != name:
        return
    left = int(count or 1) - 1
    if left:
        os.environ[_ENV] = f"{point}:{left} {act}".rstrip()
    elif act == "stall":
        del os.environ[_ENV]
        os.kill(os.getpid(), signal.SIGSTOP)
    else:
        os._exit(99)
