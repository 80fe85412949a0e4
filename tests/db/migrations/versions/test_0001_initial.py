"""Tests of the first revision: the checkpointer's own migrations are the ones it was made for."""

import psycopg
import pytest
from langgraph.checkpoint.postgres import base

from pantheon.db import migrate


def fetch(server, statement: str) -> list[object]:
    with psycopg.connect(server.admin_url) as conn:
        return sorted(row[0] for row in conn.execute(statement.encode()).fetchall())


def test_the_checkpointer_brings_the_migrations_that_the_revision_runs(server):
    assert len(base.MIGRATIONS) == 10
    assert fetch(server, "SELECT v FROM checkpoints.checkpoint_migrations") == list(range(10))
    invalid = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid"
    assert fetch(server, invalid) == []


@pytest.mark.parametrize("change", [["SELECT 1"], []])
def test_another_version_of_the_checkpointer_needs_another_revision(
    empty_server, monkeypatch, change
):
    monkeypatch.setattr(base, "MIGRATIONS", [*base.MIGRATIONS[: 10 - (not change)], *change])
    with pytest.raises(RuntimeError, match="is made for 10 migrations of the checkpointer"):
        migrate.upgrade(empty_server.admin_url, empty_server.login_role)
    assert fetch(empty_server, "SELECT relname FROM pg_stat_user_tables") == []
