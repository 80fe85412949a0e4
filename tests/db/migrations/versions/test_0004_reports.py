"""Tests of the revision of reports and payments: it comes, goes, and comes again."""

import re

import psycopg

from pantheon.db import migrate
from tests.house import MIGRATIONS


def tables(server) -> set[str]:
    with psycopg.connect(server.admin_url) as conn:
        found = conn.execute("SELECT relname FROM pg_class WHERE relkind = 'r'").fetchall()
    return {name for (name,) in found}


def test_its_downgrade_takes_away_what_it_made(server):
    text = (MIGRATIONS / "versions" / "0004_reports.sql").read_text("utf-8")
    made = set(re.findall(r"CREATE TABLE (\w+)", text))
    assert made
    assert made <= tables(server)
    before = tables(server)
    migrate.downgrade(server.admin_url, server.login_role, "0003")
    assert made & tables(server) == set()
    migrate.upgrade(server.admin_url, server.login_role)
    assert tables(server) == before
