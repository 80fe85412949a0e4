"""One run of a turn under one lease: settle what was lost, drive the steps, end the turn."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

import structlog
from psycopg.rows import class_row

from pantheon.base.crashpoints import crash_point
from pantheon.db.pool import Connection, Database, Notice
from pantheon.events import event_log
from pantheon.events.hub import Hub
from pantheon.events.types import EventType, NewEvent
from pantheon.ledger import attempts
from pantheon.providers.own_keys import providers_of
from pantheon.providers.registry import Providers
from pantheon.rooms.limits import DEFAULTS
from pantheon.turns import checkpoints, leases, steps
from pantheon.turns.finalize import finalize_turn
from pantheon.turns.graph import Graph, drive
from pantheon.turns.recall import recall_ratios
from pantheon.turns.slots import Loaded
from pantheon.turns.step import run_step, settle_unsent
from pantheon.turns.types import Frozen, StepPlan, StepRow, Stop, TurnRow
from pantheon.turns.view import load_siblings, load_steps
from pantheon.turns.work import Control, Work, is_away, persist

STEPS_AT_MOST = 300
AWAY_SECONDS = 1.0

log = structlog.get_logger()


async def run_turn(
    db: Database,
    providers: Providers,
    hub: Hub,
    graph: Graph,
    turn: TurnRow,
    control: Control,
    loaded: Loaded | None = None,
) -> None:
    """Run a claimed turn until it is terminal, put back by a drain, or another worker's.

    `loaded` is what its acceptance in this process has just written, to spare reading it. An
    exception is counted and the turn is given back at once; the third in a row, with no step
    closed between, fails it visibly. A database that is away is waited for and counts for nothing.
    """
    crash_point("run.claimed")
    try:
        loaded = loaded or await _load(db, providers, turn)
        work = _work(db, hub, turn, control, loaded)
        crash_point("run.loaded")
        if turn.takeovers >= leases.MAX_TAKEOVERS:
            await finalize_turn(work, None, _given_up(turn))
            return
        if turn.error is not None:
            await finalize_turn(work, None, turn.error)
            return
        if turn.cancel_requested is not None:
            control.cancel(turn.cancel_requested)
        await _drive(work, graph)
        crash_point("finalize.committed")
    except event_log.LeaseLost:
        return
    except Exception as error:
        if is_away(error):
            log.warning("a turn is put back", turn_id=str(turn.id), error=str(error).strip())
            with suppress(TimeoutError):
                await asyncio.wait_for(control.halted.wait(), AWAY_SECONDS)
            await _give_back(db, turn, control)
            return
        # A defect of ours: visible in the log and, if it repeats, on the turn.
        log.exception("a turn's run failed", turn_id=str(turn.id))
        await _count_fault(db, providers, hub, turn, control)


async def _drive(work: Work, graph: Graph) -> None:
    if not isinstance(work.next_batch(), Stop):
        await work.find_due()
        plans = len(work.steps) + len(work.due)
        first_run = work.turn.lease_epoch == 1

        # What acceptance has recorded leaves at once; the graph finds it under way.
        under_way = {
            key: asyncio.create_task(run_step(work, _plan(work, key))) for key in work.opened
        }

        async def execute(plan: StepPlan) -> None:
            await (under_way.pop(plan.key, None) or run_step(work, plan))

        try:
            with checkpoints.unread(graph.checkpointer, str(work.turn.id), first_run):
                await drive(
                    graph,
                    str(work.turn.id),
                    work.next_batch,
                    execute,
                    steps=STEPS_AT_MOST if work.frozen.manager else plans * 2,
                    paused=lambda: work.control.halt == "pause",
                    pausable=work.frozen.approve != "never",
                    resume=not first_run,
                )
        finally:
            await asyncio.gather(*under_way.values())
    if work.finished:
        return
    await settle_unsent(work)
    stop = work.next_batch()
    assert isinstance(stop, Stop), "the graph ends when its mode has no more steps"
    if stop.reason in ("lease_lost", "pause"):
        return
    if stop.reason == "drain":
        await _give_back(work.db, work.turn, work.control)
    else:
        await finalize_turn(work, stop.reason)


def _plan(work: Work, key: str) -> StepPlan:
    row = work.steps[key]
    return StepPlan(row.step_key, row.kind, row.round, row.position, row.agent_key)


async def _load(db: Database, providers: Providers, turn: TurnRow) -> Loaded:
    async with db.transaction(turn.workspace_id) as conn:
        unannounced = turn.last_seq == 1
        if unannounced or turn.lease_epoch > 1:
            first = await event_log.fence(conn, turn.ref, turn.lease_epoch, int(unannounced))
        if unannounced:
            started = NewEvent(EventType.turn_started, {})
            await event_log.write(conn, turn.ref, first, [started])
        if turn.lease_epoch > 1:
            lost = await attempts.close_lost(conn, turn.workspace_id, turn.id)
            await steps.lose(conn, turn.workspace_id, lost)
        text, tokens, prompts, elapsed, keys_version = await _texts(conn, turn)
        providers = await providers_of(conn, providers, turn.workspace_id, keys_version)
        await recall_ratios(conn, providers, turn.workspace_id)
        rows = await load_steps(conn, turn.workspace_id, [turn.id])
        siblings = await load_siblings(conn, turn.workspace_id, turn.session_id, [turn.parent_id])
    by_key = {key: ids for (_, key), ids in siblings.items()}
    return Loaded(providers, text, tokens, prompts, rows, by_key, elapsed_seconds=elapsed)


def _work(
    db: Database,
    hub: Hub,
    turn: TurnRow,
    control: Control,
    loaded: Loaded,
) -> Work:
    frozen = Frozen.load(turn.frozen)
    limit = float(frozen.limits.get("turn_seconds", DEFAULTS["turn_seconds"]))
    if frozen.manager is not None:
        limit -= loaded.elapsed_seconds - _waited_seconds(loaded.steps)
    return Work(
        db=db,
        providers=loaded.providers,
        hub=hub,
        control=control,
        turn=turn,
        frozen=frozen,
        text=loaded.text,
        text_tokens=loaded.text_tokens,
        prompts=loaded.prompts,
        steps={row.step_key: row for row in loaded.steps},
        siblings=loaded.siblings,
        opened=dict(loaded.opened),
        places=asyncio.Semaphore(int(frozen.limits.get("parallel", DEFAULTS["parallel"]))),
        history=loaded.history,
        ends_at=asyncio.get_running_loop().time() + limit,
    )


def _waited_seconds(rows: Sequence[StepRow]) -> float:
    """Return how long the turn has waited for its user: that is not the agents' time."""
    return sum(
        (row.finished_at - row.started_at).total_seconds()
        for row in rows
        if row.kind == "approval" and row.started_at is not None and row.finished_at is not None
    )


async def _texts(
    conn: Connection, turn: TurnRow
) -> tuple[str, int, Mapping[UUID, str], float, int]:
    """Return the question, its tokens, the role prompts, how old the turn is, the keys' version."""
    cursor = await conn.execute(
        """
        SELECT m.content, m.tokens, (
            SELECT json_object_agg(p.id, p.text) FROM agent_prompts p
            WHERE p.workspace_id = m.workspace_id AND p.id = ANY (%(prompts)s::uuid[])
        ), extract(epoch FROM clock_timestamp() - %(started)s)::float8, (
            SELECT count(*) + count(k.ended_at) FROM provider_keys k
            WHERE k.workspace_id = m.workspace_id
        )
        FROM messages m WHERE m.workspace_id = %(workspace)s AND m.id = %(message)s
        """,
        {
            "prompts": [seat.prompt_id for seat in Frozen.load(turn.frozen).everybody],
            "started": turn.started_at,
            "workspace": turn.workspace_id,
            "message": turn.input_message_id,
        },
    )
    row = await cursor.fetchone()
    assert row is not None
    prompts = {UUID(key): text for key, text in (row[2] or {}).items()}
    return row[0], row[1], prompts, row[3], row[4]


async def _give_back(db: Database, turn: TurnRow, control: Control) -> None:
    async def write(conn: Connection) -> None:
        await leases.give_back(conn, turn)
        conn.notices.append(Notice("work"))

    await persist(db, turn, control, write)


async def _count_fault(
    db: Database, providers: Providers, hub: Hub, turn: TurnRow, control: Control
) -> None:
    async with db.transaction(turn.workspace_id) as conn:
        faults = await leases.count_fault(conn, turn)
        conn.notices.append(Notice("work"))
    if faults is None or faults < leases.MAX_FAULTS:
        return
    async with (
        db.transaction(turn.workspace_id) as conn,
        conn.cursor(row_factory=class_row(TurnRow)) as cursor,
    ):
        await cursor.execute(
            "SELECT * FROM turns WHERE workspace_id = %(workspace)s AND id = %(id)s",
            {"workspace": turn.workspace_id, "id": turn.id},
        )
        row = await cursor.fetchone()
    assert row is not None
    if row.lease_epoch == turn.lease_epoch:
        work = _work(db, hub, row, control, await _load(db, providers, row))
        await finalize_turn(work, None, _broken(faults))


def _broken(faults: int) -> dict[str, Any]:
    return {
        "code": "internal_error",
        "title": "Pantheon failed",
        "detail": f"Running this turn failed {faults} times by our fault; the log has the reason.",
        "status": 500,
    }


def _given_up(turn: TurnRow) -> dict[str, Any]:
    return {
        "code": "workers_lost",
        "title": "Its workers died",
        "detail": f"{turn.takeovers} workers died while they ran this turn. Retry it.",
        "status": 500,
    }
