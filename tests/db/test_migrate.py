"""Tests of `pantheon.db.migrate`: safe from many at once, killed in the middle, and back again."""

import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from pantheon.db import migrate
from pantheon.ops.embedded import Server
from tests import schema_dump
from tests.db.rows import ROWS, fill

CHECKOUT = Path(__file__).parents[2]

# What an empty database has too.
LEFT = """
    SELECT 'table ' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('public', 'checkpoints') AND c.relkind IN ('r', 'v', 'S')
    UNION ALL
    SELECT 'function ' || p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname IN ('public', 'checkpoints')
    UNION ALL
    SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname = 'checkpoints'
"""


def start_upgrade(server: Server) -> subprocess.Popen[str]:
    program = "import sys; from pantheon.db.migrate import upgrade; upgrade(*sys.argv[1:])"
    return subprocess.Popen(
        [sys.executable, "-c", program, server.admin_url, server.login_role],
        stderr=subprocess.PIPE,
        text=True,
        cwd=CHECKOUT,
    )


def end_of(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, errors = process.communicate(timeout=120)
    return process.returncode, errors


def fetch(server: Server, statement: str) -> list[str]:
    with psycopg.connect(server.admin_url, autocommit=True) as conn:
        return sorted(row[0] for row in conn.execute(statement.encode()).fetchall())


def test_five_processes_at_once_make_one_schema(server, empty_server):
    processes = [start_upgrade(empty_server) for _ in range(5)]
    assert [end_of(process) for process in processes] == [(0, "")] * 5
    assert fetch(empty_server, "SELECT version_num FROM alembic_version") == [migrate.HEAD]
    assert schema_dump.dump(empty_server.admin_url) == schema_dump.dump(server.admin_url)


def test_one_that_is_killed_in_the_middle_leaves_nothing(server, empty_server):
    with psycopg.connect(empty_server.admin_url) as blocker:
        # The last table of the first revision: its name is taken until this transaction ends.
        blocker.execute("CREATE TABLE workers ()")
        process = start_upgrade(empty_server)
        waiting = (
            "SELECT query FROM pg_stat_activity WHERE datname = current_database()"
            " AND wait_event = 'transactionid'"
        )
        with psycopg.connect(empty_server.admin_url, autocommit=True) as look:
            while not look.execute(waiting).fetchall():
                assert process.poll() is None
                look.execute("SELECT pg_sleep(0.01)")
        others = [start_upgrade(empty_server) for _ in range(2)]
        process.send_signal(signal.SIGKILL)
        assert end_of(process)[0] == -signal.SIGKILL
        blocker.rollback()
    assert [end_of(each) for each in others] == [(0, "")] * 2
    assert schema_dump.dump(empty_server.admin_url) == schema_dump.dump(server.admin_url)


def test_down_and_up_again_is_the_same_schema(server):
    before = schema_dump.dump(server.admin_url)
    migrate.downgrade(server.admin_url, server.login_role, "base")
    assert fetch(server, LEFT) == ["table alembic_version"]
    migrate.upgrade(server.admin_url, server.login_role)
    assert schema_dump.dump(server.admin_url) == before


def revisions() -> list[str]:
    """Return all revisions but the last, the first one first."""
    config = Config()
    config.set_main_option("script_location", str(CHECKOUT / "pantheon" / "db" / "migrations"))
    walked = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    return walked[:0:-1]


def rows(server: Server, columns: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return what stands in some columns of each table, as text."""
    with psycopg.connect(server.admin_url, autocommit=True) as conn:
        return {
            table: sorted(
                str(row)
                for row in conn.execute(
                    f"SELECT {', '.join(f'{name}::text' for name in names)} FROM {table}".encode()
                )
            )
            for table, names in columns.items()
        }


COLUMNS = """
    SELECT c.relname, array_agg(quote_ident(a.attname) ORDER BY a.attname)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND NOT a.attisdropped
        AND a.attgenerated = '' AND c.relname <> 'alembic_version'
    GROUP BY c.relname
"""


@pytest.mark.parametrize("revision", revisions())
def test_from_an_earlier_revision_every_row_comes_along(server, revision):
    fill(server.admin_url)
    before = schema_dump.dump(server.admin_url)
    migrate.downgrade(server.admin_url, server.login_role, revision)
    with psycopg.connect(server.admin_url) as conn:
        columns = dict(conn.execute(COLUMNS).fetchall())
    there = rows(server, columns)
    assert all(there[table] for table in ROWS if table in columns)
    migrate.upgrade(server.admin_url, server.login_role)
    assert rows(server, columns) == there
    assert schema_dump.dump(server.admin_url) == before


def test_head_is_the_last_revision():
    config = Config()
    config.set_main_option("script_location", str(CHECKOUT / "pantheon" / "db" / "migrations"))
    assert ScriptDirectory.from_config(config).get_heads() == [migrate.HEAD]


async def test_the_app_can_read_the_revision(db, server, empty_server):
    async with db.transaction(None) as conn:
        assert await migrate.current(conn) == migrate.HEAD
        assert await migrate.is_at_head(conn, server.login_role)
    async with await psycopg.AsyncConnection.connect(empty_server.admin_url) as conn:
        assert await migrate.current(conn) is None
        assert not await migrate.is_at_head(conn, server.login_role)


async def test_head_without_the_roles_granted_is_not_done(server, cluster):
    with cluster.role() as login:
        role = login["user"]
        async with await psycopg.AsyncConnection.connect(server.admin_url) as conn:
            assert not await migrate.is_at_head(conn, role)
            migrate.upgrade(server.admin_url, role)
            assert await migrate.is_at_head(conn, role)


def test_without_a_server_the_drivers_error_is_told():
    with pytest.raises(psycopg.OperationalError):
        migrate.upgrade("host=/nowhere dbname=none", "nobody")
