"""The hold of a turn: taken when it is accepted, drawn on by each closing, released at its end.

With billing `off` a hold of zero is taken and what is drawn is counted: nothing is refused.
"""

from uuid import UUID

from pantheon.db.pool import Connection


async def hold(
    conn: Connection, workspace_id: UUID, turn_id: UUID, amount_microcredits: int
) -> None:
    """Reserve credits for a turn."""
    await conn.execute(
        """
        INSERT INTO holds (workspace_id, turn_id, amount_microcredits)
        VALUES (%(workspace)s, %(turn)s, %(amount)s)
        """,
        {"workspace": workspace_id, "turn": turn_id, "amount": amount_microcredits},
    )


async def draw(conn: Connection, workspace_id: UUID, turn_id: UUID, microcredits: int) -> None:
    """Charge a closed call to the turn's hold."""
    if microcredits == 0:
        return
    await conn.execute(
        """
        UPDATE holds SET drawn_microcredits = drawn_microcredits + %(drawn)s
        WHERE workspace_id = %(workspace)s AND turn_id = %(turn)s
        """,
        {"workspace": workspace_id, "turn": turn_id, "drawn": microcredits},
    )


async def release(conn: Connection, workspace_id: UUID, turn_id: UUID) -> None:
    """Give back what is left of a turn's hold; whatever ends the turn calls this."""
    await conn.execute(
        """
        UPDATE holds SET released_at = clock_timestamp()
        WHERE workspace_id = %(workspace)s AND turn_id = %(turn)s AND released_at IS NULL
        """,
        {"workspace": workspace_id, "turn": turn_id},
    )
