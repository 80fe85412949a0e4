"""Accepting a turn: validate, freeze, store, hold and log, in the caller's one transaction."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from pantheon.accounts.roles import Who
from pantheon.base import ids
from pantheon.base.crashpoints import crash_point
from pantheon.base.errors import NOT_FOUND
from pantheon.base.money import credits_text
from pantheon.base.text import first_words
from pantheon.context import tokens
from pantheon.context.quotes import Quote
from pantheon.db.pool import Connection, Notice
from pantheon.events import event_log
from pantheon.events.types import EventType, NewEvent
from pantheon.ledger.holds import BUDGET_EXCEEDED, NotCovered
from pantheon.providers.own_keys import providers_of
from pantheon.providers.registry import Providers
from pantheon.sessions import messages
from pantheon.sessions.sessions import TURN_IN_PROGRESS
from pantheon.turns import steps
from pantheon.turns.ask import Ask, Opened, history_bounds, prepare_ask, record_attempt
from pantheon.turns.estimate import estimate_turn
from pantheon.turns.freeze import check_input, freeze
from pantheon.turns.history import load_history
from pantheon.turns.modes.registry import MODES
from pantheon.turns.place import Place, load_place
from pantheon.turns.recall import recall_ratios
from pantheon.turns.slots import Born, Loaded, Slot
from pantheon.turns.terms import take_hold, with_reserve, with_terms
from pantheon.turns.types import GRAPH_VERSION, Frozen, StepPlan, StepRow, TurnInput, TurnRow
from pantheon.turns.view import step_shape, turn_shape


async def accept_turn(
    conn: Connection,
    providers: Providers,
    who: Who,
    session_id: UUID,
    wanted: TurnInput,
    *,
    parent_id: UUID | None = None,
    retry_of: UUID | None = None,
    slot: Slot | None = None,
) -> dict[str, Any]:
    """Store a user's message as a turn that waits for a worker; return the turn, JSON-ready.

    Runs in the caller's transaction: with its commit the turn is acknowledged and queued, or with
    a `slot` leased to this process's worker. It continues the session's head, or with `retry_of`
    it is another try of that turn, beside it.
    Raises `not_found`, `turn_in_progress`, `no_valid_mention`, `no_agents`, `unknown_model`,
    `validation_error`, and where credits are enforced `model_unpriced`, `insufficient_credits`,
    `budget_exceeded`.
    """
    check_input(wanted)
    place = await load_place(conn, who, session_id)
    providers = await providers_of(conn, providers, who.workspace_id, place.keys_version)
    await recall_ratios(conn, providers, who.workspace_id)
    mode, frozen, warnings = freeze(place, providers, wanted)
    crash_point("accept.frozen")
    if place.head_index != place.turn_count or retry_of is not None:
        # Beside other turns of its parent: its run has to read which they are.
        slot = None
    return await store_turn(
        conn, providers, who, place, mode, frozen, wanted.text, warnings,
        parent_id=parent_id, retry_of=retry_of, slot=slot,
    )  # fmt: skip


async def store_turn(
    conn: Connection,
    providers: Providers,
    who: Who,
    place: Place,
    mode: str,
    frozen: Frozen,
    text: str,
    warnings: Sequence[Mapping[str, str]] = (),
    *,
    parent_id: UUID | None = None,
    retry_of: UUID | None = None,
    taken_over: Mapping[str, StepRow] | None = None,
    stale: Collection[str] = (),
    plans: Sequence[StepPlan] | None = None,
    slot: Slot | None = None,
) -> dict[str, Any]:
    """Insert the turn, its message, its steps and its hold, and append `turn.created`.

    `retry_of` makes it a new try of an older turn: then `parent_id` is the older one's, and
    `taken_over` names per step key the steps whose results it shares, and `stale` those of them
    that rest on a step which runs again; `plans` are its steps, where its mode alone does not
    know them. With a `slot` in direct mode the first attempt is
    recorded too: it leaves as soon as this is committed. Prices are frozen here, also those of a
    new try. Raises `turn_in_progress`, `model_unpriced`, `insufficient_credits` and
    `budget_exceeded`.
    """
    turn_id, message_id = ids.new(), ids.new()
    if retry_of is None:
        parent_id = place.head_turn_id
    frozen, unpriced = await with_terms(conn, who, place, providers, frozen)
    warnings = [*warnings, *unpriced]
    size = tokens.estimate(text)
    prompts = {UUID(agent["prompt_id"]): agent["prompt"] for agent in place.roster}
    asked = Quote(None, text, size)
    ask, history, estimate = None, None, None
    born = slot is not None and mode == "direct"
    if born or frozen.terms.billed:
        history = await load_history(
            conn, who.workspace_id, place.id, parent_id, place.turn_count + 1,
            **history_bounds(providers, frozen),
        )  # fmt: skip
    if frozen.terms.billed:
        known = await _role_prompts(conn, who, frozen, prompts)
        estimate = estimate_turn(providers, frozen, known, history or (), asked, taken_over or ())
        frozen = with_reserve(frozen, estimate)
    if born:
        assert history is not None
        plan = MODES[mode].plan(frozen)[0]
        ready = prepare_ask(providers, frozen, prompts, {}, plan, history, asked, message_id)
        ask = ready if isinstance(ready, Ask) else None
        if ask is not None and ask.assembled.due:
            # A summary comes first: the run makes it.
            ask, slot = None, None
    await messages.add(
        conn, who.workspace_id, message_id, place.id, turn_id, text, size,
        exact=tokens.exact_count(text),
    )  # fmt: skip
    try:
        turn = await _insert_turn(
            conn, who, place, turn_id, message_id, mode, frozen, warnings, parent_id, retry_of,
            slot, 1 + (slot is not None) + (ask is not None),
        )  # fmt: skip
    except UniqueViolation as violation:
        if violation.diag.constraint_name in ("turns_one_live", "turns_session_index"):
            raise _in_progress() from violation
        raise
    plans = MODES[mode].plan(frozen) if plans is None else plans
    if ask is not None:
        rows = [
            await steps.create_started(
                conn, turn.workspace_id, turn.id, plans[0], ask.read, ask.actions
            )
        ]
    elif taken_over:
        rows = await _repeat_steps(conn, turn, plans, taken_over, stale)
    else:
        rows = await steps.create(conn, turn.workspace_id, turn.id, plans)
    await _move_head(conn, who, place, turn_id, text)
    if estimate is not None:
        small = await take_hold(conn, who, place, turn_id, frozen, estimate)
        if small:
            turn = await _warn(conn, turn, [*warnings, *small])
    shape = turn_shape(turn, text, rows)
    events = [NewEvent(EventType.turn_created, {"turn": shape})]
    if slot is not None:
        events.append(NewEvent(EventType.turn_started, {}))
    opened = {}
    if ask is not None:
        try:
            attempt = await record_attempt(conn, turn, rows[0], ask)
        except NotCovered as refused:
            raise _too_dear(ask) from refused
        opened[rows[0].step_key] = Opened(attempt, ask)
        data = {"step_id": rows[0].id, "attempt": 1, "step": step_shape(rows[0], frozen)}
        events.append(NewEvent(EventType.step_started, data))
    await event_log.write(conn, turn.ref, 1, events)
    if slot is None:
        conn.notices.append(Notice("work"))
    else:
        slot.turn = turn
        loaded = Loaded(providers, text, size, prompts, rows, {}, history, opened)
        conn.notices.append(Notice("born", payload=Born(turn, loaded, slot)))
    crash_point("accept.before_commit")
    return shape


async def _insert_turn(
    conn: Connection,
    who: Who,
    place: Place,
    turn_id: UUID,
    message_id: UUID,
    mode: str,
    frozen: Frozen,
    warnings: Sequence[Mapping[str, str]],
    parent_id: UUID | None,
    retry_of: UUID | None,
    slot: Slot | None,
    last_seq: int,
) -> TurnRow:
    async with conn.cursor(row_factory=class_row(TurnRow)) as cursor:
        await cursor.execute(
            """
            INSERT INTO turns (workspace_id, id, session_id, user_id, room_id, index, parent_id,
                retry_of, mode, warnings, input_message_id, frozen, graph_version, last_seq,
                status, lease_epoch, lease_owner, lease_expires_at, started_at)
            SELECT %(workspace)s, %(id)s, %(session)s, %(user)s, %(room)s, %(index)s, %(parent)s,
                %(retry_of)s, %(mode)s, %(warnings)s, %(message)s, %(frozen)s, %(version)s, %(seq)s,
                CASE WHEN leased THEN 'running' ELSE 'queued' END, leased::int, %(worker)s,
                CASE WHEN leased THEN clock_timestamp() + make_interval(secs => %(seconds)s) END,
                CASE WHEN leased THEN clock_timestamp() END
            FROM (SELECT %(worker)s::uuid IS NOT NULL AS leased) AS birth
            RETURNING *
            """,
            {
                "workspace": who.workspace_id,
                "id": turn_id,
                "session": place.id,
                "user": who.user_id,
                "room": place.room_id,
                "index": place.turn_count + 1,
                "parent": parent_id,
                "retry_of": retry_of,
                "mode": mode,
                "warnings": Jsonb(list(warnings)),
                "message": message_id,
                "frozen": Jsonb(frozen.dump()),
                "version": GRAPH_VERSION,
                "seq": last_seq,
                "worker": slot and slot.worker_id,
                "seconds": slot.lease_seconds if slot else 0,
            },
        )
        turn = await cursor.fetchone()
    assert turn is not None
    return turn


async def _repeat_steps(
    conn: Connection,
    turn: TurnRow,
    plans: Sequence[StepPlan],
    taken_over: Mapping[str, StepRow],
    stale: Collection[str],
) -> list[StepRow]:
    """Add the steps of another try: some share what an earlier step holds, the others wait."""
    sources = [taken_over.get(plan.key) for plan in plans]
    async with conn.cursor(row_factory=class_row(StepRow)) as cursor:
        await cursor.execute(
            """
            INSERT INTO steps (workspace_id, id, turn_id, step_key, kind, round, position,
                agent_key, status, source_step_id, stale, message_id, error, decision,
                read, started_at, finished_at)
            SELECT %(workspace)s, p.id, %(turn)s, p.key, p.kind, p.round, p.position, p.agent_key,
                coalesce(o.status, 'pending'), coalesce(o.source_step_id, o.id),
                p.key = ANY (%(stale)s::text[]), o.message_id, o.error, o.decision,
                coalesce(o.read, '[]'),
                o.started_at, o.finished_at
            FROM unnest(%(ids)s::uuid[], %(keys)s::text[], %(kinds)s::text[], %(rounds)s::int[],
                %(positions)s::int[], %(agents)s::text[], %(sources)s::uuid[])
                AS p (id, key, kind, round, position, agent_key, source_id)
            LEFT JOIN steps o ON o.workspace_id = %(workspace)s AND o.id = p.source_id
            RETURNING *, (
                SELECT content FROM messages m
                WHERE m.workspace_id = steps.workspace_id AND m.id = steps.message_id
            ) AS content
            """,
            {
                "workspace": turn.workspace_id,
                "turn": turn.id,
                "ids": [ids.new() for _ in plans],
                "keys": [plan.key for plan in plans],
                "kinds": [plan.kind for plan in plans],
                "rounds": [plan.round for plan in plans],
                "positions": [plan.position for plan in plans],
                "agents": [plan.agent_key for plan in plans],
                "sources": [source and source.id for source in sources],
                "stale": list(stale),
            },
        )
        return await cursor.fetchall()


async def _move_head(conn: Connection, who: Who, place: Place, turn_id: UUID, text: str) -> None:
    moved = await conn.execute(
        """
        UPDATE sessions SET head_turn_id = %(turn)s, turn_count = turn_count + 1,
            last_turn_at = now(), name = coalesce(name, %(name)s), version = version + 1
        WHERE workspace_id = %(workspace)s AND id = %(session)s AND deleted_at IS NULL
          AND head_turn_id IS NOT DISTINCT FROM %(head)s
          AND NOT EXISTS (
              SELECT FROM rooms r WHERE r.workspace_id = sessions.workspace_id
                AND r.id = sessions.room_id AND r.deleted_at IS NOT NULL
          )
        """,
        {
            "workspace": who.workspace_id,
            "session": place.id,
            "turn": turn_id,
            "name": first_words(text),
            "head": place.head_turn_id,
        },
    )
    if moved.rowcount == 1:
        if place.name is None:
            conn.notices.append(Notice("session", place.id))
        return
    there = await conn.execute(
        """
        SELECT FROM sessions s
        LEFT JOIN rooms r ON r.workspace_id = s.workspace_id AND r.id = s.room_id
        WHERE s.workspace_id = %(workspace)s AND s.id = %(session)s
          AND s.deleted_at IS NULL AND r.deleted_at IS NULL
        """,
        {"workspace": who.workspace_id, "session": place.id},
    )
    if await there.fetchone() is None:
        raise NOT_FOUND(f"There is no session {place.id}.")
    raise _in_progress()


async def _role_prompts(
    conn: Connection, who: Who, frozen: Frozen, known: Mapping[UUID, str]
) -> Mapping[UUID, str]:
    """Return the role prompts of all seats: an older freeze can have those of an older version."""
    wanted = {UUID(seat.prompt_id) for seat in frozen.everybody if seat.prompt_id}
    if wanted <= known.keys():
        return known
    cursor = await conn.execute(
        """
        SELECT id, text FROM agent_prompts
        WHERE workspace_id = %(workspace)s AND id = ANY (%(ids)s)
        """,
        {"workspace": who.workspace_id, "ids": list(wanted)},
    )
    return dict(await cursor.fetchall())


async def _warn(conn: Connection, turn: TurnRow, warnings: Sequence[Mapping[str, str]]) -> TurnRow:
    await conn.execute(
        """
        UPDATE turns SET warnings = %(warnings)s
        WHERE workspace_id = %(workspace)s AND id = %(turn)s
        """,
        {
            "warnings": Jsonb(list(warnings)),
            "workspace": turn.workspace_id,
            "turn": turn.id,
        },
    )
    return replace(turn, warnings=[dict(warning) for warning in warnings])


def _too_dear(ask: Ask) -> Exception:
    need = credits_text(ask.earmark_microcredits)
    return BUDGET_EXCEEDED(
        f"@{ask.seat.key} may not spend as much in one turn as this call can charge: {need}"
        " credits.",
        budget={"scope": "agent", "scope_id": ask.seat.agent_id, "period": "turn"},
        needed=need,
    )


def _in_progress() -> Exception:
    return TURN_IN_PROGRESS(
        "This session's last turn is still being answered. Wait for it or cancel it."
    )
