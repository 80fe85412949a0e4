"""Tests of `pantheon.ops.runtime`."""

import asyncio

import psycopg
import pytest
from structlog.testing import capture_logs

from pantheon.base import metrics
from pantheon.base.errors import Problem
from pantheon.base.settings import ProviderSetting, Settings
from pantheon.ops.runtime import open_runtime, poll_seconds
from pantheon.ops.schema import SCHEMA_BEHIND
from pantheon.providers.own_keys import providers_of, store_key
from pantheon.turns.checkpoints import CHECKPOINTER_BROKEN
from tests.turns.drive import rows


@pytest.mark.parametrize(("lease", "poll"), [(30, 1), (4, 1), (1, 0.25), (0.4, 0.1)])
def test_the_poll_is_a_quarter_of_the_lease_and_a_second_at_most(lease, poll):
    assert poll_seconds(Settings(lease_seconds=lease)) == poll


async def test_everything_is_open_inside_and_closed_after(settings, server, who):
    before = asyncio.all_tasks()
    async with open_runtime(settings, server, environment={}) as runtime:
        assert await rows(runtime, who, "SELECT 1") == [(1,)]
        assert runtime.durable
        assert "demo/fast" in {model.id for model in runtime.providers.models()}
        assert runtime.slots.free() == 0
    assert asyncio.all_tasks() == before
    with pytest.raises(Problem, match="cannot be reached"):
        await rows(runtime, who, "SELECT 1")


async def test_a_schema_that_is_behind_is_refused_or_brought_to_head(settings, empty_server):
    with pytest.raises(Problem) as caught:
        async with open_runtime(settings, empty_server, environment={}):
            raise AssertionError("it opened")
    assert caught.value.kind is SCHEMA_BEHIND
    assert "pantheon migrate" in caught.value.detail
    async with open_runtime(settings, empty_server, migrate=True, environment={}) as runtime:
        assert runtime.durable


async def test_without_durable_checkpoints_only_where_that_is_allowed(tmp_path, server):
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        admin.execute("DROP TABLE checkpoints.checkpoint_migrations")
    with pytest.raises(Problem) as caught:
        async with open_runtime(Settings(data_dir=tmp_path), server, environment={}):
            raise AssertionError("it opened")
    assert caught.value.kind is CHECKPOINTER_BROKEN
    allowed = Settings(data_dir=tmp_path, allow_memory_checkpoints=True)
    with capture_logs() as told:
        async with open_runtime(allowed, server, environment={}) as runtime:
            assert not runtime.durable
            assert b"pantheon_checkpointer_fallback 1.0" in metrics.render()
    assert any("checkpoints are kept in memory only" in line["event"] for line in told)


async def test_a_key_that_is_entered_is_asked_for_its_models_at_once(tmp_path, server, who, fakes):
    lab = ProviderSetting(base_url=fakes)
    settings = Settings(data_dir=tmp_path, providers={"lab": lab}, _env_file=None)
    async with open_runtime(settings, server, environment={}) as runtime:
        async with runtime.db.transaction(who.workspace_id) as conn:
            await store_key(conn, who, settings.key_path, "lab", "sk-canary-0123456789")
            providers = await providers_of(conn, runtime.providers, who.workspace_id)
        # Any model of it can be had until its server has said which there are.
        for _ in range(2_000):
            if "lab/ok" in {model.id for model in providers.models()}:
                break
            await asyncio.sleep(0.01)
        with pytest.raises(Problem):
            providers.resolve("lab/whatever")
