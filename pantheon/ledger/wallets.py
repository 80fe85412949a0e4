"""The wallet of a workspace: its credits, the switch of billing, and what was added to it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from pantheon.accounts.roles import SEE_ALL, Who
from pantheon.base import cursors, ids
from pantheon.base.clock import rfc3339
from pantheon.base.errors import INVALID
from pantheon.base.money import credits_text
from pantheon.db.pool import Connection

GRANTS = ("grant", "correction", "top_up", "refund", "dispute")
# What a payment service takes back is gone, also where it was spent.
TAKEN_BACK = ("refund", "dispute")
MOST_MICROCREDITS = 10**15
# As the table has it: what holds until somebody sets another mark.
LOW_MICROCREDITS = 10**6


async def open_wallet(conn: Connection, workspace_id: UUID, enforcement: str) -> None:
    """Make a workspace's wallet with the first value of its switch, unless it is there."""
    await conn.execute(
        """
        INSERT INTO wallets (workspace_id, enforcement) VALUES (%(workspace)s, %(mode)s)
        ON CONFLICT DO NOTHING
        """,
        {"workspace": workspace_id, "mode": enforcement},
    )


async def view(conn: Connection, workspace_id: UUID) -> dict[str, Any]:
    """Return the `Wallet` of the HTTP contract: what there is, reserved apart from it."""
    async with conn.cursor(row_factory=dict_row) as rows:
        await rows.execute(
            """
            SELECT enforcement, balance_microcredits AS balance, held_microcredits AS held,
                low_balance_microcredits AS low
            FROM wallets WHERE workspace_id = %(workspace)s
            """,
            {"workspace": workspace_id},
        )
        row = await rows.fetchone()
    row = row or {"enforcement": "off", "balance": 0, "held": 0, "low": LOW_MICROCREDITS}
    return {
        "balance": credits_text(row["balance"]),
        "reserved": credits_text(row["held"]),
        "available": credits_text(row["balance"] - row["held"]),
        "low_balance": row["enforcement"] != "off" and row["balance"] < row["low"],
        "low_below": credits_text(row["low"]),
        "enforcement": row["enforcement"],
    }


async def enforce(conn: Connection, who: Who, mode: str) -> None:
    """Turn the switch: `off`, `warn` or `enforce`. It holds for every turn that comes after.

    A turn that runs is charged as it was accepted. Where credits were not counted before, a balance
    below its mark is low from now on.
    """
    await open_wallet(conn, who.workspace_id, "off")
    await conn.execute(
        """
        UPDATE wallets SET enforcement = %(mode)s,
            low_since = CASE
                WHEN %(mode)s = 'off' OR balance_microcredits >= low_balance_microcredits
                    THEN low_since
                ELSE coalesce(low_since, clock_timestamp()) END
        WHERE workspace_id = %(workspace)s
        """,
        {"workspace": who.workspace_id, "mode": mode},
    )


async def set_low_mark(conn: Connection, who: Who, microcredits: int) -> None:
    """Set below which balance the wallet is low; one that is so by this became so now."""
    await open_wallet(conn, who.workspace_id, "off")
    await conn.execute(
        """
        UPDATE wallets SET low_balance_microcredits = %(mark)s,
            low_since = CASE
                WHEN balance_microcredits >= %(mark)s THEN NULL
                WHEN enforcement = 'off' THEN low_since
                ELSE coalesce(low_since, clock_timestamp()) END
        WHERE workspace_id = %(workspace)s
        """,
        {"workspace": who.workspace_id, "mark": microcredits},
    )


async def grant(
    conn: Connection,
    workspace_id: UUID,
    microcredits: int,
    *,
    kind: str = "grant",
    reason: str,
    user_id: UUID | None = None,
    reference: str | None = None,
) -> UUID | None:
    """Add credits to a wallet, or take some back: always a new row; returns its id.

    `kind` is one of GRANTS, `reference` names what it rests on (an event of a payment service):
    the second one of the same reference changes nothing and returns `None`. Raises
    `validation_error` for nothing, for too much, and for a correction that takes more than is
    free; what a payment service takes back may leave a debt.
    """
    if microcredits == 0 or abs(microcredits) > MOST_MICROCREDITS:
        raise INVALID(f"Between 0 and {credits_text(MOST_MICROCREDITS)} credits can be moved.")
    await open_wallet(conn, workspace_id, "off")
    cursor = await conn.execute(
        """
        SELECT balance_microcredits - held_microcredits FROM wallets
        WHERE workspace_id = %(workspace)s FOR UPDATE
        """,
        {"workspace": workspace_id},
    )
    row = await cursor.fetchone()
    assert row is not None
    posting_id = ids.new()
    posted = await conn.execute(
        """
        INSERT INTO postings (workspace_id, id, kind, wallet_microcredits, grants_microcredits,
            user_id, reason, reference, month)
        SELECT workspace_id, %(id)s, %(kind)s, %(amount)s, -%(amount)s::bigint, %(user)s,
            %(reason)s, %(reference)s, posting_month(workspace_id, closed_through)
        FROM wallets WHERE workspace_id = %(workspace)s
        ON CONFLICT (workspace_id, reference) WHERE reference IS NOT NULL DO NOTHING
        """,
        {
            "workspace": workspace_id,
            "id": posting_id,
            "kind": kind,
            "amount": microcredits,
            "user": user_id,
            "reason": reason,
            "reference": reference,
        },
    )
    if posted.rowcount == 0:
        return None
    if microcredits < 0 and kind not in TAKEN_BACK and row[0] + microcredits < 0:
        raise INVALID(
            f"{credits_text(row[0])} credits are free: no more than these can be taken back."
        )
    await conn.execute(
        """
        UPDATE wallets SET balance_microcredits = balance_microcredits + %(amount)s,
            low_since = CASE
                WHEN balance_microcredits + %(amount)s >= low_balance_microcredits THEN NULL
                ELSE coalesce(low_since, clock_timestamp()) END
        WHERE workspace_id = %(workspace)s
        """,
        {"workspace": workspace_id, "amount": microcredits},
    )
    return posting_id


async def list_grants(
    conn: Connection, who: Who, *, limit: int = 50, cursor: str | None = None
) -> dict[str, Any]:
    """Return a page of what was added and taken back, the newest first."""
    return await _page(conn, who, list(GRANTS), limit, cursor)


async def list_transactions(
    conn: Connection,
    who: Who,
    *,
    holds: bool = False,
    limit: int = 50,
    cursor: str | None = None,
) -> dict[str, Any]:
    """Return a page of what has moved the balance, the newest first; with `holds` all there is.

    A member sees what was added and taken back, and the charges of their own calls.
    """
    kinds = [*GRANTS, "charge"]
    return await _page(conn, who, None if holds else kinds, limit, cursor)


async def get_transaction(conn: Connection, who: Who, posting_id: UUID) -> dict[str, Any]:
    """Return one movement of the wallet that is known to be there."""
    async with conn.cursor(row_factory=dict_row) as rows:
        await rows.execute(
            "SELECT * FROM postings WHERE workspace_id = %(workspace)s AND id = %(id)s",
            {"workspace": who.workspace_id, "id": posting_id},
        )
        row = await rows.fetchone()
    assert row is not None
    return _shape(row)


async def _page(
    conn: Connection, who: Who, kinds: list[str] | None, limit: int, cursor: str | None
) -> dict[str, Any]:
    before, before_id = cursors.moment(cursor)
    async with conn.cursor(row_factory=dict_row) as rows:
        await rows.execute(
            """
            SELECT * FROM postings
            WHERE workspace_id = %(workspace)s
              AND (%(kinds)s::text[] IS NULL OR kind = ANY (%(kinds)s))
              AND (%(user)s::uuid IS NULL OR kind = ANY (%(open)s) OR EXISTS (
                  SELECT FROM llm_call_events e
                  WHERE e.workspace_id = postings.workspace_id
                    AND e.attempt_id = postings.attempt_id AND e.user_id = %(user)s
              ))
              AND (%(before)s::timestamptz IS NULL
                   OR (created_at, id) < (%(before)s, %(before_id)s::uuid))
            ORDER BY created_at DESC, id DESC LIMIT %(limit)s
            """,
            {
                "workspace": who.workspace_id,
                "kinds": kinds,
                "user": None if who.role in SEE_ALL else who.user_id,
                "open": list(GRANTS),
                "before": before,
                "before_id": before_id,
                "limit": limit + 1,
            },
        )
        found = await rows.fetchall()
    page = found[:limit]
    last: tuple[datetime, UUID] | None = None
    if len(found) > limit:
        last = (page[-1]["created_at"], page[-1]["id"])
    return {
        "items": [_shape(row) for row in page],
        "next_cursor": cursors.of_moment(*last) if last else None,
    }


def _shape(row: dict[str, Any]) -> dict[str, Any]:
    """Return a movement as the wallet's owner sees it: what it did to balance and reserve."""
    return {
        "id": str(row["id"]),
        "kind": row["kind"],
        "credits": credits_text(row["wallet_microcredits"] + row["held_microcredits"]),
        "reserved": credits_text(row["held_microcredits"]),
        "hold_id": row["hold_id"] and str(row["hold_id"]),
        "call_id": row["attempt_id"] and str(row["attempt_id"]),
        "user_id": row["user_id"] and str(row["user_id"]),
        "reason": row["reason"],
        "reference": row["reference"],
        "month": row["month"].strftime("%Y-%m"),
        "created_at": rfc3339(row["created_at"]),
    }
