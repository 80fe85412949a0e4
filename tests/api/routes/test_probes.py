"""`/healthz`, `/readyz`, `/metrics`: open to probes, metrics to this machine or an admin."""

import psycopg
import pytest

from pantheon.base.settings import Settings
from tests.api.checks import problem


@pytest.fixture
def settings(tmp_path):
    # A lease so long that its worker counts as alive on a busy machine, too.
    return Settings(data_dir=tmp_path, lease_seconds=30, _env_file=None)


async def test_a_process_is_alive_without_a_credential(anonymous):
    answer = await anonymous.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_without_a_worker_it_is_degraded(anonymous):
    answer = await anonymous.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    assert {name: check["ok"] for name, check in answer.json()["checks"].items()} == {
        "database": True,
        "schema": True,
        "checkpointer": True,
        "worker": False,
    }


async def test_with_a_worker_it_is_ready(anonymous, worker):
    answer = await anonymous.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


async def test_with_another_schema_it_is_down(anonymous, server):
    async with await psycopg.AsyncConnection.connect(server.admin_url, autocommit=True) as admin:
        await admin.execute("UPDATE alembic_version SET version_num = '0000'")
    answer = await anonymous.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "down")
    assert "pantheon migrate" in answer.json()["checks"]["schema"]["detail"]


async def test_metrics_are_for_this_machine_and_for_admins(api, anonymous):
    local = await anonymous.get("/metrics")
    assert local.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "pantheon_streams_open" in local.text
    # A proxy on this machine speaks for somebody elsewhere.
    proxied = {"X-Forwarded-For": "203.0.113.9"}
    problem(await anonymous.get("/metrics", headers=proxied), 401, "unauthenticated")
    reader = {**proxied, **await api.new_key("read")}
    problem(await anonymous.get("/metrics", headers=reader), 403, "forbidden")
    assert (await api.client.get("/metrics", headers=proxied)).status_code == 200


class TestMemoryCheckpoints:
    """Allowed by the operator, and never forgotten."""

    @pytest.fixture
    def settings(self, tmp_path):
        return Settings(data_dir=tmp_path, allow_memory_checkpoints=True, _env_file=None)

    @pytest.fixture
    async def server(self, server):
        async with await psycopg.AsyncConnection.connect(
            server.admin_url, autocommit=True
        ) as admin:
            await admin.execute("DROP TABLE checkpoints.checkpoint_migrations")
        return server

    async def test_it_stays_degraded(self, anonymous, worker):
        answer = await anonymous.get("/readyz")
        assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
        assert "memory" in answer.json()["checks"]["checkpointer"]["detail"]
