"""The worker: claims turns, runs them side by side, keeps their leases, drains when told to."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

import psycopg
import structlog

from pantheon.base import ids, metrics
from pantheon.base.errors import Problem
from pantheon.db.pool import Notice
from pantheon.ops.runtime import Runtime
from pantheon.turns import leases
from pantheon.turns.run import run_turn
from pantheon.turns.slots import Born, Loaded
from pantheon.turns.types import GRAPH_VERSION, TurnRow
from pantheon.turns.work import Control
from pantheon.worker import heartbeat
from pantheon.worker.sweeps import sweep_forever
from pantheon.worker.titles import give_title, wants_title

SETTLE_SECONDS = 1.0
LEAVE_SECONDS = 0.5

log = structlog.get_logger()


@dataclass(slots=True, eq=False)
class _Running:
    turn: TurnRow
    control: Control
    task: asyncio.Task[None]


@dataclass(slots=True, eq=False)
class _Worker:
    runtime: Runtime
    id: UUID
    instance: UUID
    kind: Literal["up", "worker"]
    stopping: asyncio.Event
    running: set[_Running] = field(default_factory=set)
    work: asyncio.Event = field(default_factory=asyncio.Event)
    cancels: asyncio.Event = field(default_factory=asyncio.Event)
    titles: set[asyncio.Task[bool]] = field(default_factory=set)

    idle: bool = False

    def notice(self, notice: Notice) -> None:
        if notice.kind == "work":
            self.work.set()
        elif notice.kind == "cancel":
            self.cancels.set()
        elif notice.kind == "born" and not self.stopping.is_set():
            born: Born = notice.payload
            if born.slot.worker_id == self.id:
                born.slot.taken = True
                _start(self, born.turn, born.loaded)

    def free(self) -> int:
        """How many more turns may run here."""
        taken = len(self.running) + self.runtime.slots.reserved
        return self.runtime.settings.worker_concurrency - taken

    def free_for_births(self) -> int:
        """As `free`, but nobody may jump the queue: none while a turn may be waiting."""
        return self.free() if self.idle and not self.work.is_set() else 0

    def notices(self, notices: list[Notice]) -> None:
        for notice in notices:
            self.notice(notice)


async def run_worker(
    runtime: Runtime, *, kind: Literal["up", "worker"], instance: UUID, stopping: asyncio.Event
) -> None:
    """Run turns until `stopping` is set, then drain and return.

    Draining: nothing more is claimed, turns end at their next step, and calls that outlast the
    grace time are cut; what is unfinished goes back to the queue. `up` is the only process of its
    `instance`, so it takes over at once what its dead predecessor held.
    """
    worker = _Worker(runtime, ids.new(), instance, kind, stopping)
    runtime.db.listeners.append(worker.notices)
    runtime.wake.on_notice(worker.notice)
    await heartbeat.register(runtime.db, worker.id, instance, kind)
    if runtime.settings.turns_at_once is None:
        # Only a claim sees how many of a user's turns run.
        runtime.slots.open(worker.id, runtime.settings.lease_seconds, worker.free_for_births)
    keeping = [
        asyncio.create_task(_renew_forever(worker), name="leases"),
        asyncio.create_task(sweep_forever(runtime), name="sweeps"),
    ]
    try:
        await _claim_until_stopped(worker)
        runtime.slots.close()
        await _drain(worker)
    finally:
        runtime.slots.close()
        # A title that is cut off is settled by the sweep.
        ending = [*keeping, *worker.titles]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        runtime.db.listeners.remove(worker.notices)
        await _leave(worker)


async def _claim_until_stopped(worker: _Worker) -> None:
    stopped = asyncio.create_task(worker.stopping.wait())
    try:
        while not worker.stopping.is_set():
            # Cleared before the claim, never after: a wake-up meanwhile is seen next time.
            worker.work.clear()
            if await _claim_or_stop(worker, stopped) and worker.free() > 0:
                continue
            awake = asyncio.create_task(worker.work.wait())
            await asyncio.wait(
                {awake, stopped},
                timeout=worker.runtime.poll_seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
            awake.cancel()
    finally:
        stopped.cancel()


async def _claim_or_stop(worker: _Worker, stopped: asyncio.Task[Any]) -> int:
    """Claim as `_claim` does. An end does not wait long for a database that is away."""
    claim = asyncio.create_task(_claim(worker))
    try:
        await asyncio.wait({claim, stopped}, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait({claim}, timeout=LEAVE_SECONDS)
        return claim.result() if claim.done() else 0
    finally:
        claim.cancel()


async def _claim(worker: _Worker) -> int:
    """Claim what there is room for and start it; returns how many."""
    free = worker.free()
    if free <= 0:
        worker.idle = False
        return 0
    settings = worker.runtime.settings
    try:
        async with worker.runtime.db.sweep() as conn:
            turns = await leases.claim(
                conn, worker.id, [GRAPH_VERSION], settings.lease_seconds, free,
                at_once=settings.turns_at_once, mine=[run.turn.id for run in worker.running],
            )  # fmt: skip
    except (psycopg.OperationalError, Problem) as error:
        log.warning("no turns claimed: the database is away", error=str(error).strip())
        worker.idle = False
        return 0
    worker.idle = len(turns) < free
    for turn in turns:
        _start(worker, turn)
    return len(turns)


def _start(worker: _Worker, turn: TurnRow, loaded: Loaded | None = None) -> None:
    runtime, control = worker.runtime, Control()
    run = run_turn(runtime.db, runtime.providers, runtime.hub, runtime.graph, turn, control, loaded)
    task = asyncio.create_task(run, name=f"turn {turn.id}")
    running = _Running(turn, control, task)
    worker.running.add(running)
    metrics.TURNS_RUNNING.inc()
    if turn.takeovers:
        metrics.TAKEOVERS.inc()

    def ended(task: asyncio.Task[None]) -> None:
        worker.running.discard(running)
        metrics.TURNS_RUNNING.dec()
        if not worker.idle or runtime.settings.turns_at_once is not None:
            worker.work.set()
        if not task.cancelled() and task.exception() is not None:
            # Its lease runs out, and another claim tries again.
            log.error("a turn was left", turn_id=str(turn.id), error=repr(task.exception()))
        elif wants_title(runtime, turn) and not worker.stopping.is_set():
            title = asyncio.create_task(give_title(runtime, turn), name=f"title {turn.session_id}")
            worker.titles.add(title)
            title.add_done_callback(lambda ended: _titled(worker, ended))

    task.add_done_callback(ended)


def _titled(worker: _Worker, task: asyncio.Task[bool]) -> None:
    worker.titles.discard(task)
    if not task.cancelled() and task.exception() is not None:
        log.error("a title failed", task=task.get_name(), error=repr(task.exception()))


async def _renew_forever(worker: _Worker) -> None:
    """Renew all leases at a third of their time, and at once when a cancel was asked for."""
    settings = worker.runtime.settings
    while True:
        worker.cancels.clear()
        try:
            await _renew(worker, settings.lease_seconds)
            pause = settings.lease_seconds / 3
        except (psycopg.Error, Problem) as error:
            log.warning("leases not renewed", error=str(error).strip())
            pause = settings.lease_seconds / 10
        try:
            await asyncio.wait_for(worker.cancels.wait(), pause)
        except TimeoutError:
            continue


async def _renew(worker: _Worker, seconds: float) -> None:
    held = [run for run in worker.running if not run.task.done()]
    async with worker.runtime.db.sweep() as conn:
        await heartbeat.beat(conn, worker.id, worker.instance, worker.kind)
        if not held:
            return
        renewed = await leases.renew(
            conn,
            [(run.turn.workspace_id, run.turn.id, run.turn.lease_epoch) for run in held],
            seconds,
        )
    ours = {(lease.id, lease.lease_epoch): lease.cancel_requested for lease in renewed}
    for run in held:
        lease = (run.turn.id, run.turn.lease_epoch)
        if lease not in ours:
            # Over (then there is nothing to stop), or another worker's.
            run.control.stop("lease_lost")
        elif (when := ours[lease]) is not None:
            run.control.cancel(when)


async def _leave(worker: _Worker) -> None:
    """Take the worker off the list. An end does not wait for a database that is away."""
    try:
        async with asyncio.timeout(LEAVE_SECONDS):
            await heartbeat.leave(worker.runtime.db, worker.id)
    except (psycopg.OperationalError, Problem, TimeoutError) as error:
        log.warning("not signed off: the database is away", error=str(error).strip())


async def _drain(worker: _Worker) -> None:
    """Let running steps end within the grace time, then cut what is left and settle it."""
    tasks = {run.task for run in worker.running}
    if not tasks:
        return
    log.info("draining", turns=len(tasks))
    for run in worker.running:
        run.control.draining = True
    _, late = await asyncio.wait(tasks, timeout=worker.runtime.settings.grace_seconds)
    settle_until = asyncio.get_running_loop().time() + SETTLE_SECONDS
    for run in list(worker.running):
        run.control.settle_until = settle_until
        run.control.stop("drain")
    if late:
        await asyncio.wait(late, timeout=SETTLE_SECONDS)
