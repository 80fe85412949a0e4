"""Tests of `pantheon.worker.heartbeat`."""

import psycopg
import pytest

from pantheon.base import ids
from pantheon.turns.types import GRAPH_VERSION
from pantheon.worker import heartbeat
from tests.turns.drive import rows
from tests.turns.under_lease import at_work

LEASED = "SELECT lease_expires_at > clock_timestamp() FROM turns"


@pytest.fixture
def admin(server):
    """A connection of the schema's owner."""
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        yield admin


async def test_a_worker_comes_beats_and_goes(idle, admin):
    worker, instance = ids.new(), ids.new()
    await heartbeat.register(idle.db, worker, instance, "worker")
    (row,) = admin.execute("SELECT id, instance, kind, graph_versions FROM workers").fetchall()
    assert row == (worker, instance, "worker", [GRAPH_VERSION])
    for asleep in (
        "UPDATE workers SET seen_at = now() - interval '1 hour'",
        "DELETE FROM workers",
    ):
        admin.execute(asleep)
        async with idle.db.sweep() as conn:
            await heartbeat.beat(conn, worker, instance, "worker")
        (row,) = admin.execute("SELECT id, instance, kind, graph_versions FROM workers").fetchall()
        assert row == (worker, instance, "worker", [GRAPH_VERSION])
        fresh = admin.execute("SELECT seen_at > now() - interval '1 minute' FROM workers")
        assert fresh.fetchone() == (True,)
    await heartbeat.leave(idle.db, worker)
    assert admin.execute("SELECT id FROM workers").fetchall() == []


@pytest.mark.parametrize(
    ("before", "now", "same", "taken_over"),
    [
        ("up", "up", True, True),
        ("up", "up", False, False),
        ("worker", "up", True, False),
        ("up", "worker", True, False),
    ],
)
async def test_an_up_takes_over_its_own_dead_predecessor_alone(
    idle, who, admin, before, now, same, taken_over
):
    instance, dead = ids.new(), ids.new()
    await heartbeat.register(idle.db, dead, instance, before)
    await at_work(idle, who, "demo/fast")
    admin.execute("UPDATE turns SET lease_owner = %s", (dead,))
    await heartbeat.register(idle.db, ids.new(), instance if same else ids.new(), now)
    assert await rows(idle, who, LEASED) == [(not taken_over,)]
    left = [row[0] for row in admin.execute("SELECT id FROM workers").fetchall()]
    assert (dead in left) is not taken_over
