"""A turn at work: what one run under one lease knows and shares between its steps."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar
from uuid import UUID

import psycopg
import structlog

from pantheon.base.errors import UNAVAILABLE, Problem
from pantheon.base.money import microcredits_of
from pantheon.context.quotes import PastTurn, Quote
from pantheon.db.pool import Connection, Database
from pantheon.events.hub import Hub
from pantheon.events.types import TurnRef
from pantheon.ledger.holds import INSUFFICIENT_CREDITS
from pantheon.providers.registry import Providers
from pantheon.rooms.limits import DEFAULTS
from pantheon.turns.ask import Opened, history_bounds
from pantheon.turns.history import load_history
from pantheon.turns.modes.registry import MODES
from pantheon.turns.summarise import Due, find_due
from pantheon.turns.types import Frozen, StepPlan, StepRow, Stop, TurnRow

Halt = Literal["cancel", "drain", "lease_lost", "pause"]
T = TypeVar("T")

LONGEST_PAUSE_SECONDS = 2.0

log = structlog.get_logger()


class Committed(Exception):
    """An earlier try of this transaction was committed, though its reply was lost."""


@dataclass(slots=True, eq=False)
class Control:
    """How a worker steers a run from outside: stop its calls now, or let it end at an edge.

    `halt` cuts the calls in flight; `pause` ends a run that waits for the user.
    `cancel_after_step` and `draining` end it before its next step. `settle_until` bounds how long
    a closing transaction is repeated (loop time).
    """

    halt: Halt | None = None
    halted: asyncio.Event = field(default_factory=asyncio.Event)
    cancel_after_step: bool = False
    draining: bool = False
    settle_until: float | None = None
    calls: set[asyncio.Task[None]] = field(default_factory=set)

    def stop(self, halt: Halt) -> None:
        """Stop the run: calls in flight are cut, their steps settle by themselves."""
        if self.halt is None or halt == "lease_lost":
            self.halt = halt
        self.halted.set()
        for call in self.calls:
            call.cancel()

    def cancel(self, when: str) -> None:
        """Cancel as a user asked: `now`, or `after_step`."""
        if when == "now":
            self.stop("cancel")
        else:
            self.cancel_after_step = True


@dataclass(slots=True, eq=False)
class Work:
    """The state of a run. Truth is in the rows; this was read or written under the lease.

    `shortened` are the steps that were asked once more because their model found them too long.
    """

    db: Database
    providers: Providers
    hub: Hub
    control: Control
    turn: TurnRow
    frozen: Frozen
    text: str
    text_tokens: int
    prompts: Mapping[UUID, str]
    steps: dict[str, StepRow]
    siblings: Mapping[str, list[UUID]]
    ends_at: float
    opened: dict[str, Opened]
    due: Mapping[str, Due] = field(default_factory=dict)
    history: Sequence[PastTurn] | None = None
    shortened: set[str] = field(default_factory=set)
    finished: bool = False
    ended_as: str = ""
    places: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(DEFAULTS["parallel"])
    )

    @property
    def ref(self) -> TurnRef:
        """The turn's place in the logs."""
        return self.turn.ref

    @property
    def step_seconds(self) -> float:
        """How long one step may take, its retries included."""
        return float(self.frozen.limits.get("step_seconds", DEFAULTS["step_seconds"]))

    def next_batch(self, ended: StepRow | None = None) -> list[StepPlan] | Stop:
        """Return what to run now; a halt, a wish to stop or the wall clock end the run.

        `ended` is a step whose result is being stored.
        """
        control = self.control
        if control.halt is not None:
            return Stop(control.halt, whole=False)
        done = {key: step for key, step in self.steps.items() if step.done}
        if ended is not None:
            done[ended.step_key] = ended
        mode = MODES[self.turn.mode]
        over = asyncio.get_running_loop().time() >= self.ends_at
        first = [due.plan for key, due in self.due.items() if key not in done]
        batch: list[StepPlan] | Stop = first
        cap = "turn_seconds" if over else self._out_of_credits(done)
        if cap or not first:
            batch = mode.next_batch(self.frozen, done, cap)
        if self._reopens(batch):
            batch = mode.next_batch(self.frozen, done, "turn_seconds")
        if isinstance(batch, Stop):
            # A step that was added just before the time ran out is wanted no more, and has to end.
            return Stop(batch.reason, whole=batch.whole and self.steps.keys() <= done.keys())
        if control.cancel_after_step:
            return Stop("cancel", whole=False)
        if control.draining:
            return Stop("drain", whole=False)
        return batch

    def _out_of_credits(self, done: Mapping[str, StepRow]) -> str | None:
        """Return the cap `credits` where the turn has spent its own, or a call was not covered."""
        limit = self.frozen.limits.get("credits")
        rows = {**self.steps, **done}.values()
        if limit is not None:
            spent = sum(row.charged_microcredits for row in rows)
            if spent >= microcredits_of(limit):
                return "credits"
        refused = any(
            (row.error or {}).get("code") == INSUFFICIENT_CREDITS.code
            for row in rows
            if row.source_step_id is None
        )
        return "credits" if refused else None

    def _reopens(self, batch: list[StepPlan] | Stop) -> bool:
        """Say whether a manager is to decide again though a synthesis was called for.

        Only the clock calls for it before the rounds are over: in an earlier run, or in the turn
        that this one tries again.
        """
        if isinstance(batch, Stop) or all(row.kind != "synthesis" for row in self.steps.values()):
            return False
        return any(plan.kind == "route" and plan.key not in self.steps for plan in batch)

    async def load_history(self) -> Sequence[PastTurn]:
        """Return the turn's history, read once and bounded by what its agents can use."""
        if self.turn.parent_id is None:
            return ()
        if self.history is None:
            bounds = history_bounds(self.providers, self.frozen)

            async def read(conn: Connection) -> Sequence[PastTurn]:
                return await load_history(
                    conn,
                    self.turn.workspace_id,
                    self.turn.session_id,
                    self.turn.parent_id,
                    self.turn.index,
                    **bounds,
                )

            self.history = await self.persist(read)
        return self.history

    async def find_due(self) -> None:
        """Find the summaries that have to be made before the answers, if none is begun yet."""
        begun = any(step.done and step.kind != "summary" for step in self.steps.values())
        if begun or self.opened or self.turn.parent_id is None:
            return
        asked = Quote(None, self.text, self.text_tokens)
        self.due = find_due(
            self.providers, self.frozen, self.prompts, await self.load_history(), asked
        )

    async def persist(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Run `work` in a transaction until it commits; see the function of this name."""
        return await persist(self.db, self.turn, self.control, work)


async def persist(
    db: Database, turn: TurnRow, control: Control, work: Callable[[Connection], Awaitable[T]]
) -> T:
    """Run `work` in a transaction until it commits, whatever becomes of the connection.

    An answer that was paid for is not thrown away because the database was gone for some seconds,
    neither this nor those that other steps are getting meanwhile. Only connection and
    serialisation errors are repeated; the fence (LeaseLost) and the end of a drain's grace end
    it. Cancelling the caller does not cut it short.
    """
    return await _uncut(asyncio.create_task(_persist(db, turn, control, work)))


def is_away(error: BaseException) -> bool:
    """Say whether an error is of the connection to the database, and not of ours."""
    if isinstance(error, Problem):
        return error.kind is UNAVAILABLE
    return isinstance(error, psycopg.OperationalError)


async def _persist(
    db: Database, turn: TurnRow, control: Control, work: Callable[[Connection], Awaitable[T]]
) -> T:
    pause = 0.05
    while True:
        try:
            async with db.transaction(turn.workspace_id) as conn:
                return await work(conn)
        except (psycopg.OperationalError, Problem) as error:
            until = control.settle_until
            late = until is not None and asyncio.get_running_loop().time() >= until
            if late or not is_away(error):
                raise
            log.warning("tried again", turn_id=str(turn.id), error=str(error).strip())
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


async def _uncut(task: asyncio.Task[T]) -> T:
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise
