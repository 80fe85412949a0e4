"""LangGraph's checkpoints in PostgreSQL: a schema, a pool and a saver of their own."""

import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

# Read by the serialiser when it is imported: nothing but plain data may come out of a checkpoint.
os.environ["LANGGRAPH_STRICT_MSGPACK"] = "true"

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.checkpoint.serde import _msgpack
from psycopg import AsyncConnection, sql
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from pantheon.base.errors import ProblemType
from pantheon.db.migrations.checkpointer import TABLES
from pantheon.db.pool import (
    CONNECT_SECONDS,
    RECONNECT_SECONDS,
    STALLED_SECONDS,
    session_options,
)
from pantheon.db.roles import APP

CHECKPOINTER_BROKEN = ProblemType("checkpointer_broken", 503, "The checkpoints cannot be used")
POOL_SIZE = 8

CheckpointPool = AsyncConnectionPool[AsyncConnection[DictRow]]


class Saver(AsyncPostgresSaver):
    """The library's saver, without the two waits that a turn does not need."""

    def __init__(self, pool: CheckpointPool) -> None:
        """Save through `pool`."""
        super().__init__(pool)
        # The library's lock lets one turn save at a time; here every save has its connection.
        self.lock = asyncio.Semaphore(POOL_SIZE)  # type: ignore[assignment]
        self.fresh: set[str] = set()

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Read a thread's checkpoint; a turn that nobody has run yet has none."""
        if config["configurable"]["thread_id"] in self.fresh:
            return None
        return await super().aget_tuple(config)


@contextmanager
def unread(saver: object, thread_id: str, fresh: bool) -> Iterator[None]:
    """Spare the read of a thread that cannot have a checkpoint yet."""
    if not (fresh and isinstance(saver, Saver)):
        yield
        return
    saver.fresh.add(thread_id)
    try:
        yield
    finally:
        saver.fresh.discard(thread_id)


def pool(url: str, *, stalled_seconds: float = STALLED_SECONDS) -> CheckpointPool:
    """Describe the checkpointer's own pool, as the library wants it."""
    return AsyncConnectionPool(
        url,
        kwargs={
            "autocommit": True,
            "row_factory": dict_row,
            "prepare_threshold": 0,
            "options": f"{session_options(APP, stalled_seconds)} -c search_path=checkpoints",
            "connect_timeout": CONNECT_SECONDS,
        },
        min_size=1,
        max_size=POOL_SIZE,
        open=False,
        reconnect_timeout=RECONNECT_SECONDS,
        check=AsyncConnectionPool.check_connection,
        name="checkpoints",
    )


async def open_saver(
    checkpoints: CheckpointPool, *, allow_memory: bool
) -> BaseCheckpointSaver[Any]:
    """Return a durable saver whose schema is complete.

    Raises `checkpointer_broken` where anything but plain data could come out of a checkpoint, and,
    naming the command that mends it, unless `allow_memory`: then
    checkpoints live in this process only.
    """
    if not _msgpack.STRICT_MSGPACK_ENABLED:
        raise CHECKPOINTER_BROKEN(
            "Checkpoints would be read without limits: LangGraph was imported before"
            " LANGGRAPH_STRICT_MSGPACK was set. Set it to true in the environment."
        )
    trouble = await find_trouble(checkpoints)
    if trouble is None:
        return Saver(checkpoints)
    if allow_memory:
        return InMemorySaver()
    raise CHECKPOINTER_BROKEN(f"{trouble} Run 'pantheon migrate'.")


async def find_trouble(checkpoints: CheckpointPool) -> str | None:
    """Say what is wrong with the checkpointer's schema, or return `None`."""
    async with checkpoints.connection() as conn:
        cursor = await conn.execute(
            """
            SELECT NOT EXISTS (SELECT FROM unnest(%(tables)s::text[]) AS name
                               WHERE to_regclass('checkpoints.' || name) IS NULL) AS there,
                ARRAY(SELECT i.indexrelid::regclass::text FROM pg_index i
                      JOIN pg_class c ON c.oid = i.indrelid
                      JOIN pg_namespace n ON n.oid = c.relnamespace
                      WHERE n.nspname = 'checkpoints' AND NOT i.indisvalid) AS invalid
            """,
            {"tables": list(TABLES)},
        )
        row = await cursor.fetchone()
        assert row is not None
        if not row["there"]:
            return "The checkpointer's tables are missing."
        if row["invalid"]:
            return f"The index {row['invalid'][0]} of the checkpointer is not valid."
        cursor = await conn.execute("SELECT max(v) AS version FROM checkpoint_migrations")
        row = await cursor.fetchone()
    wanted = len(Saver.MIGRATIONS) - 1
    if row is None or row["version"] != wanted:
        have = row["version"] if row else None
        return f"The checkpointer's schema is at version {have}, the library needs {wanted}."
    return None


async def some_threads(checkpoints: CheckpointPool, limit: int) -> list[str]:
    """Return the oldest `limit` threads that have checkpoints; a thread is a turn's id."""
    async with checkpoints.connection() as conn:
        cursor = await conn.execute(
            """
            SELECT DISTINCT thread_id FROM checkpoints ORDER BY thread_id LIMIT %(limit)s
            """,
            {"limit": limit},
        )
        return [row["thread_id"] for row in await cursor.fetchall()]


async def delete_threads(checkpoints: CheckpointPool, threads: Sequence[str]) -> None:
    """Delete all that was saved of some threads."""
    if not threads:
        return
    async with checkpoints.connection() as conn, conn.transaction():
        for table in ("checkpoint_writes", "checkpoint_blobs", "checkpoints"):
            await conn.execute(
                sql.SQL("DELETE FROM {} WHERE thread_id = ANY (%(threads)s)").format(
                    sql.Identifier(table)
                ),
                {"threads": list(threads)},
            )
