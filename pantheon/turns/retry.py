"""Retry and rerun: new turns that take finished steps over by reference."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from pantheon.accounts.roles import Who
from pantheon.base.errors import INVALID, NOT_FOUND, ProblemType
from pantheon.db.pool import Connection
from pantheon.providers.own_keys import providers_of
from pantheon.providers.registry import Providers
from pantheon.sessions.sessions import TURN_IN_PROGRESS
from pantheon.turns.accept import accept_turn, store_turn
from pantheon.turns.freeze import with_models
from pantheon.turns.mentions import find_mentions
from pantheon.turns.place import Place, load_place
from pantheon.turns.types import (
    GRAPH_VERSION,
    Frozen,
    StepPlan,
    StepRow,
    StepStatus,
    TurnInput,
    TurnRow,
    TurnStatus,
)
from pantheon.turns.view import load_steps

NOTHING_TO_RETRY = ProblemType("nothing_to_retry", 422, "Every answer is there")
TURN_NOT_LAST = ProblemType("turn_not_last", 409, "The session has gone on")
VERSION_UNKNOWN = ProblemType("version_unknown", 409, "Made by another version of Pantheon")


async def retry_turn(
    conn: Connection,
    providers: Providers,
    who: Who,
    turn_id: UUID,
    step_ids: Sequence[UUID] | None = None,
) -> dict[str, Any]:
    """Run some steps of the session's last turn again (all that are not completed by default).

    Returns the new turn, JSON-ready: same freeze, same parent, the other steps by reference.
    Raises `not_found`, `turn_in_progress`, `turn_not_last`, `nothing_to_retry`,
    `version_unknown`, `unknown_model`, `validation_error`.
    """
    old, place = await _load(conn, who, turn_id)
    rows = await _answers(conn, old)
    if place.head_turn_id != old.id:
        raise TURN_NOT_LAST("Only the session's last turn can be retried; rerun works on any.")
    _check_over(old)
    if step_ids is None:
        again = {row.step_key for row in rows if row.status != StepStatus.completed}
    else:
        strangers = set(step_ids) - {row.id for row in rows}
        if strangers:
            named = ", ".join(sorted(map(str, strangers)))
            raise INVALID(f"The turn has no step {named}.")
        again = {row.step_key for row in rows if row.id in set(step_ids)}
    if not again:
        raise NOTHING_TO_RETRY("Every step of this turn is completed; there is nothing to retry.")
    return await _repeat(conn, providers, who, old, place, rows, again, {})


async def rerun_turn(
    conn: Connection,
    providers: Providers,
    who: Who,
    turn_id: UUID,
    *,
    text: str | None = None,
    models: Mapping[str, str] | None = None,
    from_step: UUID | None = None,
) -> dict[str, Any]:
    """Answer a turn's question once more, beside the old answers, and continue from there.

    With `text` the question is changed: everything is frozen anew and runs. Without it the old
    freeze holds; `from_step` keeps what comes before that step; `models` replaces models by key.
    Raises as `retry_turn` does, but works on any turn.
    """
    old, place = await _load(conn, who, turn_id)
    _check_over(old)
    if text is not None:
        if from_step is not None:
            raise INVALID("A changed text runs everything anew: leave 'from_step' out.")
        order = Frozen.load(old.frozen).order if old.mode == "manual" else None
        wanted = TurnInput(text, old.mode, _still_asked(old, text), order, models or {})
        return await accept_turn(
            conn, providers, who, place.id, wanted, parent_id=old.parent_id, retry_of=old.id
        )
    rows = await _answers(conn, old)
    again = {row.step_key for row in rows}
    if from_step is not None:
        first = next((row for row in rows if row.id == from_step), None)
        if first is None:
            raise INVALID(f"The turn has no step {from_step}.")
        begin = (first.round, first.position)
        again = {row.step_key for row in rows if (row.round, row.position) >= begin}
    return await _repeat(conn, providers, who, old, place, rows, again, models or {})


async def _repeat(
    conn: Connection,
    providers: Providers,
    who: Who,
    old: TurnRow,
    place: Place,
    rows: Sequence[StepRow],
    again: Collection[str],
    models: Mapping[str, str],
) -> dict[str, Any]:
    if old.graph_version != GRAPH_VERSION:
        raise VERSION_UNKNOWN(
            "This turn was made by another version, whose steps this one does not know."
            " Send the question anew."
        )
    providers = await providers_of(conn, providers, who.workspace_id, place.keys_version)
    frozen = with_models(Frozen.load(old.frozen), models, providers)
    again = what_follows(rows, again)
    kept = [row for row in rows if row.step_key not in again]
    cursor = await conn.execute(
        "SELECT content FROM messages WHERE workspace_id = %(workspace)s AND id = %(id)s",
        {"workspace": who.workspace_id, "id": old.input_message_id},
    )
    message = await cursor.fetchone()
    assert message is not None
    return await store_turn(
        conn,
        providers,
        who,
        place,
        old.mode,
        frozen,
        message[0],
        old.warnings,
        parent_id=old.parent_id,
        retry_of=old.id,
        taken_over={row.step_key: row for row in kept},
        stale=stale_keys(rows, again),
        plans=_plans(rows, again),
    )


def what_follows(rows: Sequence[StepRow], again: Collection[str]) -> set[str]:
    """Return what has to run again with `again`.

    A synthesis, which is made of all steps (also of those it was never told of: skipped ones), and
    all that a decision has led to.
    """
    wanted = set(again)
    routes = [row for row in rows if row.kind == "route" and row.step_key in wanted]
    if routes:
        first = min((row.round, row.position) for row in routes)
        wanted |= {row.step_key for row in rows if (row.round, row.position) > first}
    return wanted | {row.step_key for row in rows if wanted and row.kind == "synthesis"}


def _plans(rows: Sequence[StepRow], again: Collection[str]) -> list[StepPlan]:
    """Return the steps of the new turn; behind a decision that is made anew they are not known."""
    ordered = sorted(rows, key=lambda row: (row.round, row.position, row.id))
    plans = []
    for row in ordered:
        plans.append(StepPlan(row.step_key, row.kind, row.round, row.position, row.agent_key))
        if row.kind == "route" and row.step_key in again:
            break
    return plans


def stale_keys(rows: Sequence[StepRow], again: Collection[str]) -> set[str]:
    """Return the keys of steps that rest, directly or through others, on one that runs again.

    A step may itself be taken over: what it is known by is the step that holds the message.
    """
    ordered = sorted(rows, key=lambda row: (row.round, row.position, row.id))
    changed = {str(row.source_step_id or row.id) for row in ordered if row.step_key in again}
    changed |= {str(row.id) for row in ordered if row.step_key in again}
    stale: set[str] = set()
    for row in ordered:
        if row.step_key in again:
            continue
        if row.stale or any(item["step_id"] in changed for item in row.read):
            stale.add(row.step_key)
            changed |= {str(row.source_step_id or row.id), str(row.id)}
    return stale


def _still_asked(old: TurnRow, text: str) -> tuple[str, ...]:
    """Return whom a changed text without tags asks: those whom the old one asked."""
    keys = [seat.key for seat in Frozen.load(old.frozen).seats]
    if old.mode != "manual" or find_mentions(text, keys).keys:
        return ()
    return tuple(keys)


async def _load(conn: Connection, who: Who, turn_id: UUID) -> tuple[TurnRow, Place]:
    async with conn.cursor(row_factory=class_row(TurnRow)) as cursor:
        await cursor.execute(
            "SELECT * FROM turns WHERE workspace_id = %(workspace)s AND id = %(id)s",
            {"workspace": who.workspace_id, "id": turn_id},
        )
        row = await cursor.fetchone()
    if row is None:
        raise NOT_FOUND(f"There is no turn {turn_id}.")
    return row, await load_place(conn, who, row.session_id)


async def _answers(conn: Connection, turn: TurnRow) -> list[StepRow]:
    """Return a turn's steps but for its summaries: what they have made counts for every turn."""
    rows = await load_steps(conn, turn.workspace_id, [turn.id])
    return [row for row in rows if row.kind != "summary"]


def _check_over(turn: TurnRow) -> None:
    if not TurnStatus(turn.status).terminal:
        raise TURN_IN_PROGRESS("This turn is still being answered. Wait for it or cancel it.")
