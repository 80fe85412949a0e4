"""Row security: the second wall between workspaces, read from the catalog and tried on rows."""

import psycopg
import pytest

from tests.db.rows import ROWS, fill

# No tenant's data: the revision, and the processes that run turns.
SHARED = {"alembic_version", "workers"}
APPEND_ONLY = {
    *("llm_call_events", "turn_events", "messages", "agent_prompts", "context_audits"),
    *("price_books", "price_lines", "postings", "seals", "closed_months", "payment_events"),
}
NEVER_CHANGED = {"messages_taken_back"}
REMOVABLE = {"room_agents", "login_tokens", "logins", "idempotency_keys"}
REMOVABLE |= {"usage_marks", "usage_rollups", "messages_taken_back"}
# A credential is found before its workspace is known.
GLOBAL_UNIQUE = {"login_tokens_token", "logins_token", "api_keys_token"}
SWEEP = {
    "workspaces": {"SELECT"},
    "usage_marks": {"SELECT"},
    "wallets": {"SELECT"},
    "turns": {"SELECT", "UPDATE"},
    "llm_call_attempts": {"SELECT"},
    "turn_events": {"SELECT", "DELETE"},
    "idempotency_keys": {"SELECT", "DELETE"},
    "messages_taken_back": {"SELECT", "DELETE"},
    "workers": {"SELECT", "INSERT", "UPDATE", "DELETE"},
}
WORKSPACE_ONLY = (
    "({} = ( SELECT (NULLIF(current_setting('pantheon.workspace_id'::text, true), ''::text))::uuid"
    ' AS "nullif"))'
)


@pytest.fixture
def admin(server):
    with psycopg.connect(server.admin_url, autocommit=True) as conn:
        yield conn


def rows(conn, statement, *values):
    return conn.execute(statement.encode(), values or None).fetchall()


def tables(admin):
    found = rows(
        admin,
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relkind IN ('r', 'p', 'v', 'm')",
    )
    return {name for (name,) in found}


def test_the_rows_of_these_tests_cover_every_table(admin):
    assert tables(admin) - SHARED == set(ROWS)


def test_primary_keys_and_unique_indexes_begin_with_the_workspace(admin):
    found = rows(
        admin,
        """
        SELECT c.relname, i.relname, a.attname, x.indisprimary
        FROM pg_index x
        JOIN pg_class c ON c.oid = x.indrelid
        JOIN pg_class i ON i.oid = x.indexrelid
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = x.indkey[0]
        WHERE c.relnamespace = 'public'::regnamespace AND x.indisunique
        """,
    )
    first = {(table, index): column for table, index, column, _ in found if table not in SHARED}
    others = {key: column for key, column in first.items() if column != "workspace_id"}
    assert others == {
        ("workspaces", "workspaces_pkey"): "id",
        **{(name.removesuffix("_token"), name): "token_sha256" for name in GLOBAL_UNIQUE},
    }
    assert {table for table, *_, primary in found if primary} >= tables(admin) - SHARED


def test_references_begin_with_the_workspace_on_both_sides(admin):
    found = rows(
        admin,
        """
        SELECT k.conname, c.relname, a.attname, t.relname, b.attname
        FROM pg_constraint k
        JOIN pg_class c ON c.oid = k.conrelid
        JOIN pg_class t ON t.oid = k.confrelid
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.conkey[1]
        JOIN pg_attribute b ON b.attrelid = t.oid AND b.attnum = k.confkey[1]
        WHERE k.contype = 'f' AND c.relnamespace = 'public'::regnamespace
        """,
    )
    assert len(found) > 20
    wrong = [
        name
        for name, _, column, target, target_column in found
        if (column, target_column)
        != ("workspace_id", "id" if target == "workspaces" else "workspace_id")
    ]
    assert wrong == []


def test_each_tenant_table_has_the_one_policy(admin):
    secured = rows(admin, "SELECT relname FROM pg_class WHERE relrowsecurity")
    assert {name for (name,) in secured} == set(ROWS)
    found = rows(
        admin, "SELECT tablename, roles::text[], cmd, permissive, qual, with_check FROM pg_policies"
    )
    app = {table: rest for table, roles, *rest in found if roles == ["pantheon_app"]}
    assert app == {
        table: [
            "ALL",
            "PERMISSIVE",
            WORKSPACE_ONLY.format("id" if table == "workspaces" else "workspace_id"),
            None,
        ]
        for table in ROWS
    }
    others = {(table, tuple(roles)) for table, roles, *_ in found if roles != ["pantheon_app"]}
    assert others == {(table, ("pantheon_sweep",)) for table in SWEEP if table != "workers"}


def test_neither_role_owns_anything_or_gets_around_the_policies(admin):
    roles = rows(
        admin,
        "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolcanlogin"
        " FROM pg_roles WHERE rolname IN ('pantheon_app', 'pantheon_sweep') ORDER BY 1",
    )
    assert roles == [("pantheon_app", *[False] * 5), ("pantheon_sweep", *[False] * 5)]
    owned = rows(
        admin,
        "SELECT relname FROM pg_class WHERE pg_get_userbyid(relowner) LIKE 'pantheon%'",
    )
    assert owned == []
    members = rows(
        admin,
        "SELECT roleid::regrole::text, member::regrole::text FROM pg_auth_members"
        " WHERE member::regrole::text LIKE 'pantheon%'",
    )
    assert sorted(members) == [("pantheon_app", "pantheon"), ("pantheon_sweep", "pantheon")]


def granted(admin, role):
    found = rows(
        admin,
        "SELECT table_name, privilege_type FROM information_schema.role_table_grants"
        " WHERE grantee = %s AND table_schema = 'public'",
        role,
    )
    rights: dict[str, set[str]] = {}
    for table, right in found:
        rights.setdefault(table, set()).add(right)
    return rights


def test_the_rights_of_both_roles_are_these(admin):
    write = {"SELECT", "INSERT", "UPDATE"}
    expected = {table: set(write) for table in ROWS}
    for table in APPEND_ONLY | NEVER_CHANGED:
        expected[table].remove("UPDATE")
    for table in REMOVABLE:
        expected[table].add("DELETE")
    expected |= {"workers": {*write, "DELETE"}, "alembic_version": {"SELECT"}}
    assert granted(admin, "pantheon_app") == expected
    assert granted(admin, "pantheon_sweep") == SWEEP
    assert granted(admin, "PUBLIC") == {}


def test_what_runs_with_the_owners_rights_is_guarded(admin):
    """Such a function looks past row security: nobody else may call it or bend its names."""
    found = rows(
        admin,
        """
        SELECT proname, proconfig[1] LIKE 'search_path=pg_catalog%%',
            has_function_privilege('pantheon', oid, 'EXECUTE')
        FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace
        """,
    )
    assert "resolve_credential" in {name for name, _, _ in found}
    assert [row for row in found if row[1:] != (True, False)] == []


async def test_a_workspace_sees_its_own_rows_and_no_others(db, server):
    mine, theirs = fill(server.admin_url), fill(server.admin_url)
    for workspace, visible in ((mine, mine), (theirs, theirs), (None, None)):
        async with db.transaction(workspace) as conn:
            for table in ROWS:
                column = "id" if table == "workspaces" else "workspace_id"
                cursor = await conn.execute(f"SELECT {column} FROM {table}".encode())
                expected = [] if visible is None else [(visible,)]
                assert await cursor.fetchall() == expected, table


async def test_a_workspace_changes_no_row_of_another(db, server):
    mine, theirs = fill(server.admin_url), fill(server.admin_url)
    async with db.transaction(mine) as conn:
        for table in ROWS:
            column = "id" if table == "workspaces" else "workspace_id"
            for right, statement in (
                ("UPDATE", f"UPDATE {table} SET {column} = {column} WHERE {column} = %s"),
                ("DELETE", f"DELETE FROM {table} WHERE {column} = %s"),
            ):
                cursor = await conn.execute("SELECT has_table_privilege(%s, %s)", (table, right))
                if (await cursor.fetchone()) == (True,):
                    cursor = await conn.execute(statement.encode(), (theirs,))
                    assert cursor.rowcount == 0, statement


async def test_a_workspace_writes_no_row_into_another(db, server):
    mine, theirs = fill(server.admin_url), fill(server.admin_url)
    for statement in (
        "INSERT INTO rooms (workspace_id, id, name, mode)"
        " VALUES (%s, gen_random_uuid(), 'R', 'manual')",
        "UPDATE sessions SET workspace_id = %s",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            async with db.transaction(mine) as conn:
                await conn.execute(statement.encode(), (theirs,))


async def test_a_reference_into_another_workspace_cannot_be_stored(db, server):
    mine, theirs = fill(server.admin_url), fill(server.admin_url)
    with psycopg.connect(server.admin_url) as admin:
        room = rows(admin, "SELECT id FROM rooms WHERE workspace_id = %s", theirs)[0][0]
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        async with db.transaction(mine) as conn:
            await conn.execute("UPDATE sessions SET room_id = %s", (room,))


@pytest.mark.parametrize("table", sorted(APPEND_ONLY))
async def test_the_ledger_and_the_log_are_append_only(db, server, table):
    workspace = fill(server.admin_url)
    for statement in (
        f"UPDATE {table} SET workspace_id = workspace_id",
        f"DELETE FROM {table}",
        f"TRUNCATE {table}",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with db.transaction(workspace) as conn:
                await conn.execute(statement.encode())


async def test_the_sweep_looks_across_and_touches_little(db, server):
    fill(server.admin_url)
    fill(server.admin_url)
    async with db.sweep() as conn:
        cursor = await conn.execute("SELECT count(DISTINCT workspace_id) FROM turns")
        assert await cursor.fetchone() == (2,)
    for statement in (
        "SELECT FROM messages",
        "DELETE FROM turns",
        "UPDATE turn_events SET seq = 0",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with db.sweep() as conn:
                await conn.execute(statement.encode())


@pytest.mark.parametrize(
    "statement",
    [
        "SET ROLE NONE; SELECT FROM messages",
        "SET SESSION AUTHORIZATION DEFAULT; SET ROLE NONE; SELECT FROM workspaces",
        "SET ROLE postgres",
        "SET ROLE pg_read_all_data",
        "CREATE TABLE public.mine ()",
        "ALTER TABLE rooms DISABLE ROW LEVEL SECURITY",
        "DROP POLICY workspace ON rooms",
    ],
)
async def test_a_pool_cannot_put_its_role_down_to_get_further(db, server, statement):
    workspace = fill(server.admin_url)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with db.transaction(workspace) as conn:
            await conn.execute(statement.encode())


async def test_the_login_behind_the_role_is_no_superuser(db):
    async with db.transaction(None) as conn:
        await conn.execute("SET ROLE NONE")
        cursor = await conn.execute("SELECT current_user::text, current_setting('is_superuser')")
        assert await cursor.fetchone() == ("pantheon", "off")
        await conn.execute("RESET ROLE")
        cursor = await conn.execute("SELECT current_user::text")
        assert await cursor.fetchone() == ("pantheon_app",)
