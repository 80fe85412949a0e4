"""Whether a request has left: noted by whoever writes it, asked by whoever has to record it."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Departure:
    """One request's: `left` turns true with its first byte."""

    left: bool = False


_expected: ContextVar[Departure | None] = ContextVar("departure", default=None)


def expect() -> Departure:
    """Watch for the request that this task is about to send."""
    departure = Departure()
    _expected.set(departure)
    return departure


def note() -> None:
    """Say that a request is being written, in the task that sends it."""
    departure = _expected.get()
    if departure is not None:
        departure.left = True
