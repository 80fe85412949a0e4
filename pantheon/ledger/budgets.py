"""Budgets: how much of the wallet somebody or something may use in a turn, a day or a month."""

from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation
from psycopg.rows import dict_row

from pantheon.accounts.roles import SEE_ALL, Who
from pantheon.base import cursors, ids
from pantheon.base.clock import rfc3339
from pantheon.base.errors import NOT_FOUND, STALE_VERSION, ProblemType
from pantheon.base.money import credits_text
from pantheon.db.pool import Connection

BUDGET_EXISTS = ProblemType("budget_exists", 409, "There is such a budget")

SCOPES = ("workspace", "user", "room", "agent", "session")
PERIODS = ("turn", "day", "month")


async def create_budget(
    conn: Connection,
    who: Who,
    *,
    scope: str,
    scope_id: UUID | None,
    period: str,
    limit_microcredits: int,
) -> dict[str, Any]:
    """Set a budget for the workspace (`scope_id` is its own then), or for one of its things.

    Raises `not_found` for a thing that is not there and `budget_exists` where it has one for this
    period.
    """
    if scope == "workspace":
        scope_id = who.workspace_id
    await _check_scope(conn, who, scope, scope_id)
    budget_id = ids.new()
    try:
        await conn.execute(
            """
            INSERT INTO budgets (workspace_id, id, scope, scope_id, period, limit_microcredits)
            VALUES (%(workspace)s, %(id)s, %(scope)s, %(scope_id)s, %(period)s, %(limit)s)
            """,
            {
                "workspace": who.workspace_id,
                "id": budget_id,
                "scope": scope,
                "scope_id": scope_id,
                "period": period,
                "limit": limit_microcredits,
            },
        )
    except UniqueViolation as violation:
        raise BUDGET_EXISTS(
            f"This {scope} has a budget for a {period} already: change that one."
        ) from violation
    return await get_budget(conn, who, budget_id)


async def get_budget(conn: Connection, who: Who, budget_id: UUID) -> dict[str, Any]:
    """Return a budget with what it has spent and reserved now. Raises `not_found`."""
    found = await _rows(conn, who, budget_id, None, 1)
    if not found:
        raise NOT_FOUND(f"There is no budget {budget_id}.")
    return _shape(found[0])


async def list_budgets(
    conn: Connection, who: Who, *, limit: int = 50, cursor: str | None = None
) -> dict[str, Any]:
    """Return a page of the budgets that `who` may see, oldest first."""
    found = await _rows(conn, who, None, cursors.row(cursor), limit + 1)
    more = len(found) > limit
    return {
        "items": [_shape(row) for row in found[:limit]],
        "next_cursor": cursors.encode(str(found[limit - 1]["id"])) if more else None,
    }


async def change_budget(
    conn: Connection, who: Who, budget_id: UUID, limit_microcredits: int, version: int | None
) -> dict[str, Any]:
    """Set another limit; what is spent and reserved stays. Raises `not_found`, `stale_version`."""
    changed = await conn.execute(
        """
        UPDATE budgets SET limit_microcredits = %(limit)s, version = version + 1,
            updated_at = now()
        WHERE workspace_id = %(workspace)s AND id = %(id)s AND deleted_at IS NULL
          AND (%(version)s::int IS NULL OR version = %(version)s)
        """,
        {
            "workspace": who.workspace_id,
            "id": budget_id,
            "limit": limit_microcredits,
            "version": version,
        },
    )
    budget = await get_budget(conn, who, budget_id)
    if changed.rowcount == 0:
        raise STALE_VERSION(f"The budget has version {budget['version']} by now.")
    return budget


async def delete_budget(conn: Connection, who: Who, budget_id: UUID) -> None:
    """Take a budget away; holds that run keep their share in it. Raises `not_found`."""
    gone = await conn.execute(
        """
        UPDATE budgets SET deleted_at = clock_timestamp(), version = version + 1
        WHERE workspace_id = %(workspace)s AND id = %(id)s AND deleted_at IS NULL
        """,
        {"workspace": who.workspace_id, "id": budget_id},
    )
    if gone.rowcount == 0:
        raise NOT_FOUND(f"There is no budget {budget_id}.")


async def _check_scope(conn: Connection, who: Who, scope: str, scope_id: UUID | None) -> None:
    cursor = await conn.execute(
        """
        SELECT EXISTS (
            SELECT FROM workspaces WHERE %(scope)s = 'workspace' AND id = %(id)s
            UNION ALL SELECT FROM users
            WHERE %(scope)s = 'user' AND workspace_id = %(workspace)s AND id = %(id)s
            UNION ALL SELECT FROM rooms
            WHERE %(scope)s = 'room' AND workspace_id = %(workspace)s AND id = %(id)s
              AND deleted_at IS NULL
            UNION ALL SELECT FROM agents
            WHERE %(scope)s = 'agent' AND workspace_id = %(workspace)s AND id = %(id)s
              AND deleted_at IS NULL
            UNION ALL SELECT FROM sessions
            WHERE %(scope)s = 'session' AND workspace_id = %(workspace)s AND id = %(id)s
              AND deleted_at IS NULL
        )
        """,
        {"scope": scope, "id": scope_id, "workspace": who.workspace_id},
    )
    row = await cursor.fetchone()
    if row is None or not row[0]:
        raise NOT_FOUND(f"There is no {scope} {scope_id}.")


async def _rows(
    conn: Connection, who: Who, budget_id: UUID | None, after: UUID | None, limit: int
) -> list[dict[str, Any]]:
    async with conn.cursor(row_factory=dict_row) as rows:
        await rows.execute(
            """
            SELECT b.id, b.scope, b.scope_id, b.period, b.limit_microcredits, b.version,
                b.created_at, b.updated_at, p.since,
                coalesce(u.spent_microcredits, 0) AS spent,
                coalesce(u.held_microcredits, 0) AS held
            FROM budgets b
            JOIN workspaces w ON w.id = b.workspace_id
            CROSS JOIN LATERAL (
                SELECT (CASE b.period
                    WHEN 'day' THEN date_trunc('day', clock_timestamp() AT TIME ZONE w.time_zone)
                    WHEN 'month' THEN
                        date_trunc('month', clock_timestamp() AT TIME ZONE w.time_zone)
                END)::date AS since
            ) p
            LEFT JOIN budget_uses u ON u.workspace_id = b.workspace_id AND u.budget_id = b.id
                AND u.since = p.since
            WHERE b.workspace_id = %(workspace)s AND b.deleted_at IS NULL
              AND (%(id)s::uuid IS NULL OR b.id = %(id)s)
              AND (%(after)s::uuid IS NULL OR b.id > %(after)s)
              AND (%(user)s::uuid IS NULL OR b.scope IN ('workspace', 'room', 'agent')
                   OR b.scope_id = %(user)s OR EXISTS (
                       SELECT FROM sessions s
                       WHERE s.workspace_id = b.workspace_id AND s.id = b.scope_id
                         AND s.user_id = %(user)s
                   ))
            ORDER BY b.id LIMIT %(limit)s
            """,
            {
                "workspace": who.workspace_id,
                "id": budget_id,
                "after": after,
                "user": None if who.role in SEE_ALL else who.user_id,
                "limit": limit,
            },
        )
        return await rows.fetchall()


def _shape(row: dict[str, Any]) -> dict[str, Any]:
    of_turn = row["period"] == "turn"
    free = row["limit_microcredits"] - row["spent"] - row["held"]
    return {
        "id": str(row["id"]),
        "scope": row["scope"],
        "scope_id": str(row["scope_id"]),
        "period": row["period"],
        "since": row["since"] and row["since"].isoformat(),
        "limit": credits_text(row["limit_microcredits"]),
        "spent": None if of_turn else credits_text(row["spent"]),
        "reserved": None if of_turn else credits_text(row["held"]),
        "free": None if of_turn else credits_text(free),
        "created_at": rfc3339(row["created_at"]),
        "updated_at": rfc3339(row["updated_at"]),
        "version": row["version"],
    }
