"""Health: the worst check decides, and a check that gets no answer is one that failed."""

import asyncio
from dataclasses import replace

import pytest

from pantheon.base import ids
from pantheon.base.settings import Settings
from pantheon.db.pool import Database
from pantheon.ops import health
from pantheon.ops.health import Health, check_health
from pantheon.ops.runtime import open_runtime
from pantheon.worker import heartbeat


@pytest.fixture
async def runtime(server, tmp_path):
    settings = Settings(data_dir=tmp_path, lease_seconds=1, _env_file=None)
    async with open_runtime(settings, server, environment={}) as runtime:
        yield runtime


async def test_a_worker_counts_as_long_as_its_lease(runtime):
    worker = ids.new()
    await heartbeat.register(runtime.db, worker, ids.new(), "worker")
    assert (await check_health(runtime))[0] is Health.ok
    async with runtime.db.sweep() as conn:
        await conn.execute("UPDATE workers SET seen_at = seen_at - interval '1.1 s'")
    found, checks = await check_health(runtime)
    assert found is Health.degraded
    assert checks["worker"]["ok"] is False


async def test_a_database_that_is_away_is_down(runtime, server):
    db = Database(server.url)
    found, checks = await check_health(replace(runtime, db=db))
    assert found is Health.down
    assert {name for name, check in checks.items() if not check["ok"]} == {
        *("database", "schema", "worker")
    }


async def test_a_check_does_not_wait_for_ever(runtime, monkeypatch):
    async def never(_):
        await asyncio.Event().wait()

    monkeypatch.setattr(health, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(health, "_schema", never)
    found, checks = await check_health(runtime)
    assert found is Health.down
    assert checks["schema"]["detail"] == "There was no answer within 0.05 s."
