"""Summaries as they are kept: versions, made by a step or edited by a user, until they end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from pantheon.accounts.roles import Who
from pantheon.base import cursors, ids
from pantheon.base.clock import rfc3339
from pantheon.base.errors import INVALID, NOT_FOUND, STALE_VERSION
from pantheon.context.digest import Digest, InvalidDigest, load_digest, render, size
from pantheon.context.quotes import Recap
from pantheon.db.pool import Connection
from pantheon.sessions import sessions

READ_AT_MOST = 8


@dataclass(frozen=True, slots=True)
class Summary:
    """A row of `summaries`. Made by a step, or by the user who edited an older version."""

    workspace_id: UUID
    id: UUID
    session_id: UUID
    scope: str
    version: int
    from_turn: int
    to_turn: int
    to_turn_id: UUID
    previous_id: UUID | None
    step_id: UUID | None
    edited_by: UUID | None
    content: dict[str, Any]
    dropped: list[dict[str, Any]]
    created_at: datetime
    ended_at: datetime | None
    ended_as: str | None

    @property
    def digest(self) -> Digest:
        """What it says."""
        return load_digest(self.content)


@dataclass(frozen=True, slots=True)
class NewSummary:
    """A summary to be kept, of the turns up to one."""

    session_id: UUID
    scope: str
    from_turn: int
    to_turn: int
    to_turn_id: UUID
    previous_id: UUID | None
    digest: Digest
    dropped: Sequence[Mapping[str, Any]] = ()
    step_id: UUID | None = None
    edited_by: UUID | None = None
    id: UUID = field(default_factory=ids.new)


def shape(summary: Summary, *, current: bool) -> dict[str, Any]:
    """Return the `Summary` of the HTTP contract, JSON-ready."""
    return {
        "id": str(summary.id),
        "session_id": str(summary.session_id),
        "scope": summary.scope,
        "version": summary.version,
        "from_turn": summary.from_turn,
        "to_turn": summary.to_turn,
        "to_turn_id": str(summary.to_turn_id),
        "previous_id": str(summary.previous_id) if summary.previous_id else None,
        "step_id": str(summary.step_id) if summary.step_id else None,
        "edited_by": str(summary.edited_by) if summary.edited_by else None,
        "content": summary.content,
        "dropped": summary.dropped,
        "tokens": size(summary.digest),
        "state": summary.ended_as or ("current" if current else "replaced"),
        "created_at": rfc3339(summary.created_at),
    }


def shortly(new: NewSummary) -> dict[str, Any]:
    """Return a new summary by reference: what a step and an event tell of it."""
    return {
        "summary_id": str(new.id),
        "scope": new.scope,
        "from_turn": new.from_turn,
        "to_turn": new.to_turn,
        "dropped": len(new.dropped),
    }


async def add(conn: Connection, workspace_id: UUID, new: NewSummary) -> UUID:
    """Keep a summary as its scope's newest version; returns its id."""
    # One after another: their versions are counted.
    await conn.execute(
        """
        SELECT FROM sessions WHERE workspace_id = %(workspace)s AND id = %(session)s
        FOR NO KEY UPDATE
        """,
        {"workspace": workspace_id, "session": new.session_id},
    )
    await conn.execute(
        """
        INSERT INTO summaries (workspace_id, id, session_id, scope, version, from_turn, to_turn,
            to_turn_id, previous_id, step_id, edited_by, content, dropped)
        SELECT %(workspace)s, %(id)s, %(session)s, %(scope)s, coalesce(max(version), 0) + 1,
            %(from)s, %(to)s, %(to_id)s, %(previous)s, %(step)s, %(edited_by)s, %(content)s,
            %(dropped)s
        FROM summaries
        WHERE workspace_id = %(workspace)s AND session_id = %(session)s AND scope = %(scope)s
        """,
        {
            "workspace": workspace_id,
            "id": new.id,
            "session": new.session_id,
            "scope": new.scope,
            "from": new.from_turn,
            "to": new.to_turn,
            "to_id": new.to_turn_id,
            "previous": new.previous_id,
            "step": new.step_id,
            "edited_by": new.edited_by,
            "content": Jsonb(new.digest.model_dump()),
            "dropped": Jsonb(list(new.dropped)),
        },
    )
    return new.id


async def ending_with(
    conn: Connection, workspace_id: UUID, turn_ids: Sequence[UUID]
) -> list[tuple[UUID, Recap]]:
    """Return the newest summaries that end with one of these turns, the shortest reach first.

    Of each scope and turn the newest version that has not ended; a few in all.
    """
    cursor = await conn.execute(
        """
        SELECT DISTINCT ON (to_turn, scope) to_turn_id, id, scope, from_turn, to_turn, content
        FROM summaries
        WHERE workspace_id = %(workspace)s AND to_turn_id = ANY (%(turns)s) AND ended_at IS NULL
        ORDER BY to_turn DESC, scope, version DESC
        LIMIT %(limit)s
        """,
        {"workspace": workspace_id, "turns": list(turn_ids), "limit": READ_AT_MOST},
    )
    rows = await cursor.fetchall()
    return [
        (turn_id, Recap(summary_id, scope, first, last, render(load_digest(content)), content))
        for turn_id, summary_id, scope, first, last, content in reversed(rows)
    ]


async def recap(conn: Connection, workspace_id: UUID, summary_id: UUID) -> Recap | None:
    """Return one summary as agents are sent it, whether it has ended or not."""
    summary = await load(conn, workspace_id, summary_id)
    if summary is None:
        return None
    return Recap(
        summary.id, summary.scope, summary.from_turn, summary.to_turn, render(summary.digest),
        summary.content,
    )  # fmt: skip


async def load(conn: Connection, workspace_id: UUID, summary_id: UUID) -> Summary | None:
    """Return a summary, whether it has ended or not."""
    async with conn.cursor(row_factory=class_row(Summary)) as cursor:
        await cursor.execute(
            "SELECT * FROM summaries WHERE workspace_id = %(workspace)s AND id = %(id)s",
            {"workspace": workspace_id, "id": summary_id},
        )
        return await cursor.fetchone()


async def list_summaries(
    conn: Connection, who: Who, session_id: UUID, *, limit: int, cursor: str | None
) -> dict[str, Any]:
    """Return a page of a session's summaries, all versions, newest first. Raises `not_found`."""
    await sessions.see(conn, who, session_id)
    async with conn.cursor(row_factory=class_row(Summary)) as rows:
        await rows.execute(
            """
            SELECT * FROM summaries
            WHERE workspace_id = %(workspace)s AND session_id = %(session)s
              AND (%(before)s::uuid IS NULL OR id < %(before)s)
            ORDER BY id DESC LIMIT %(limit)s
            """,
            {
                "workspace": who.workspace_id,
                "session": session_id,
                "before": cursors.row(cursor),
                "limit": limit + 1,
            },
        )
        found = await rows.fetchall()
    page = found[:limit]
    newest = await _newest(conn, who.workspace_id, session_id)
    return {
        "items": [shape(summary, current=summary.id in newest) for summary in page],
        "next_cursor": cursors.encode(str(page[-1].id)) if len(found) > limit else None,
    }


async def edit(
    conn: Connection,
    who: Who,
    summary_id: UUID,
    changes: Mapping[str, Any],
    *,
    version: int | None = None,
) -> dict[str, Any]:
    """Change fields of a summary's content: a new version, which agents read from the next turn on.

    What the user writes is not checked against what was said. Raises `not_found`,
    `stale_version` unless it is the newest of its scope, `validation_error`.
    """
    old = await _current(conn, who, summary_id, version)
    try:
        digest = load_digest({**old.content, **changes})
    except InvalidDigest as error:
        raise INVALID(str(error)) from error
    new = NewSummary(
        old.session_id, old.scope, old.from_turn, old.to_turn, old.to_turn_id, old.id, digest,
        edited_by=who.user_id,
    )  # fmt: skip
    added = await load(conn, who.workspace_id, await add(conn, who.workspace_id, new))
    assert added is not None
    return shape(added, current=True)


async def undo(
    conn: Connection, who: Who, summary_id: UUID, *, version: int | None = None
) -> dict[str, Any]:
    """End the newest version of a summary: the one before counts again, or the turns themselves.

    Returns what was ended. Raises `not_found`, and `stale_version` unless it is the newest.
    """
    old = await _current(conn, who, summary_id, version)
    await _end(conn, who.workspace_id, [old.id], "undone")
    ended = await load(conn, who.workspace_id, old.id)
    assert ended is not None
    return shape(ended, current=False)


async def invalidate(conn: Connection, workspace_id: UUID, turn_id: UUID) -> list[UUID]:
    """End every summary that a turn has gone into, in whatever session continues it.

    Returns which. What was said there has changed: those who made it may not be quoted on it.
    """
    cursor = await conn.execute(
        """
        WITH RECURSIVE after AS (
            SELECT id FROM turns WHERE workspace_id = %(workspace)s AND id = %(turn)s
            UNION ALL
            SELECT t.id FROM after a
            JOIN turns t ON t.workspace_id = %(workspace)s AND t.parent_id = a.id
        )
        SELECT s.id FROM summaries s JOIN after a ON a.id = s.to_turn_id
        JOIN turns t ON t.workspace_id = s.workspace_id AND t.id = %(turn)s
        WHERE s.workspace_id = %(workspace)s AND s.ended_at IS NULL AND s.from_turn <= t.index
        """,
        {"workspace": workspace_id, "turn": turn_id},
    )
    found = [row[0] for row in await cursor.fetchall()]
    await _end(conn, workspace_id, found, "source_deleted")
    return found


async def take_over(
    conn: Connection,
    workspace_id: UUID,
    fork_id: UUID,
    turns: Mapping[UUID, UUID],
) -> None:
    """Give a fork the summaries that count for its turns; `turns` names them by the old ones.

    Where the fork numbers its turns otherwise (its origin had others beside them) they are left
    behind: they name turns by their numbers.
    """
    cursor = await conn.execute(
        """
        SELECT DISTINCT ON (s.scope, s.to_turn) s.id, t.id
        FROM unnest(%(old)s::uuid[], %(new)s::uuid[]) AS n (old_id, id)
        JOIN summaries s ON s.workspace_id = %(workspace)s AND s.to_turn_id = n.old_id
            AND s.ended_at IS NULL
        JOIN turns t ON t.workspace_id = s.workspace_id AND t.id = n.id AND t.index = s.to_turn
        ORDER BY s.scope, s.to_turn, s.version DESC
        """,
        {"old": list(turns), "new": list(turns.values()), "workspace": workspace_id},
    )
    found = await cursor.fetchall()
    await conn.execute(
        """
        INSERT INTO summaries (workspace_id, id, session_id, scope, version, from_turn, to_turn,
            to_turn_id, step_id, edited_by, content, dropped)
        SELECT s.workspace_id, n.id, %(fork)s, s.scope, s.version, s.from_turn, s.to_turn,
            n.turn_id, s.step_id, s.edited_by, s.content, s.dropped
        FROM unnest(%(ids)s::uuid[], %(old)s::uuid[], %(turns)s::uuid[]) AS n (id, old_id, turn_id)
        JOIN summaries s ON s.workspace_id = %(workspace)s AND s.id = n.old_id
        """,
        {
            "fork": fork_id,
            "ids": [ids.new() for _ in found],
            "old": [old for old, _ in found],
            "turns": [turn for _, turn in found],
            "workspace": workspace_id,
        },
    )


async def _end(
    conn: Connection, workspace_id: UUID, summary_ids: Sequence[UUID], ended_as: str
) -> None:
    await conn.execute(
        """
        UPDATE summaries SET ended_at = clock_timestamp(), ended_as = %(as)s
        WHERE workspace_id = %(workspace)s AND id = ANY (%(ids)s) AND ended_at IS NULL
        """,
        {"workspace": workspace_id, "ids": list(summary_ids), "as": ended_as},
    )


async def _current(conn: Connection, who: Who, summary_id: UUID, version: int | None) -> Summary:
    """Return a summary that counts, locked against other changes of its session's."""
    found = await load(conn, who.workspace_id, summary_id)
    if found is None:
        raise NOT_FOUND(f"There is no summary {summary_id}.")
    await sessions.see(conn, who, found.session_id)
    await conn.execute(
        """
        SELECT FROM sessions WHERE workspace_id = %(workspace)s AND id = %(session)s
        FOR NO KEY UPDATE
        """,
        {"workspace": who.workspace_id, "session": found.session_id},
    )
    newest = await _newest(conn, who.workspace_id, found.session_id)
    if found.id not in newest or (version is not None and version != found.version):
        raise STALE_VERSION("There is a newer version of this summary, or it has ended.")
    return found


async def _newest(conn: Connection, workspace_id: UUID, session_id: UUID) -> set[UUID]:
    cursor = await conn.execute(
        """
        SELECT DISTINCT ON (scope) id FROM summaries
        WHERE workspace_id = %(workspace)s AND session_id = %(session)s AND ended_at IS NULL
        ORDER BY scope, version DESC
        """,
        {"workspace": workspace_id, "session": session_id},
    )
    return {row[0] for row in await cursor.fetchall()}
