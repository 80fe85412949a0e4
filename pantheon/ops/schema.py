"""Whether the database's schema is this version's, and bringing it there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg

from pantheon.base.errors import Problem, ProblemType
from pantheon.db import migrate
from pantheon.db.roles import APP
from pantheon.ops.embedded import Server

SCHEMA_BEHIND = ProblemType("schema_behind", 503, "The database's schema is not this version's")


async def revision_of(server: Server) -> str | None:
    """Return the revision that the server's database is at, `None` for an empty one."""
    async with _reader(server) as conn:
        return await migrate.current(conn)


async def check_head(server: Server) -> None:
    """Raise `schema_behind` unless the schema is at head."""
    revision = await revision_of(server)
    if revision != migrate.HEAD:
        raise behind(revision)


async def bring_to_head(server: Server) -> None:
    """Bring the schema to head; safe from many processes at once."""
    # Looked at first: at head, the tools for migrations need not be loaded (0.5 s, 30 MB).
    async with _reader(server) as conn:
        done = await migrate.is_at_head(conn, server.login_role)
    if not done:
        await asyncio.to_thread(migrate.upgrade, server.admin_url, server.login_role)


def behind(revision: str | None) -> Problem:
    """Return the problem of a schema at `revision`, with what to do."""
    return SCHEMA_BEHIND(
        f"The database is at revision {revision or 'none'}, this version of Pantheon needs"
        f" {migrate.HEAD}. Run 'pantheon migrate'."
    )


@asynccontextmanager
async def _reader(server: Server) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """Connect as one who may read the revision, also where somebody else brought the schema."""
    async with await psycopg.AsyncConnection.connect(
        server.admin_url, autocommit=True, connect_timeout=10
    ) as conn:
        cursor = await conn.execute(
            "SELECT has_table_privilege(to_regclass('public.alembic_version'), 'SELECT')"
        )
        if await cursor.fetchone() == (False,):
            await conn.execute(f"SET ROLE {APP}")
        yield conn
