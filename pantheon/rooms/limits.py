"""The caps that a room may set on its turns, and that a turn may set lower."""

from collections.abc import Mapping
from typing import Any

from pantheon.base.errors import INVALID
from pantheon.base.money import microcredits_of

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

CREDITS = "credits"
"""One more: what a turn may spend, as a decimal string. There is none where nobody sets it."""


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
        if name == CREDITS:
            _check_credits(value)
            continue
        if name not in LIMITS:
            valid = ", ".join([*LIMITS, CREDITS])
            raise INVALID(f"There is no limit '{name}'. Valid are: {valid}.")
        low, high = LIMITS[name]
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise INVALID(f"The limit '{name}' is a whole number from {low} to {high}.")


def lower(name: str, value: Any, other: Any) -> Any:
    """Return the lower of two values of a limit; `None` is none."""
    if other is None:
        return value
    if name == CREDITS:
        return min(value, other, key=microcredits_of)
    return min(value, other)


def _check_credits(value: Any) -> None:
    try:
        enough = isinstance(value, str) and microcredits_of(value) > 0
    except ValueError:
        enough = False
    if not enough:
        raise INVALID(
            "The limit 'credits' is a decimal string above 0 with at most 6 decimals, as \"0.5\"."
        )
