"""Where a turn is asked for: the session, its room's settings, and who sits there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from pantheon.accounts.roles import Who
from pantheon.base.errors import NOT_FOUND
from pantheon.db.pool import Connection
from pantheon.ledger.terms import OFF


@dataclass(frozen=True, slots=True)
class Place:
    """The session a turn is for, and who sits there.

    In the `roster` those who are not `seated` are agents that manage without a seat.
    `keys_version` is that of the provider keys that the workspace has entered, `enforcement` its
    switch of billing, `book_id` the price book that is valid.
    """

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
    approve: str | None = None
    manager: Mapping[str, Any] | None = None
    keys_version: int = 0
    summary_model: str | None = None
    enforcement: str = OFF
    book_id: UUID | None = None


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
                   r.goal, r.mentions, r.tag_order, r.approve, r.manager, r.summary_model,
                   coalesce(r.limits, '{}') AS limits,
                   (
                       SELECT count(*) + count(k.ended_at) FROM provider_keys k
                       WHERE k.workspace_id = s.workspace_id
                   ) AS keys_version,
                   coalesce((
                       SELECT w.enforcement FROM wallets w WHERE w.workspace_id = s.workspace_id
                   ), 'off') AS enforcement,
                   (
                       SELECT b.id FROM price_books b
                       WHERE b.workspace_id = s.workspace_id
                         AND b.valid_from <= clock_timestamp()
                       ORDER BY b.valid_from DESC, b.version DESC LIMIT 1
                   ) AS book_id,
                   coalesce((
                       SELECT json_agg(json_build_object(
                           'agent_id', a.id, 'key', a.key, 'name', a.name, 'color', a.color,
                           'model', a.model, 'prompt_id', a.prompt_id, 'prompt', p.text,
                           'parameters', a.parameters, 'context', coalesce(ra.context, a.context),
                           'muted', coalesce(ra.muted, false),
                           'seated', ra.room_id IS NOT NULL OR s.room_id IS NULL
                       ) ORDER BY ra.position)
                       FROM agents a
                       JOIN agent_prompts p ON p.workspace_id = a.workspace_id
                           AND p.id = a.prompt_id
                       LEFT JOIN room_agents ra ON ra.workspace_id = a.workspace_id
                           AND ra.agent_id = a.id AND ra.room_id = s.room_id
                       WHERE a.workspace_id = s.workspace_id AND a.deleted_at IS NULL
                         AND CASE WHEN s.agent_id IS NOT NULL THEN a.id = s.agent_id
                                  ELSE ra.room_id = s.room_id
                                       OR a.id::text = r.manager ->> 'agent_id' END
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
