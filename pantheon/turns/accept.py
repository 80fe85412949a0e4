"""Accepting a turn: validate, freeze, store, hold and log, in the caller's one transaction."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from pantheon.accounts.roles import Who
from pantheon.base import ids
from pantheon.base.errors import INVALID, NOT_FOUND, ProblemType
from pantheon.base.text import first_words, sanitise
from pantheon.context import tokens
from pantheon.context.assemble import Quote
from pantheon.db.pool import Connection, Notice
from pantheon.events import event_log
from pantheon.events.types import EventType, NewEvent
from pantheon.ledger import wallets
from pantheon.providers.registry import Providers
from pantheon.rooms.limits import check_limits
from pantheon.sessions import messages
from pantheon.sessions.sessions import TURN_IN_PROGRESS
from pantheon.turns.ask import Ask, Opened, history_bounds, prepare_ask, record_ask
from pantheon.turns.history import load_history
from pantheon.turns.mentions import ALL, find_mentions, near_keys
from pantheon.turns.modes.registry import ALIASES, MODES
from pantheon.turns.slots import Born, Loaded, Slot
from pantheon.turns.types import GRAPH_VERSION, Frozen, Seat, StepRow, TurnInput, TurnRow
from pantheon.turns.view import step_shape, turn_shape

NO_VALID_MENTION = ProblemType("no_valid_mention", 422, "No agent of that name")
NO_AGENTS = ProblemType("no_agents", 422, "Nobody is there to answer")

LONGEST_TEXT = 200_000


@dataclass(frozen=True, slots=True)
class Place:
    """The session a turn is for, and who sits there."""

    id: UUID
    room_id: UUID | None
    head_turn_id: UUID | None
    head_index: int
    turn_count: int
    name: str | None
    room_mode: str | None
    goal: str | None
    mentions: str | None
    tag_order: str | None
    limits: Mapping[str, Any]
    roster: Sequence[Mapping[str, Any]]


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
    `validation_error`.
    """
    _check_text(wanted.text)
    if wanted.approve not in (None, "never"):
        raise INVALID(
            f"This version asks for no approvals: 'approve' is 'never', not '{wanted.approve}'."
        )
    place = await load_place(conn, who, session_id)
    mode, frozen, warnings = _freeze(place, providers, wanted)
    if place.head_index != place.turn_count or retry_of is not None:
        # Beside other turns of its parent: its run has to read which they are.
        slot = None
    return await store_turn(
        conn, providers, who, place, mode, frozen, wanted.text, warnings,
        parent_id=parent_id, retry_of=retry_of, slot=slot,
    )  # fmt: skip


async def load_place(conn: Connection, who: Who, session_id: UUID) -> Place:
    """Return the session with its room's settings and roster. Raises `not_found`."""
    async with conn.cursor(row_factory=class_row(Place)) as cursor:
        await cursor.execute(
            """
            SELECT s.id, s.room_id, s.head_turn_id, s.turn_count, s.name, r.mode AS room_mode,
                   coalesce((
                       SELECT t.index FROM turns t
                       WHERE t.workspace_id = s.workspace_id AND t.id = s.head_turn_id
                   ), 0) AS head_index,
                   r.goal, r.mentions, r.tag_order, coalesce(r.limits, '{}') AS limits,
                   coalesce((
                       SELECT json_agg(json_build_object(
                           'agent_id', a.id, 'key', a.key, 'name', a.name, 'color', a.color,
                           'model', a.model, 'prompt_id', a.prompt_id, 'prompt', p.text,
                           'parameters', a.parameters, 'context', coalesce(ra.context, a.context),
                           'muted', coalesce(ra.muted, false)
                       ) ORDER BY ra.position)
                       FROM agents a
                       JOIN agent_prompts p ON p.workspace_id = a.workspace_id
                           AND p.id = a.prompt_id
                       LEFT JOIN room_agents ra ON ra.workspace_id = a.workspace_id
                           AND ra.agent_id = a.id AND ra.room_id = s.room_id
                       WHERE a.workspace_id = s.workspace_id AND a.deleted_at IS NULL
                         AND CASE WHEN s.agent_id IS NULL THEN ra.room_id = s.room_id
                                  ELSE a.id = s.agent_id END
                   ), '[]') AS roster
            FROM sessions s
            LEFT JOIN rooms r ON r.workspace_id = s.workspace_id AND r.id = s.room_id
            WHERE s.workspace_id = %(workspace)s AND s.id = %(session)s AND s.deleted_at IS NULL
              AND (s.user_id = %(user)s OR s.shared) AND r.deleted_at IS NULL
            """,
            {"workspace": who.workspace_id, "session": session_id, "user": who.user_id},
        )
        place = await cursor.fetchone()
    if place is None:
        raise NOT_FOUND(f"There is no session {session_id}.")
    return place


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
    slot: Slot | None = None,
) -> dict[str, Any]:
    """Insert the turn, its message, its steps and its hold, and append `turn.created`.

    `retry_of` makes it a new try of an older turn: then `parent_id` is the older one's, and
    `taken_over` names per step key the steps whose results it shares, and `stale` those of them
    that rest on a step which runs again. With a `slot` in direct mode the first attempt is
    recorded too: it leaves as soon as this is committed. Raises `turn_in_progress`.
    """
    turn_id, message_id = ids.new(), ids.new()
    if retry_of is None:
        parent_id = place.head_turn_id
    size = tokens.estimate(text)
    prompts = {UUID(agent["prompt_id"]): agent["prompt"] for agent in place.roster}
    ask, history = None, None
    if slot is not None and mode == "direct":
        history = await load_history(
            conn, who.workspace_id, place.id, parent_id, place.turn_count + 1,
            **history_bounds(providers, frozen),
        )  # fmt: skip
        asked = Quote(None, text, size)
        ready = prepare_ask(
            providers, frozen, frozen.seats[0], prompts, history, asked, message_id, []
        )
        ask = ready if isinstance(ready, Ask) else None
    await messages.add(conn, who.workspace_id, message_id, place.id, turn_id, text, size)
    try:
        turn = await _insert_turn(
            conn, who, place, turn_id, message_id, mode, frozen, warnings, parent_id, retry_of,
            slot, 1 if ask is None else 3,
        )  # fmt: skip
    except UniqueViolation as violation:
        if violation.diag.constraint_name in ("turns_one_live", "turns_session_index"):
            raise _in_progress() from violation
        raise
    rows = await _insert_steps(conn, turn, frozen, taken_over or {}, stale)
    await wallets.hold(conn, who.workspace_id, turn_id, 0)
    await _move_head(conn, who, place, turn_id, text)
    shape = turn_shape(turn, text, rows)
    events = [NewEvent(EventType.turn_created, {"turn": shape})]
    opened = {}
    if ask is not None:
        attempt, rows[0] = await record_ask(conn, turn, rows[0], ask)
        opened[rows[0].step_key] = Opened(attempt, ask)
        data = {"step_id": rows[0].id, "attempt": 1, "step": step_shape(rows[0], frozen)}
        events += [NewEvent(EventType.turn_started, {}), NewEvent(EventType.step_started, data)]
    await event_log.write(conn, turn.ref, 1, events)
    if slot is None:
        conn.notices.append(Notice("work"))
    else:
        slot.turn = turn
        loaded = Loaded(text, size, prompts, rows, {}, history, opened)
        conn.notices.append(Notice("born", payload=Born(turn, loaded, slot)))
    return shape


def _check_text(text: str) -> None:
    if not text.strip():
        raise INVALID("The message is empty. Write what you want to ask.")
    if len(text) > LONGEST_TEXT:
        raise INVALID(f"The message has {len(text)} characters; at most {LONGEST_TEXT} are read.")
    if sanitise(text) != text:
        raise INVALID("The message holds characters that are no text (NUL or lone surrogates).")


def _freeze(
    place: Place, providers: Providers, wanted: TurnInput
) -> tuple[str, Frozen, list[dict[str, str]]]:
    roster = [agent for agent in place.roster if not agent["muted"]]
    if not roster:
        raise NO_AGENTS("Every agent here is muted or gone. Add one or unmute one.")
    keys = [agent["key"] for agent in roster]
    mentions = find_mentions(wanted.text, keys)
    asked = [key.lower() for key in wanted.agents]
    mode = _mode(place, wanted, bool(mentions.keys) or bool(asked))
    chosen = keys
    if mode == "manual":
        chosen = list(dict.fromkeys([*mentions.keys, *asked]))
        _refuse_unknown(asked, keys, mentions.unknown, chosen)
    elif asked:
        raise INVALID("'agents' goes with the mode 'manual' only.")
    elif mode == "roundtable" and place.mentions == "first":
        chosen = [*mentions.keys, *(key for key in keys if key not in mentions.keys)]
    by_key = {agent["key"]: agent for agent in roster}
    seats = tuple(_seat(by_key[key], i + 1) for i, key in enumerate(chosen))
    seats = _with_models(seats, wanted.models, providers)
    order = "sequence"
    if mode == "manual":
        order = wanted.order or place.tag_order or "parallel"
    elif wanted.order is not None:
        raise INVALID("'order' goes with the mode 'manual' only.")
    frozen = Frozen(seats, place.goal, order, _limits(place, wanted), place.room_id is not None)
    return mode, frozen, _warnings(place, mentions.unknown)


def _mode(place: Place, wanted: TurnInput, tagged: bool) -> str:
    if place.room_id is None:
        if wanted.mode not in (None, "direct"):
            raise INVALID(
                f"A session with a single agent has the mode 'direct' only, not '{wanted.mode}'."
            )
        return "direct"
    mode = wanted.mode
    if mode is None:
        overridden = tagged and (place.mentions == "override" or bool(wanted.agents))
        mode = "manual" if overridden else place.room_mode
    mode = ALIASES.get(str(mode), str(mode))
    if mode not in MODES or mode == "direct":
        valid = ", ".join(name for name in MODES if name != "direct")
        raise INVALID(f"A room has no mode '{mode}'. Valid are: {valid}.")
    return mode


def _refuse_unknown(
    asked: Sequence[str], keys: Sequence[str], unknown: Sequence[str], chosen: Sequence[str]
) -> None:
    wrong = [key for key in asked if key not in keys]
    if chosen and not wrong:
        return
    tags = [*wrong, *unknown]
    near = list(dict.fromkeys(key for tag in tags for key in near_keys(tag, keys)))
    named = ", ".join(f"@{key}" for key in keys)
    who = f"Nobody here is called {', '.join('@' + tag for tag in tags)}. " if tags else ""
    raise NO_VALID_MENTION(
        f"{who}Tag one of {named} or @{ALL}.", valid_keys=list(keys), near_keys=near
    )


def _warnings(place: Place, unknown: Sequence[str]) -> list[dict[str, str]]:
    if place.room_id is None or place.mentions == "ignore":
        return []
    muted = {agent["key"] for agent in place.roster if agent["muted"]}
    return [
        {
            "code": "agent_muted" if tag in muted else "unknown_mention",
            "detail": f"@{tag} is muted and does not answer."
            if tag in muted
            else f"Nobody here is called @{tag}.",
        }
        for tag in unknown
    ]


def _seat(agent: Mapping[str, Any], position: int) -> Seat:
    return Seat(
        str(agent["agent_id"]), agent["key"], agent["name"], agent["color"], agent["model"],
        position, str(agent["prompt_id"]), agent["parameters"], agent["context"],
    )  # fmt: skip


def _with_models(
    seats: Sequence[Seat], models: Mapping[str, str], providers: Providers
) -> tuple[Seat, ...]:
    wrong = sorted(set(models) - {seat.key for seat in seats})
    if wrong:
        raise INVALID(f"'models' names agents that do not answer here: {', '.join(wrong)}.")
    changed = tuple(replace(seat, model=models.get(seat.key, seat.model)) for seat in seats)
    for seat in changed:
        providers.resolve(seat.model)
    return changed


def _limits(place: Place, wanted: TurnInput) -> dict[str, Any]:
    limits = dict(place.limits)
    check_limits(wanted.limits)
    for name, value in wanted.limits.items():
        limits[name] = min(value, limits.get(name, value))
    return limits


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


async def _insert_steps(
    conn: Connection,
    turn: TurnRow,
    frozen: Frozen,
    taken_over: Mapping[str, StepRow],
    stale: Collection[str],
) -> list[StepRow]:
    plans = MODES[turn.mode].plan(frozen)
    sources = [taken_over.get(plan.key) for plan in plans]
    async with conn.cursor(row_factory=class_row(StepRow)) as cursor:
        await cursor.execute(
            """
            INSERT INTO steps (workspace_id, id, turn_id, step_key, kind, round, position,
                agent_key, status, source_step_id, stale, message_id, error, read, started_at,
                finished_at)
            SELECT %(workspace)s, p.id, %(turn)s, p.key, p.kind, p.round, p.position, p.agent_key,
                coalesce(o.status, 'pending'), coalesce(o.source_step_id, o.id),
                p.key = ANY (%(stale)s::text[]), o.message_id, o.error, coalesce(o.read, '[]'),
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
        return
    there = await conn.execute(
        """
        SELECT 1 FROM sessions
        WHERE workspace_id = %(workspace)s AND id = %(session)s AND deleted_at IS NULL
        """,
        {"workspace": who.workspace_id, "session": place.id},
    )
    if await there.fetchone() is None:
        raise NOT_FOUND(f"There is no session {place.id}.")
    raise _in_progress()


def _in_progress() -> Exception:
    return TURN_IN_PROGRESS(
        "This session's last turn is still being answered. Wait for it or cancel it."
    )
