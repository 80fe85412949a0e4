"""Top-ups of a wallet by a payment service: asked for, paid, refunded, disputed; each a new row."""

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Any, Literal
from uuid import UUID

from psycopg.rows import dict_row

from pantheon.accounts.roles import Who
from pantheon.base import ids
from pantheon.base.clock import rfc3339
from pantheon.base.errors import INVALID, NOT_FOUND, ProblemType
from pantheon.base.money import MICRO, credits_text
from pantheon.db.pool import Connection
from pantheon.ledger import price_books, wallets

PAYMENTS_NOT_CONFIGURED = ProblemType("payments_not_configured", 503, "Nothing can be paid here")
PAYMENT_FAILED = ProblemType("payment_failed", 502, "The payment service does not help")

CENTS = 100


@dataclass(frozen=True, slots=True)
class Movement:
    """What an event of the payment service says about a top-up: money came, or goes back.

    `reference` names the payment, the refund or the dispute, whichever event tells of it.
    `returned`: what was taken back has come again, because a refund failed or a dispute was won.
    """

    event_id: str
    event_type: str
    workspace_id: UUID
    top_up_id: UUID
    kind: Literal["top_up", "refund", "dispute"]
    cents: int
    reference: str
    returned: bool = False


async def begin(conn: Connection, who: Who, cents: int) -> tuple[UUID, int]:
    """Note a top-up before it is paid; returns its id and what it gives, in micro-credits.

    The rate is that of the price book that is valid now; it stays, whenever the payment comes.
    """
    book = await price_books.valid_now(conn, who.workspace_id)
    rate = book.credits_per_usd if book else Decimal(1)
    per_cent = int((rate * MICRO / CENTS).to_integral_value(ROUND_DOWN))
    if per_cent == 0:
        raise INVALID("At this rate of credits for a US dollar a cent buys nothing.")
    top_up_id = ids.new()
    await conn.execute(
        """
        INSERT INTO top_ups (workspace_id, id, user_id, cents, microcredits_per_cent)
        VALUES (%(workspace)s, %(id)s, %(user)s, %(cents)s, %(per_cent)s)
        """,
        {
            "workspace": who.workspace_id,
            "id": top_up_id,
            "user": who.user_id,
            "cents": cents,
            "per_cent": per_cent,
        },
    )
    return top_up_id, cents * per_cent


async def offer(
    conn: Connection, workspace_id: UUID, top_up_id: UUID, checkout_id: str, url: str
) -> None:
    """Note where a top-up is paid."""
    await conn.execute(
        """
        UPDATE top_ups SET checkout_id = %(checkout)s, url = %(url)s
        WHERE workspace_id = %(workspace)s AND id = %(id)s
        """,
        {"workspace": workspace_id, "id": top_up_id, "checkout": checkout_id, "url": url},
    )


async def get_top_up(conn: Connection, who: Who, top_up_id: UUID) -> dict[str, Any]:
    """Return a top-up as its user sees it. Raises `not_found`."""
    async with conn.cursor(row_factory=dict_row) as rows:
        await rows.execute(
            """
            SELECT t.*, EXISTS (
                SELECT FROM payment_events e
                WHERE e.workspace_id = t.workspace_id AND e.top_up_id = t.id AND e.kind = 'top_up'
            ) AS paid
            FROM top_ups t
            WHERE t.workspace_id = %(workspace)s AND t.id = %(id)s AND t.user_id = %(user)s
            """,
            {"workspace": who.workspace_id, "id": top_up_id, "user": who.user_id},
        )
        row = await rows.fetchone()
    if row is None:
        raise NOT_FOUND(f"There is no top-up {top_up_id}.")
    return {
        "id": str(row["id"]),
        "amount_usd": f"{Decimal(row['cents']) / CENTS:.2f}",
        "credits": credits_text(row["cents"] * row["microcredits_per_cent"]),
        "url": row["url"],
        "paid": row["paid"],
        "created_at": rfc3339(row["created_at"]),
    }


async def settle(conn: Connection, movement: Movement) -> bool:
    """Book what an event says, once however often it is delivered; false if nothing was new.

    Two events can tell of the same (a refund that was made, then changed): the second adds
    nothing. What was taken back and returned are two rows, in whichever order their events come.
    """
    at = {
        "workspace": movement.workspace_id,
        "event": movement.event_id,
        "type": movement.event_type,
        "top_up": movement.top_up_id,
        "kind": movement.kind,
    }
    cursor = await conn.execute(
        """
        SELECT user_id, microcredits_per_cent FROM top_ups
        WHERE workspace_id = %(workspace)s AND id = %(top_up)s
        """,
        at,
    )
    row = await cursor.fetchone()
    if row is None:
        # Of another installation that takes payments by the same account.
        return False
    noted = await conn.execute(
        """
        INSERT INTO payment_events (workspace_id, event_id, type, top_up_id, kind)
        VALUES (%(workspace)s, %(event)s, %(type)s, %(top_up)s, %(kind)s)
        ON CONFLICT (workspace_id, event_id) DO NOTHING
        """,
        at,
    )
    if noted.rowcount == 0:
        return False
    user_id, per_cent = row
    amount = movement.cents * per_cent
    steps = [(amount if movement.kind == "top_up" else -amount, movement.reference)]
    if movement.returned:
        steps.append((amount, f"{movement.reference}:returned"))
    booked = [
        await wallets.grant(
            conn,
            movement.workspace_id,
            microcredits,
            kind=movement.kind,
            reason=movement.event_type,
            user_id=user_id,
            reference=reference,
        )
        for microcredits, reference in steps
    ]
    return any(posting is not None for posting in booked)
