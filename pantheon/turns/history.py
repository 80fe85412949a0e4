"""The history that a turn continues: the chain of its parents, newest first, as far as needed."""

from collections.abc import Sequence
from uuid import UUID

from pantheon.context.assemble import PastTurn, Quote
from pantheon.db.pool import Connection

PAGE = 32


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
    walk down the indexes finds the chain.
    """
    history: list[PastTurn] = []
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
        for turn_id, parent_id, index, text, text_tokens, answers in rows:
            before = index
            if turn_id != wanted:
                continue
            past = PastTurn(
                index,
                Quote(None, text, text_tokens),
                tuple(Quote(key, said, count, UUID(step)) for step, key, said, count in answers),
            )
            history.append(past)
            wanted, used = parent_id, used + past.tokens
            if used > most_tokens or len(history) == most_turns:
                break
    history.reverse()
    return history


async def _page(
    conn: Connection, workspace_id: UUID, session_id: UUID, before: int, limit: int
) -> Sequence[tuple[UUID, UUID | None, int, str, int, list[tuple[str, str, str, int]]]]:
    cursor = await conn.execute(
        """
        SELECT t.id, t.parent_id, t.index, i.content, i.tokens, coalesce((
            SELECT json_agg(json_build_array(s.id, s.agent_key, m.content, m.tokens)
                            ORDER BY s.round, s.position)
            FROM steps s
            JOIN messages m ON m.workspace_id = s.workspace_id AND m.id = s.message_id
            WHERE s.workspace_id = t.workspace_id AND s.turn_id = t.id
              AND s.kind IN ('answer', 'synthesis') AND s.status IN ('completed', 'cancelled')
        ), '[]')
        FROM turns t
        JOIN messages i ON i.workspace_id = t.workspace_id AND i.id = t.input_message_id
        WHERE t.workspace_id = %(workspace)s AND t.session_id = %(session)s
          AND t.index < %(before)s
        ORDER BY t.index DESC LIMIT %(limit)s
        """,
        {"workspace": workspace_id, "session": session_id, "before": before, "limit": limit},
    )
    return await cursor.fetchall()
