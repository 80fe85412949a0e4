"""Tests of `pantheon.ledger.wallets`."""

from uuid import UUID

import psycopg
import pytest

from pantheon.ledger import wallets
from tests.make import make_turn


async def hold_of(conn, turn_id: UUID) -> tuple[int, int, object]:
    """Return a turn's hold: its amount, what was drawn, when it was released."""
    cursor = await conn.execute(
        "SELECT amount_microcredits, drawn_microcredits, released_at FROM holds WHERE turn_id = %s",
        (turn_id,),
    )
    (row,) = await cursor.fetchall()
    return row


async def test_a_turn_takes_one_hold(conn, who):
    turn_id = UUID((await make_turn(conn, who))["id"])
    assert await hold_of(conn, turn_id) == (0, 0, None)
    with pytest.raises(psycopg.errors.UniqueViolation):
        async with conn.transaction():
            await wallets.hold(conn, who.workspace_id, turn_id, 5)


async def test_draws_add_up(conn, who):
    turn_id = UUID((await make_turn(conn, who))["id"])
    for drawn in (7, 0, 1_235):
        await wallets.draw(conn, who.workspace_id, turn_id, drawn)
    assert await hold_of(conn, turn_id) == (0, 1_242, None)


async def test_a_hold_is_released_once(conn, who):
    turn_id = UUID((await make_turn(conn, who))["id"])
    await wallets.release(conn, who.workspace_id, turn_id)
    first = await hold_of(conn, turn_id)
    assert first[2] is not None
    await wallets.release(conn, who.workspace_id, turn_id)
    assert await hold_of(conn, turn_id) == first
