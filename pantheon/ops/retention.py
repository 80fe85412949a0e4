"""Retention: what was said in old sessions is purged, what it cost stays."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
import psycopg

PURGED_NAME = "(purged)"

OLD = """
    SELECT s.id FROM sessions s
    WHERE coalesce(s.last_turn_at, s.created_at) < now() - make_interval(days => %(days)s)
      AND NOT EXISTS (
          SELECT FROM turns t WHERE t.workspace_id = s.workspace_id AND t.session_id = s.id
            AND t.finished_at IS NULL)
"""


@dataclass(frozen=True, slots=True)
class Totals:
    """What the ledger says: this is what no purge may change."""

    calls: int
    cost_usd: Decimal
    charged_microcredits: int


@dataclass(frozen=True, slots=True)
class Purged:
    """What a purge takes away, or has taken."""

    sessions: int
    messages: int
    characters: int
    totals: Totals


class LedgerChanged(Exception):
    """The ledger's totals were not the same after a purge; nothing was purged."""


async def purge(admin_url: str, days: int, *, really: bool) -> Purged:
    """Take all texts out of sessions in which nothing has happened for so many days.

    Messages, summaries, decisions, events and repairs lose their text; turns, steps, the ledger and
    the hashes of what was sent stay. Messages that a younger fork shows stay too. Without `really`
    it only counts. One transaction; `admin_url` is the schema owner's. Raises LedgerChanged.
    """
    async with await psycopg.AsyncConnection.connect(admin_url) as conn:
        await conn.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
        cursor = await conn.execute(OLD, {"days": days})
        session_ids = [row[0] for row in await cursor.fetchall()]
        message_ids, characters = await _messages(conn, session_ids)
        before = await _totals(conn)
        touched = await _with_text(conn, session_ids, message_ids)
        if really:
            await _empty(conn, session_ids, message_ids)
            if await _totals(conn) != before:
                raise LedgerChanged("The ledger's totals would change: nothing was purged.")
        return Purged(touched, len(message_ids), characters, before)


async def _messages(
    conn: psycopg.AsyncConnection[Any], session_ids: list[UUID]
) -> tuple[list[UUID], int]:
    cursor = await conn.execute(
        """
        SELECT m.id, length(m.content) FROM messages m
        WHERE m.session_id = ANY (%(sessions)s) AND m.deleted_at IS NULL
          AND NOT EXISTS (
              SELECT FROM turns t
              WHERE t.workspace_id = m.workspace_id AND t.input_message_id = m.id
                AND t.session_id <> ALL (%(sessions)s))
          AND NOT EXISTS (
              SELECT FROM steps s
              JOIN turns t ON t.workspace_id = s.workspace_id AND t.id = s.turn_id
              WHERE s.workspace_id = m.workspace_id AND s.message_id = m.id
                AND t.session_id <> ALL (%(sessions)s))
        """,
        {"sessions": session_ids},
    )
    rows = await cursor.fetchall()
    return [message_id for message_id, _ in rows], sum(length for _, length in rows)


async def _with_text(
    conn: psycopg.AsyncConnection[Any], session_ids: list[UUID], message_ids: list[UUID]
) -> int:
    cursor = await conn.execute(
        """
        SELECT count(DISTINCT session_id) FROM messages
        WHERE id = ANY (%(messages)s) AND session_id = ANY (%(sessions)s)
        """,
        {"messages": message_ids, "sessions": session_ids},
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def _totals(conn: psycopg.AsyncConnection[Any]) -> Totals:
    cursor = await conn.execute(
        """
        SELECT count(*), coalesce(sum(cost_usd), 0), coalesce(sum(charged_microcredits), 0)
        FROM llm_call_events
        """
    )
    row = await cursor.fetchone()
    assert row is not None
    return Totals(int(row[0]), row[1], int(row[2]))


async def _empty(
    conn: psycopg.AsyncConnection[Any], session_ids: list[UUID], message_ids: list[UUID]
) -> None:
    given = {"sessions": session_ids, "messages": message_ids, "name": PURGED_NAME}
    for statement in (
        """
        UPDATE messages SET content = '', tokens = 0, tokens_o200k = NULL, pinned_at = NULL,
            deleted_at = now()
        WHERE id = ANY (%(messages)s)
        """,
        """
        DELETE FROM messages_taken_back k USING messages m
        WHERE m.workspace_id = k.workspace_id AND m.id = k.message_id
          AND m.session_id = ANY (%(sessions)s)
        """,
        "DELETE FROM summaries WHERE session_id = ANY (%(sessions)s)",
        """
        UPDATE steps s SET decision = NULL
        FROM turns t
        WHERE t.workspace_id = s.workspace_id AND t.id = s.turn_id
          AND t.session_id = ANY (%(sessions)s) AND s.decision IS NOT NULL
        """,
        """
        UPDATE context_audits c SET sections = (
            SELECT jsonb_agg(CASE WHEN part ->> 'origin' = 'repair'
                THEN part || '{"reply": "", "told": ""}' ELSE part END ORDER BY place)
            FROM jsonb_array_elements(c.sections) WITH ORDINALITY AS p (part, place))
        FROM steps s
        JOIN turns t ON t.workspace_id = s.workspace_id AND t.id = s.turn_id
        WHERE s.workspace_id = c.workspace_id AND s.id = c.step_id
          AND t.session_id = ANY (%(sessions)s) AND c.sections @> '[{"origin": "repair"}]'
        """,
        """
        WITH gone AS (
            DELETE FROM turn_events e USING turns t
            WHERE t.workspace_id = e.workspace_id AND t.id = e.turn_id
              AND t.session_id = ANY (%(sessions)s) AND e.seq < t.last_seq
            RETURNING e.workspace_id, e.turn_id
        ), counted AS (
            SELECT workspace_id, turn_id, count(*) AS events FROM gone GROUP BY 1, 2
        )
        UPDATE turns t SET events_purged = t.events_purged + c.events FROM counted c
        WHERE t.workspace_id = c.workspace_id AND t.id = c.turn_id
        """,
        "UPDATE sessions SET name = %(name)s WHERE id = ANY (%(sessions)s)",
    ):
        await conn.execute(statement, given)
    cursor = await conn.execute(
        """
        SELECT e.workspace_id, e.turn_id, e.seq, e.data::text FROM turn_events e
        JOIN turns t ON t.workspace_id = e.workspace_id AND t.id = e.turn_id
        WHERE t.session_id = ANY (%(sessions)s)
        """,
        given,
    )
    for workspace_id, turn_id, seq, data in await cursor.fetchall():
        await conn.execute(
            """
            UPDATE turn_events SET data = %(data)s
            WHERE workspace_id = %(workspace)s AND turn_id = %(turn)s AND seq = %(seq)s
            """,
            {
                "data": orjson.dumps(_without_texts(orjson.loads(data))).decode(),
                "workspace": workspace_id,
                "turn": turn_id,
                "seq": seq,
            },
        )


def _without_texts(data: dict[str, Any]) -> dict[str, Any]:
    """Return a turn's last event as the emptied turn looks."""
    turn = data.get("turn")
    if turn is None:
        return data
    steps = [
        {
            **step,
            "decision": None,
            "message": step["message"] and {**step["message"], "content": ""},
        }
        for step in turn["steps"]
    ]
    return {**data, "turn": {**turn, "input": "", "steps": steps}}
