"""Room in this process's worker: a turn accepted here may be born leased to it, and start at once.

Saves the claim and the reading back of what was just written. The poll and the expiry of leases
stay as the net: a birth that goes wrong is a lease that runs out.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import psycopg
import structlog

from pantheon.base.errors import Problem
from pantheon.context.quotes import PastTurn
from pantheon.db.pool import Database, Notice
from pantheon.providers.registry import Providers
from pantheon.turns import leases
from pantheon.turns.ask import Opened
from pantheon.turns.types import StepRow, TurnRow

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a run needs beside its turn's row.

    The providers with the workspace's own keys, the question, the role prompts, the steps and
    their siblings, how many seconds ago (by PostgreSQL's clock) the turn was first started; and
    where acceptance has prepared it already, the history and the attempts that it has recorded,
    by step key.
    """

    providers: Providers
    text: str
    text_tokens: int
    prompts: Mapping[UUID, str]
    steps: Sequence[StepRow]
    siblings: Mapping[str, list[UUID]]
    history: Sequence[PastTurn] | None = None
    opened: Mapping[str, Opened] = field(default_factory=dict)
    elapsed_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Born:
    """A turn that its acceptance has leased to a worker of the same process."""

    turn: TurnRow
    loaded: Loaded
    slot: "Slot"


@dataclass(slots=True, eq=False)
class Slot:
    """A place that was kept free for a turn being accepted; `taken` when the worker has it."""

    worker_id: UUID
    lease_seconds: float
    turn: TurnRow | None = None
    taken: bool = False


@dataclass(slots=True)
class Slots:
    """What a worker of this process offers; without one, nothing."""

    worker_id: UUID | None = None
    lease_seconds: float = 0
    free: Callable[[], int] = lambda: 0
    reserved: int = 0

    def open(self, worker_id: UUID, lease_seconds: float, free: Callable[[], int]) -> None:
        """Offer slots; `free` tells how many there are, those reserved counted as taken."""
        self.worker_id, self.lease_seconds, self.free = worker_id, lease_seconds, free

    def close(self) -> None:
        """Offer no more: the worker drains."""
        self.worker_id = None

    @asynccontextmanager
    async def reserve(self, db: Database) -> AsyncIterator[Slot | None]:
        """Keep a slot free for the turn that is accepted in the block; `None` if there is none.

        The block holds the accepting transaction, whose commit hands the turn to the worker. A
        turn that the worker does not get (the commit's reply was lost, a drain began) is put
        into the queue.
        """
        if self.worker_id is None or self.free() <= 0:
            yield None
            return
        slot = Slot(self.worker_id, self.lease_seconds)
        self.reserved += 1
        try:
            yield slot
        finally:
            self.reserved -= 1
            if slot.turn is not None and not slot.taken:
                await _to_queue(db, slot.turn)


async def _to_queue(db: Database, turn: TurnRow) -> None:
    try:
        async with db.transaction(turn.workspace_id) as conn:
            await leases.give_back(conn, turn)
            conn.notices.append(Notice("work"))
    except (psycopg.OperationalError, Problem) as error:
        log.warning("a turn may wait for its lease to end", error=str(error).strip())
