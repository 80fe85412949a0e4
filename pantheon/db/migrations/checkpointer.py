"""The checkpointer's tables made anew where they are damaged: they hold nothing that is missed.

A checkpoint only saves work: with every one deleted, a turn that goes on ends the same.
"""

from collections.abc import Sequence
from typing import Any

import psycopg

from pantheon.db.migrate import LOCK

TABLES = ("checkpoints", "checkpoint_blobs", "checkpoint_writes", "checkpoint_migrations")
INVALID = """
    SELECT i.indexrelid::regclass::text FROM pg_index i
    JOIN pg_class c ON c.oid = i.indrelid
    WHERE c.relnamespace = 'checkpoints'::regnamespace AND NOT i.indisvalid
"""


def mend(url: str, migrations: Sequence[str]) -> bool:
    """Make the tables anew if one is missing or of another version, rebuild invalid indexes.

    As the schema's owner, at head; one process at a time. `migrations` are the library's. Returns
    whether something was wrong. Raises psycopg.errors.InsufficientPrivilege for a user that may not
    look.
    """
    with psycopg.connect(url) as conn:
        conn.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        whole = _is_whole(conn, len(migrations))
        if not whole:
            conn.execute("DROP SCHEMA IF EXISTS checkpoints CASCADE")
            _make(conn, migrations)
        invalid = [row[0] for row in conn.execute(INVALID).fetchall()]
        for name in invalid:
            conn.execute(f"REINDEX INDEX {name}".encode())
    return not whole or bool(invalid)


def _is_whole(conn: "psycopg.Connection[Any]", migrations: int) -> bool:
    for table in TABLES:
        row = conn.execute("SELECT to_regclass(%s)", (f"checkpoints.{table}",)).fetchone()
        if row is None or row[0] is None:
            return False
    found = conn.execute("SELECT v FROM checkpoints.checkpoint_migrations").fetchall()
    return {row[0] for row in found} == set(range(migrations))


def _make(conn: "psycopg.Connection[Any]", migrations: Sequence[str]) -> None:
    """Make the schema as the first revision does."""
    conn.execute("CREATE SCHEMA checkpoints")
    conn.execute("GRANT USAGE ON SCHEMA checkpoints TO pantheon_app, pantheon_sweep")
    conn.execute("SET LOCAL search_path TO checkpoints")
    for version, statement in enumerate(migrations):
        conn.execute(statement.replace(" CONCURRENTLY", "").encode())
        conn.execute("INSERT INTO checkpoint_migrations (v) VALUES (%s)", (version,))
    conn.execute(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA checkpoints TO pantheon_app"
    )
    conn.execute("SET LOCAL search_path TO public")
