"""What the machines have in common: a place to live in, and how long they are walked."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import psycopg
from hypothesis.stateful import RuleBasedStateMachine

from pantheon.db.pool import Database
from pantheon.ops.runtime import Runtime

T = TypeVar("T")


@dataclass
class Place:
    """A runtime in which nobody runs turns, its loop, and the schema's owner for what no app may.

    `walks` and `steps` count what the machines have done there.
    """

    runner: asyncio.Runner
    runtime: Runtime
    owner: "psycopg.Connection[Any]"
    walks: int = 0
    steps: int = 0

    @property
    def db(self) -> Database:
        """The pools."""
        return self.runtime.db


class Machine(RuleBasedStateMachine):
    """A machine that lives in a place; each walk begins with a workspace of its own."""

    def __init__(self, place: Place) -> None:
        """Begin a walk."""
        super().__init__()
        self.place = place
        place.walks += 1

    def run(self, doing: Coroutine[Any, Any, T]) -> T:
        """Do something in the place's loop."""
        self.place.steps += 1
        return self.place.runner.run(doing)


class Walk(Protocol):
    """Walks through a machine many times; `without` names the guard that was taken off."""

    def __call__(
        self,
        what: str,
        machine: Callable[[Place], RuleBasedStateMachine],
        *,
        without: str | None = None,
    ) -> None: ...
