"""Bringing the schema to head, and saying whether it is there."""

from importlib.resources import files
from typing import Any

import psycopg

from pantheon.db.roles import LACKING, ensure_roles, lacking_arguments

HEAD = "0005"
LOCK = 0x70616E74  # "pant": one migration at a time in a database


def upgrade(url: str, login_role: str, revision: str = "head") -> None:
    """Bring the database at `url` to `revision`, domain and checkpointer together.

    Safe from many processes at once: they wait for each other on an advisory lock. `login_role`
    is the user that the pools log in as; it is granted the two roles. Blocking: run it in a
    thread. Raises psycopg.OperationalError without a server, and `roles_missing`.
    """
    _run(url, login_role, revision, down=False)


def downgrade(url: str, login_role: str, revision: str) -> None:
    """Bring the database at `url` down to `revision` (`base` for empty). Raises as `upgrade`."""
    _run(url, login_role, revision, down=True)


async def current(conn: psycopg.AsyncConnection[Any]) -> str | None:
    """Return the revision that the database is at, or `None` if it has none."""
    cursor = await conn.execute("SELECT to_regclass('public.alembic_version') IS NOT NULL")
    row = await cursor.fetchone()
    if not (isinstance(row, tuple) and row[0]):
        return None
    cursor = await conn.execute("SELECT version_num FROM public.alembic_version")
    row = await cursor.fetchone()
    return str(row[0]) if isinstance(row, tuple) else None


async def is_at_head(conn: psycopg.AsyncConnection[Any], login_role: str) -> bool:
    """Tell whether `upgrade` has nothing to do: the schema is at head, the roles are there.

    A dump that was restored in another cluster brings the one without the other.
    """
    if await current(conn) != HEAD:
        return False
    cursor = await conn.execute(LACKING, lacking_arguments(conn, login_role))
    return await cursor.fetchone() is None


def _run(url: str, login_role: str, revision: str, *, down: bool) -> None:
    # Imported here: start-up of a database at head needs neither, and they cost 30 MB.
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine
    from sqlalchemy.pool import StaticPool

    config = Config()
    config.set_main_option("script_location", str(files("pantheon.db").joinpath("migrations")))
    with psycopg.connect(url) as driver:
        # Held by the session, not the transaction: revisions commit one by one. It goes with the
        # connection, also when this process is killed.
        driver.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        driver.commit()
        ensure_roles(driver, login_role)
        engine = create_engine(
            "postgresql+psycopg://", creator=lambda: driver, poolclass=StaticPool
        )
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            (command.downgrade if down else command.upgrade)(config, revision)
