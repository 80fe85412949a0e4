"""Bringing the schema to head, and saying whether it is there."""

from importlib.resources import files

import psycopg

HEAD = "0001"
LOCK = 0x70616E74  # "pant": one migration at a time in a database


def upgrade(url: str, login_role: str, revision: str = "head") -> None:
    """Bring the database at `url` to `revision`, domain and checkpointer together.

    Safe from many processes at once: they wait for each other on an advisory lock. `login_role`
    is the user that the pools log in as; it is granted the two roles. Blocking: run it in a thread.
    """
    _run(url, login_role, revision, down=False)


def downgrade(url: str, login_role: str, revision: str) -> None:
    """Bring the database at `url` down to `revision` (`base` for empty)."""
    _run(url, login_role, revision, down=True)


async def current(conn: psycopg.AsyncConnection[object]) -> str | None:
    """Return the revision that the database is at, or `None` if it has none."""
    cursor = await conn.execute("SELECT to_regclass('public.alembic_version') IS NOT NULL")
    row = await cursor.fetchone()
    if not (isinstance(row, tuple) and row[0]):
        return None
    cursor = await conn.execute("SELECT version_num FROM public.alembic_version")
    row = await cursor.fetchone()
    return str(row[0]) if isinstance(row, tuple) else None


def _run(url: str, login_role: str, revision: str, *, down: bool) -> None:
    # Imported here: start-up of a database at head needs neither, and they cost 30 MB.
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    config = Config()
    config.set_main_option("script_location", str(files("pantheon.db").joinpath("migrations")))
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=NullPool
    )
    with engine.connect() as connection:
        # Held by the session, not the transaction: revisions commit one by one.
        connection.exec_driver_sql(f"SELECT pg_advisory_lock({LOCK})")
        connection.commit()
        config.attributes["connection"] = connection
        config.attributes["login_role"] = login_role
        try:
            (command.downgrade if down else command.upgrade)(config, revision)
        finally:
            connection.rollback()
            connection.exec_driver_sql(f"SELECT pg_advisory_unlock({LOCK})")
            connection.commit()
    engine.dispose()
