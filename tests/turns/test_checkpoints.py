"""Tests of `pantheon.turns.checkpoints`."""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde import _msgpack
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from pantheon.base import ids
from pantheon.base.errors import Problem
from pantheon.turns import checkpoints
from pantheon.turns.checkpoints import (
    CHECKPOINTER_BROKEN,
    CheckpointPool,
    Saver,
    delete_threads,
    find_trouble,
    open_saver,
    some_threads,
    unread,
)
from pantheon.turns.graph import compile_graph, drive
from pantheon.turns.types import Stop


@pytest.fixture
async def pool(server) -> AsyncIterator[CheckpointPool]:
    """The open pool of a database at head."""
    pool = checkpoints.pool(server.url)
    await pool.open(wait=True, timeout=30)
    yield pool
    await pool.close()


def break_schema(server, statement: str) -> None:
    """Damage the schema, as its owner."""
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        admin.execute(statement)


async def save(saver: Saver, thread: str) -> None:
    """Leave the checkpoint of a turn that had nothing to do."""
    await drive(compile_graph(saver), thread, Stop, _nothing, steps=1, pausable=False, resume=False)


async def _nothing(_: Any) -> None:
    raise AssertionError("there is no step")


async def test_a_complete_schema_gives_a_durable_saver(pool):
    assert await find_trouble(pool) is None
    assert isinstance(await open_saver(pool, allow_memory=True), Saver)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DROP TABLE checkpoints.checkpoint_migrations", "tables are missing"),
        ("DROP TABLE checkpoints.checkpoint_blobs", "tables are missing"),
        ("DELETE FROM checkpoints.checkpoint_migrations WHERE v = 9", "at version 8"),
        (
            "UPDATE pg_index SET indisvalid = false"
            " WHERE indexrelid = 'checkpoints.checkpoints_thread_id_idx'::regclass",
            "checkpoints_thread_id_idx of the checkpointer is not valid",
        ),
    ],
)
async def test_a_damaged_schema_is_refused_unless_memory_is_allowed(pool, server, statement, said):
    break_schema(server, statement)
    with pytest.raises(Problem, match=said) as caught:
        await open_saver(pool, allow_memory=False)
    assert caught.value.kind is CHECKPOINTER_BROKEN
    assert "pantheon migrate" in caught.value.detail
    assert isinstance(await open_saver(pool, allow_memory=True), InMemorySaver)


async def test_a_turn_that_nobody_has_run_is_not_looked_up(pool):
    saver, thread = Saver(pool), str(ids.new())
    await save(saver, thread)
    config: Any = {"configurable": {"thread_id": thread, "checkpoint_ns": ""}}
    assert await saver.aget_tuple(config) is not None
    with unread(saver, thread, fresh=True):
        assert await saver.aget_tuple(config) is None
    with unread(saver, thread, fresh=False):
        assert await saver.aget_tuple(config) is not None
    assert await saver.aget_tuple(config) is not None


async def test_threads_are_found_oldest_first_and_deleted_whole(pool):
    saver = Saver(pool)
    threads = [str(ids.new()) for _ in range(3)]
    for thread in reversed(threads):
        await save(saver, thread)
    assert await some_threads(pool, 2) == threads[:2]
    await delete_threads(pool, threads[:2])
    await delete_threads(pool, [])
    async with pool.connection() as conn:
        for table in ("checkpoints", "checkpoint_blobs", "checkpoint_writes"):
            cursor = await conn.execute(f"SELECT DISTINCT thread_id FROM {table}")
            assert {row["thread_id"] for row in await cursor.fetchall()} <= {threads[2]}
    assert await some_threads(pool, 5) == threads[2:]


@dataclass
class Ours:
    """What nobody but us knows."""

    word: str


def test_only_plain_data_comes_out_of_a_checkpoint():
    assert os.environ["LANGGRAPH_STRICT_MSGPACK"] == "true"
    serde = JsonPlusSerializer()
    assert serde.loads_typed(serde.dumps_typed({"steps": 1})) == {"steps": 1}
    assert not isinstance(serde.loads_typed(serde.dumps_typed(Ours("word"))), Ours)


async def test_without_strictness_nothing_starts(pool, monkeypatch):
    monkeypatch.setattr(_msgpack, "STRICT_MSGPACK_ENABLED", False)
    with pytest.raises(Problem, match="LANGGRAPH_STRICT_MSGPACK") as caught:
        await open_saver(pool, allow_memory=True)
    assert caught.value.kind is CHECKPOINTER_BROKEN
