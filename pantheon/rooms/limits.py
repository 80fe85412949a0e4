"""The caps that a room may set on its turns, and that a turn may set lower."""

from collections.abc import Mapping
from typing import Any

from pantheon.base.errors import INVALID

LIMITS = {
    "turn_seconds": (1, 86_400),
    "step_seconds": (1, 3_600),
    "parallel": (1, 64),
    "rounds": (1, 20),
    "calls_per_agent": (1, 50),
    "calls": (1, 200),
    "approval_seconds": (10, 30 * 86_400),
}
"""Name of a limit, and the lowest and highest whole number it may have."""


DEFAULTS = {
    "turn_seconds": 1_800,
    "step_seconds": 180,
    "parallel": 16,
    "rounds": 3,
    "calls_per_agent": 3,
    "calls": 12,
    "approval_seconds": 86_400,
}
"""What a limit is where the room sets none."""


def check_limits(limits: Mapping[str, Any]) -> None:
    """Raise `validation_error` for a limit that is not there or out of its range."""
    for name, value in limits.items():
        if name not in LIMITS:
            raise INVALID(f"There is no limit '{name}'. Valid are: {', '.join(LIMITS)}.")
        low, high = LIMITS[name]
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise INVALID(f"The limit '{name}' is a whole number from {low} to {high}.")
