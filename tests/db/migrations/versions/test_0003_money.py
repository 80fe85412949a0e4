"""Tests of the revision of money: it comes, goes with all it made, and comes again."""

import re

import psycopg

from pantheon.db import migrate
from tests.house import MIGRATIONS


def tables(server) -> set[str]:
    with psycopg.connect(server.admin_url) as conn:
        found = conn.execute("SELECT relname FROM pg_class WHERE relkind = 'r'").fetchall()
    return {name for (name,) in found}


def columns(server) -> list[tuple]:
    """Return the columns of the tables that the revision changes."""
    with psycopg.connect(server.admin_url) as conn:
        return conn.execute(
            "SELECT table_name, column_name, is_nullable FROM information_schema.columns"
            " WHERE table_name IN ('holds', 'llm_call_attempts', 'llm_call_events')"
            " ORDER BY table_name, column_name"
        ).fetchall()


def test_its_downgrade_takes_away_what_it_made(server):
    text = (MIGRATIONS / "versions" / "0003_money.sql").read_text("utf-8")
    made = set(re.findall(r"CREATE TABLE (\w+)", text))
    assert made
    assert made <= tables(server)
    there, had = tables(server), columns(server)
    migrate.downgrade(server.admin_url, server.login_role, "0002")
    assert made & tables(server) == set()
    assert ("holds", "turn_id", "NO") in columns(server)
    migrate.upgrade(server.admin_url, server.login_role)
    assert (tables(server), columns(server)) == (there, had)
