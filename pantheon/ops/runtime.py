"""What a process holds while it serves, opened once: settings, pools, providers, graph, hub."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from os import environ

import structlog

from pantheon.base import metrics
from pantheon.base.errors import Problem
from pantheon.base.settings import Settings
from pantheon.context import tokens
from pantheon.db.pool import Database
from pantheon.db.wake import Wake
from pantheon.events.hub import Hub
from pantheon.ledger.rates import Rates, rates_of
from pantheon.ops import schema
from pantheon.ops.embedded import Server
from pantheon.providers.configure import open_providers
from pantheon.providers.registry import Providers
from pantheon.turns import checkpoints
from pantheon.turns.graph import Graph, compile_graph
from pantheon.turns.slots import Slots

REFRESH_SECONDS = 60.0
LONGEST_POLL_SECONDS = 1.0
SHORTEST_STALL_SECONDS = 5.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Runtime:
    """The parts that API, worker and commands of one process share."""

    settings: Settings
    server: Server
    db: Database
    checkpoints: checkpoints.CheckpointPool
    graph: Graph
    providers: Providers
    wake: Wake
    hub: Hub
    slots: Slots
    rates: Rates
    durable: bool

    @property
    def poll_seconds(self) -> float:
        """How often whoever waits looks at the database, in case a wake-up was lost."""
        return poll_seconds(self.settings)


def poll_seconds(settings: Settings) -> float:
    """Return the poll's interval: a quarter of the lease, at most a second."""
    return min(LONGEST_POLL_SECONDS, settings.lease_seconds / 4)


@asynccontextmanager
async def open_runtime(
    settings: Settings,
    server: Server,
    *,
    migrate: bool = False,
    environment: Mapping[str, str] = environ,
) -> AsyncIterator[Runtime]:
    """Open everything that serving needs and close it at the end.

    With `migrate` the schema is brought to head first. Raises `schema_behind` where it is not,
    and `checkpointer_broken` without durable checkpoints, unless the settings allow that.
    """
    # Before the pools: their roles come with the schema.
    await (schema.bring_to_head if migrate else schema.check_head)(server)
    stalled_seconds = max(SHORTEST_STALL_SECONDS, settings.lease_seconds)
    db = Database(server.url, stalled_seconds=stalled_seconds)
    pool = checkpoints.pool(server.url, stalled_seconds=stalled_seconds)
    providers = open_providers(settings, environment)
    background: list[asyncio.Task[None]] = []
    try:
        await db.open()
        await pool.open(wait=True, timeout=30)
        saver = await checkpoints.open_saver(pool, allow_memory=settings.allow_memory_checkpoints)
        durable = isinstance(saver, checkpoints.Saver)
        metrics.CHECKPOINTER_FALLBACK.set(not durable)
        if not durable:
            log.warning("checkpoints are kept in memory only: a crash starts turns again")
        wake = Wake(db)
        hub = Hub(db, wake, poll_seconds(settings))
        background = [
            asyncio.create_task(wake.run(), name="wake"),
            asyncio.create_task(hub.run(), name="hub"),
            asyncio.create_task(_keep_fresh(providers), name="models"),
        ]
        yield Runtime(
            settings, server, db, pool, compile_graph(saver), providers, wake, hub, Slots(),
            Rates(rates_of(settings)), durable,
        )  # fmt: skip
    finally:
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        await providers.aclose()
        await pool.close()
        await db.close()


async def _keep_fresh(providers: Providers) -> None:
    """Ask the servers for their models every minute, and at once where a key was entered."""
    while True:
        try:
            await providers.refresh()
            if any(tokens.family_of(model.id) for model in providers.models()):
                await asyncio.to_thread(tokens.load)
        except Problem as problem:
            log.warning("models could not be listed", error=problem.detail)
        with suppress(TimeoutError):
            await asyncio.wait_for(providers.unasked.wait(), REFRESH_SECONDS)
