"""Crash points: named places on the way of a turn where the fault harness ends the process."""

import os

CRASH_POINTS = (
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
    "step.closed",
    "finalize.before_commit",
    "finalize.committed",
)

_ENV = "PANTHEON_CRASH_AT"


def crash_point(name: str) -> None:
    """End the process at once if `PANTHEON_CRASH_AT` names this point (`name` or `name:n`).

    With `:n` it is the n-th passage that ends it. For the fault harness only.
    """
    wanted = os.environ.get(_ENV)
    if wanted is None:
        return
    point, _, count = wanted.partition(":")
    if point != name:
        return
    left = int(count or 1) - 1
    if left:
        os.environ[_ENV] = f"{point}:{left}"
        return
    os._exit(99)
