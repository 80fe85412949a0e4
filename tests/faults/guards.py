"""What holds the promises, each with a way to take it off: a harness that stays green then is void.

A guard is taken off in a forked process under test, before it serves, never in the package.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pantheon.db.pool import Connection
from pantheon.events import event_log
from pantheon.events.types import TurnRef
from pantheon.ledger import attempts
from pantheon.turns import run


def switch_off(guard: str) -> None:
    """Take a guard off in this process. Raises KeyError for one that is not known."""
    GUARDS[guard]()


def _without_fence() -> None:
    """Whoever held a lease once may write for ever."""

    async def fence(
        conn: Connection, ref: TurnRef, epoch: int, count: int, *, settles: bool = False
    ) -> int:
        return await event_log.reserve(conn, ref, count)

    event_log.fence = fence


def _without_lost() -> None:
    """A new lease does not settle what the old one left open."""

    async def close_lost(*_: Any, **__: Any) -> list[Any]:
        return []

    attempts.close_lost = close_lost


def _without_read_through() -> None:
    """A run does not know what earlier runs of its turn have stored."""
    load = run._load

    async def forgetful(*given: Any) -> Any:
        loaded = await load(*given)
        steps = [replace(row, status="pending", content=None) for row in loaded.steps]
        return replace(loaded, steps=steps)

    run._load = forgetful


GUARDS: dict[str, Callable[[], None]] = {
    "fence": _without_fence,
    "lost": _without_lost,
    "read_through": _without_read_through,
}
