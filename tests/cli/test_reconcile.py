"""`pantheon reconcile` says which invariant is broken, by which row."""

import asyncio
from pathlib import Path

import psycopg

from pantheon.accounts.workspaces import ensure_local_owner
from pantheon.db.pool import Database
from pantheon.ops.embedded import Server
from tests.cli.commands import Commands
from tests.make import make_session


def test_books_that_hold_and_books_that_do_not(
    alone: Commands, server: Server, tmp_path: Path
) -> None:
    """A session that counts a turn which is not there."""
    there = Commands(
        alone.data_dir, alone.environment | {"PANTHEON_DATABASE_URL": server.admin_url}
    )
    figures = tmp_path / "books.prom"
    sound = there.run("reconcile", "--metrics", str(figures))
    assert sound.code == 0, sound.err
    assert sound.out.endswith("Every invariant holds.\n")
    assert "✓ I6: " in sound.out
    assert 'pantheon_invariant_drift{invariant="I6"} 0.0' in figures.read_text()

    async def break_one() -> str:
        db = Database(server.url, size=1)
        await db.open()
        who = await ensure_local_owner(db)
        async with db.transaction(who.workspace_id) as conn:
            session = await make_session(conn, who)
        await db.close()
        return str(session["id"])

    session_id = asyncio.run(break_one())
    with psycopg.connect(server.admin_url) as conn:
        conn.execute("UPDATE sessions SET turn_count = 1")
    broken = there.run("reconcile", "--metrics", str(figures))
    assert broken.code == 1
    assert "✗ I6: " in broken.out
    assert session_id in broken.out
    assert broken.out.endswith("1 rows break an invariant.\n")
    assert 'pantheon_invariant_drift{invariant="I6"} 1.0' in figures.read_text()
