"""Months of the books: closed once they are over; what comes late counts to a later one."""

from datetime import date
from typing import Any

from psycopg.rows import dict_row

from pantheon.accounts.roles import Who
from pantheon.base import cursors
from pantheon.base.clock import rfc3339
from pantheon.base.errors import INVALID
from pantheon.base.money import credits_text
from pantheon.db.pool import Connection
from pantheon.ledger import wallets

ACCOUNTS = ("wallet", "held", "revenue", "provider_cost", "grants")


async def close_month(conn: Connection, who: Who, month: date) -> dict[str, Any]:
    """Close the month that begins on `month`; return it with its sums, JSON-ready.

    Every movement locks the wallet first, and so does this: none can slip in behind it. A month
    that is closed stays as it is. Raises `validation_error` for one that is not over where the
    workspace is, and where an earlier one with movements is open.
    """
    await wallets.open_wallet(conn, who.workspace_id, "off")
    cursor = await conn.execute(
        """
        SELECT closed_through FROM wallets WHERE workspace_id = %(workspace)s FOR UPDATE
        """,
        {"workspace": who.workspace_id},
    )
    row = await cursor.fetchone()
    assert row is not None
    closed_through: date | None = row[0]
    if closed_through is None or closed_through < month:
        await _check_over(conn, who, month)
        await _close(conn, who, month)
    found = await _rows(conn, who, month, None, 1)
    if not found:
        raise INVALID(f"{month:%Y-%m} had no movements when a later month was closed.")
    return _shape(found[0])


async def list_months(
    conn: Connection, who: Who, *, limit: int = 50, cursor: str | None = None
) -> dict[str, Any]:
    """Return a page of the closed months, the latest first."""
    found = await _rows(conn, who, None, _before(cursor), limit + 1)
    more = len(found) > limit
    return {
        "items": [_shape(row) for row in found[:limit]],
        "next_cursor": cursors.encode(found[limit - 1]["month"].isoformat()) if more else None,
    }


async def _check_over(conn: Connection, who: Who, month: date) -> None:
    cursor = await conn.execute(
        """
        SELECT %(month)s < date_trunc('month', clock_timestamp() AT TIME ZONE w.time_zone), (
            SELECT min(p.month) FROM postings p
            WHERE p.workspace_id = w.id AND p.month < %(month)s
              AND NOT EXISTS (
                  SELECT FROM closed_months c
                  WHERE c.workspace_id = p.workspace_id AND c.month = p.month
              )
        )
        FROM workspaces w WHERE w.id = %(workspace)s
        """,
        {"workspace": who.workspace_id, "month": month},
    )
    row = await cursor.fetchone()
    assert row is not None
    over, earlier = row
    if not over:
        raise INVALID(f"{month:%Y-%m} is not over.")
    if earlier is not None:
        raise INVALID(f"Close {earlier:%Y-%m} first: it has movements.")


async def _close(conn: Connection, who: Who, month: date) -> None:
    await conn.execute(
        """
        WITH wallet AS (
            UPDATE wallets SET closed_through = %(month)s WHERE workspace_id = %(workspace)s
        )
        INSERT INTO closed_months (workspace_id, month, user_id, totals)
        VALUES (%(workspace)s, %(month)s, %(user)s, month_totals(%(workspace)s, %(month)s))
        """,
        {"workspace": who.workspace_id, "month": month, "user": who.user_id},
    )


async def _rows(
    conn: Connection, who: Who, month: date | None, before: date | None, limit: int
) -> list[dict[str, Any]]:
    async with conn.cursor(row_factory=dict_row) as rows:
        await rows.execute(
            """
            SELECT month, user_id, totals, closed_at FROM closed_months
            WHERE workspace_id = %(workspace)s
              AND (%(month)s::date IS NULL OR month = %(month)s)
              AND (%(before)s::date IS NULL OR month < %(before)s)
            ORDER BY month DESC LIMIT %(limit)s
            """,
            {"workspace": who.workspace_id, "month": month, "before": before, "limit": limit},
        )
        return await rows.fetchall()


def _before(cursor: str | None) -> date | None:
    if cursor is None:
        return None
    (month,) = cursors.decode(cursor, 1)
    try:
        return date.fromisoformat(str(month))
    except ValueError:
        raise cursors.not_ours() from None


def _shape(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "month": row["month"].strftime("%Y-%m"),
        "totals": [
            {
                "kind": kind,
                "rows": sums["rows"],
                **{account: credits_text(sums[account]) for account in ACCOUNTS},
            }
            for kind, sums in sorted(row["totals"].items())
        ],
        "user_id": str(row["user_id"]),
        "closed_at": rfc3339(row["closed_at"]),
    }
