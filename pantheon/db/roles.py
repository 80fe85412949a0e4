"""The two roles that pools act as: they belong to the whole cluster, so each migration looks."""

from typing import Any

import psycopg
from psycopg import sql

from pantheon.base.errors import ProblemType

ROLES_MISSING = ProblemType("roles_missing", 503, "The database's roles are missing")

APP = "pantheon_app"
SWEEP = "pantheon_sweep"

# Another database of the cluster may be migrated at the same moment.
TRIES = 5

# What the pools' login lacks. From PostgreSQL 16 on a member may still lack the right to SET.
LACKING = """
    SELECT r.name, p.oid IS NOT NULL
    FROM unnest(ARRAY['pantheon_app', 'pantheon_sweep']) AS r (name)
    LEFT JOIN pg_roles p ON p.rolname = r.name
    WHERE p.oid IS NULL OR NOT pg_has_role(%(login)s::name, p.oid, %(right)s)
    ORDER BY r.name
"""


def lacking_arguments(conn: psycopg.BaseConnection[Any], login_role: str) -> dict[str, str]:
    """Return the parameters of `LACKING` for a connection's version of PostgreSQL."""
    right = "SET" if conn.info.server_version >= 160_000 else "MEMBER"
    return {"login": login_role, "right": right}


def ensure_roles(conn: psycopg.Connection[tuple[Any, ...]], login_role: str) -> None:
    """Make the roles that are missing and let `login_role` act as them. Commits.

    Raises `roles_missing` with the SQL for an administrator where the user may not.
    """
    for _ in range(TRIES):
        wanted = _wanted(conn, login_role)
        if not wanted:
            return
        try:
            with conn.transaction():
                for statement in wanted:
                    conn.execute(statement)
        except psycopg.errors.InsufficientPrivilege as error:
            lines = "".join(f"\n    {statement.as_string(conn)};" for statement in wanted)
            raise ROLES_MISSING(
                f"The user '{conn.info.user}' may not prepare the database. Let an administrator"
                f" run this in the database '{conn.info.dbname}', then migrate again:{lines}"
            ) from error
        except (
            psycopg.errors.DuplicateObject,
            psycopg.errors.UniqueViolation,
            psycopg.errors.InternalError_,
        ):
            # Somebody else was faster ('tuple concurrently updated' is an internal error).
            continue
    raise ROLES_MISSING("Others keep changing the database's roles. Run 'pantheon migrate' again.")


def _wanted(conn: psycopg.Connection[tuple[Any, ...]], login_role: str) -> list[sql.Composed]:
    login, user = sql.Identifier(login_role), sql.Identifier(conn.info.user)
    statements = []
    with conn.transaction():
        lacking = conn.execute(LACKING, lacking_arguments(conn, login_role)).fetchall()
        may = conn.execute(
            "SELECT has_database_privilege(current_database(), 'CREATE'),"
            " has_schema_privilege('public', 'CREATE')"
        ).fetchone()
    for name, exists in lacking:
        role = sql.Identifier(name)
        if not exists:
            statements.append(sql.SQL("CREATE ROLE {} NOLOGIN").format(role))
        statements.append(sql.SQL("GRANT {} TO {}").format(role, login))
    assert may is not None
    if not may[0]:
        database = sql.Identifier(conn.info.dbname)
        statements.append(sql.SQL("GRANT CREATE ON DATABASE {} TO {}").format(database, user))
    if not may[1]:
        statements.append(sql.SQL("GRANT CREATE ON SCHEMA public TO {}").format(user))
    return statements
