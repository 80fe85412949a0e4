"""The history that a turn continues: the chain of its parents, newest first, as far as needed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from pantheon.base.shelf import Shelf
from pantheon.context import summaries
from pantheon.context.quotes import PastTurn, Quote, Recap
from pantheon.db.pool import Connection

# A page is twice the one before: few round trips for a long history, and of what is read at least
# a third is sent.
PAGE, MOST_PAGE = 32, 512
TAKEN_BACK = "(taken back by its author)"

WORTH_KEEPING = 64
"""A history of fewer turns is made anew in no time."""

MOST_KEPT = 16_000_000
"""Bytes, roughly, of long histories that a process keeps, so that a turn makes new turns only."""

BYTES_A_TOKEN, BYTES_A_QUOTE = 4, 800

Row = tuple[UUID, UUID | None, int, list[Any], list[Any], bool, bool]
Kept = dict[UUID, tuple[Row, PastTurn]]

_kept: Shelf[UUID, Kept] = Shelf(MOST_KEPT)


async def load_history(
    conn: Connection,
    workspace_id: UUID,
    session_id: UUID,
    parent_id: UUID | None,
    before: int,
    *,
    most_turns: int | None,
    most_tokens: int,
) -> list[PastTurn]:
    """Return the chain that ends with `parent_id`, oldest first, until either bound is reached.

    `before` is an index above the parent's. What is read is bounded by the windows of the turn's
    models, not by the session's length. A parent has a lower index than its child, so that one
    walk down the indexes finds the chain. Summaries come with the turns that they end with, pins
    from further back with the first turn. A turn that is as it was when it was read before is the
    very same object, with what has been made of it since.
    """
    history: list[PastTurn] = []
    summed: dict[UUID, int] = {}
    kept = _kept.get(session_id) or {}
    read: list[Row] = []
    pins = False
    wanted, used = parent_id, 0
    page = PAGE if most_turns is None else min(PAGE, most_turns)
    while (
        wanted is not None
        and used <= most_tokens
        and (most_turns is None or len(history) < most_turns)
    ):
        rows = await _page(conn, workspace_id, session_id, before, page)
        if not rows:
            break
        for row in rows:
            turn_id, parent_id, before, _, _, has_summary, pins = row
            if turn_id != wanted:
                continue
            past = _past(kept, row)
            if has_summary:
                summed[turn_id] = len(history)
            read.append(row)
            history.append(past)
            wanted, used = parent_id, used + past.tokens
            if used > most_tokens or len(history) == most_turns:
                break
        page = min(2 * page, MOST_PAGE)
    recaps: dict[int, tuple[Recap, ...]] = {}
    if summed:
        for turn_id, recap in await summaries.ending_with(conn, workspace_id, list(summed)):
            recaps[summed[turn_id]] = (*recaps.get(summed[turn_id], ()), recap)
    older: tuple[Quote, ...] = ()
    if pins and wanted is not None and history:
        older = await _pins(conn, workspace_id, session_id, wanted)
    last = len(history) - 1
    for at, past in enumerate(history):
        beside = (recaps.get(at, ()), older if at == last else ())
        if beside != (past.recaps, past.pins):
            history[at] = replace(past, recaps=beside[0], pins=beside[1])
    if len(history) >= WORTH_KEEPING:
        size = BYTES_A_TOKEN * used + BYTES_A_QUOTE * sum(len(past.said) for past in history)
        found = zip(read, history, strict=True)
        _kept.put(session_id, {row[0]: (row, past) for row, past in found}, size)
    history.reverse()
    return history


def _past(kept: Kept, row: Row) -> PastTurn:
    """Return a turn as it was made before if it still says the same, else anew."""
    turn_id, _, index, asked, answers, _, _ = row
    known = kept.get(turn_id)
    if known is not None and known[0][3:5] == (asked, answers):
        return known[1]
    return PastTurn(index, _asked(asked), tuple(_answer(*answer) for answer in answers), id=turn_id)


def _asked(message: Sequence[Any]) -> Quote:
    message_id, text, size, exact, pinned = message
    return Quote(
        None, text or TAKEN_BACK, size, exact=exact, message_id=UUID(message_id), pinned=pinned
    )


def _answer(step_id: str, key: str, message: Sequence[Any]) -> Quote:
    message_id, text, size, exact, pinned = message
    return Quote(
        key, text, size, UUID(step_id), exact=exact, message_id=UUID(message_id), pinned=pinned
    )


async def _page(
    conn: Connection, workspace_id: UUID, session_id: UUID, before: int, limit: int
) -> Sequence[Row]:
    cursor = await conn.execute(
        """
        SELECT t.id, t.parent_id, t.index,
            json_build_array(i.id, i.content, i.tokens, i.tokens_o200k, i.pinned_at IS NOT NULL),
            coalesce((
                SELECT json_agg(
                    json_build_array(s.id, s.agent_key, json_build_array(
                        m.id, m.content, m.tokens, m.tokens_o200k, m.pinned_at IS NOT NULL))
                    ORDER BY s.round, s.position)
                FROM steps s
                JOIN messages m ON m.workspace_id = s.workspace_id AND m.id = s.message_id
                WHERE s.workspace_id = t.workspace_id AND s.turn_id = t.id
                  AND s.kind IN ('answer', 'synthesis') AND s.status IN ('completed', 'cancelled')
                  AND m.deleted_at IS NULL
            ), '[]'),
            EXISTS (
                SELECT FROM summaries u
                WHERE u.workspace_id = t.workspace_id AND u.to_turn_id = t.id
                  AND u.ended_at IS NULL
            ),
            EXISTS (
                SELECT FROM messages p
                WHERE p.workspace_id = %(workspace)s AND p.session_id = %(session)s
                  AND p.pinned_at IS NOT NULL
            ) OR EXISTS (
                SELECT FROM sessions f
                WHERE f.workspace_id = %(workspace)s AND f.id = %(session)s
                  AND f.forked_from IS NOT NULL
            )
        FROM turns t
        JOIN messages i ON i.workspace_id = t.workspace_id AND i.id = t.input_message_id
        WHERE t.workspace_id = %(workspace)s AND t.session_id = %(session)s
          AND t.index < %(before)s
        ORDER BY t.index DESC LIMIT %(limit)s
        """,
        {"workspace": workspace_id, "session": session_id, "before": before, "limit": limit},
    )
    return await cursor.fetchall()


async def _pins(
    conn: Connection, workspace_id: UUID, session_id: UUID, last_id: UUID
) -> tuple[Quote, ...]:
    """Return what is pinned in the chain that ends with `last_id`, oldest first.

    A fork's turns from before it name the messages of the sessions that it came from.
    """
    cursor = await conn.execute(
        """
        WITH RECURSIVE origins AS (
            SELECT t.session_id AS id FROM sessions f
            JOIN turns t ON t.workspace_id = f.workspace_id AND t.id = f.forked_from
            WHERE f.workspace_id = %(workspace)s AND f.id = %(session)s
            UNION ALL
            SELECT t.session_id FROM origins o
            JOIN sessions f ON f.workspace_id = %(workspace)s AND f.id = o.id
            JOIN turns t ON t.workspace_id = f.workspace_id AND t.id = f.forked_from
        ), said AS (
            SELECT m, m.turn_id FROM messages m
            WHERE m.workspace_id = %(workspace)s AND m.session_id = %(session)s
              AND m.pinned_at IS NOT NULL
            UNION ALL
            SELECT m, coalesce(s.turn_id, q.id) FROM origins o
            JOIN messages m ON m.workspace_id = %(workspace)s AND m.session_id = o.id
              AND m.pinned_at IS NOT NULL
            LEFT JOIN steps s ON s.workspace_id = m.workspace_id AND s.source_step_id = m.step_id
            LEFT JOIN turns q ON q.workspace_id = m.workspace_id AND q.session_id = %(session)s
              AND q.input_message_id = m.id
        ), pins AS (
            SELECT (said.m).*, t.id AS held_by, t.index FROM said
            JOIN turns t ON t.workspace_id = %(workspace)s AND t.id = said.turn_id
              AND t.session_id = %(session)s
        ), chain AS (
            SELECT id, parent_id, index FROM turns
            WHERE workspace_id = %(workspace)s AND id = %(last)s
            UNION ALL
            SELECT t.id, t.parent_id, t.index FROM chain c
            JOIN turns t ON t.workspace_id = %(workspace)s AND t.id = c.parent_id
            WHERE c.index > (SELECT min(index) FROM pins)
        )
        SELECT p.agent_key, p.content, p.tokens, p.step_id, p.tokens_o200k, p.id
        FROM pins p JOIN chain c ON c.id = p.held_by ORDER BY p.index, p.id
        """,
        {"workspace": workspace_id, "session": session_id, "last": last_id},
    )
    return tuple(
        Quote(key, text, size, step_id, exact=exact, message_id=message_id, pinned=True)
        for key, text, size, step_id, exact, message_id in await cursor.fetchall()
    )
