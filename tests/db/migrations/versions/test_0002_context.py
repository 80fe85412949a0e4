"""Tests of the second revision: what the app may change of a message, and no more."""

import psycopg
import pytest

from tests.make import make_turn


@pytest.mark.parametrize("column", ["content", "tokens", "tokens_o200k", "pinned_at", "deleted_at"])
async def test_a_message_can_be_pinned_and_taken_back(conn, who, column):
    await make_turn(conn, who)
    changed = await conn.execute(f"UPDATE messages SET {column} = {column}".encode())
    assert changed.rowcount == 1


@pytest.mark.parametrize("column", ["workspace_id", "turn_id", "agent_key", "created_at"])
async def test_who_said_it_and_when_stays(conn, who, column):
    await make_turn(conn, who)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with conn.transaction():
            await conn.execute(f"UPDATE messages SET {column} = {column}".encode())
