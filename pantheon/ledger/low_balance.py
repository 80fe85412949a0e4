"""Wallets that became low: each time one does, whoever wants to hear of it is told once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from psycopg.rows import class_row

from pantheon.base.clock import rfc3339
from pantheon.base.money import credits_text
from pantheon.db.pool import Connection


@dataclass(frozen=True, slots=True)
class Low:
    """A wallet below its mark, since when, in micro-credits."""

    workspace_id: UUID
    since: datetime
    enforcement: str
    balance: int
    held: int
    mark: int

    @property
    def message_id(self) -> str:
        """The same for every attempt to tell of this time: a receiver takes it once."""
        return f"msg_{uuid5(self.workspace_id, self.since.isoformat()).hex}"

    def message(self) -> dict[str, Any]:
        """Return what is told, JSON-ready."""
        return {
            "type": "low_balance",
            "timestamp": rfc3339(self.since),
            "data": {
                "workspace_id": str(self.workspace_id),
                "balance": credits_text(self.balance),
                "reserved": credits_text(self.held),
                "available": credits_text(self.balance - self.held),
                "low_below": credits_text(self.mark),
                "enforcement": self.enforcement,
            },
        }


async def untold(conn: Connection, limit: int) -> list[Low]:
    """Return wallets whose low balance nobody was told of, the oldest first. Needs the sweep role.

    Where credits only are counted (`off`) a balance means nothing.
    """
    async with conn.cursor(row_factory=class_row(Low)) as rows:
        await rows.execute(
            """
            SELECT workspace_id, low_since AS since, enforcement, balance_microcredits AS balance,
                held_microcredits AS held, low_balance_microcredits AS mark
            FROM wallets
            WHERE low_since IS NOT NULL AND enforcement <> 'off'
              AND (low_told_since IS NULL OR low_told_since < low_since)
            ORDER BY low_since LIMIT %(limit)s
            """,
            {"limit": limit},
        )
        return await rows.fetchall()


async def mark_told(conn: Connection, low: Low) -> None:
    """Note that somebody heard of it; the next time that the wallet becomes low is another.

    Also where it became low again while this was being told.
    """
    await conn.execute(
        """
        UPDATE wallets SET low_told_since = %(since)s
        WHERE workspace_id = %(workspace)s
          AND (low_told_since IS NULL OR low_told_since < %(since)s)
        """,
        {"workspace": low.workspace_id, "since": low.since},
    )
