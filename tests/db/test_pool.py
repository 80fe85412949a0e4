"""Tests of `pantheon.db.pool`."""

import pytest


@pytest.mark.parametrize("n", range(10))
async def test_second(n, conn, who):
    cursor = await conn.execute("SELECT id FROM workspaces")
    assert await cursor.fetchall() == [(who.workspace_id,)]
