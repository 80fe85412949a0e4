"""The workers that are there: each says so regularly, so that others can know."""

from uuid import UUID

from pantheon.db.pool import Connection, Database
from pantheon.turns import leases
from pantheon.turns.types import GRAPH_VERSION

FORGOTTEN_AFTER = "10 minutes"


async def register(db: Database, worker_id: UUID, instance: UUID, kind: str) -> None:
    """Make a worker known. An `up` first ends the leases of its instance's dead predecessors."""
    async with db.sweep() as conn:
        if kind == "up":
            await leases.expire_of(conn, instance)
            await conn.execute(
                "DELETE FROM workers WHERE instance = %(instance)s AND kind = 'up'",
                {"instance": instance},
            )
        await beat(conn, worker_id, instance, kind)


async def beat(conn: Connection, worker_id: UUID, instance: UUID, kind: str) -> None:
    """Say that a worker is alive, also if it was forgotten while its machine slept."""
    await conn.execute(
        """
        INSERT INTO workers (id, instance, kind, graph_versions)
        VALUES (%(id)s, %(instance)s, %(kind)s, %(versions)s)
        ON CONFLICT (id) DO UPDATE SET seen_at = clock_timestamp()
        """,
        {"id": worker_id, "instance": instance, "kind": kind, "versions": [GRAPH_VERSION]},
    )


async def leave(db: Database, worker_id: UUID) -> None:
    """Take a worker off the list; it ends."""
    async with db.sweep() as conn:
        await conn.execute("DELETE FROM workers WHERE id = %(id)s", {"id": worker_id})


async def forget(conn: Connection) -> None:
    """Take off the list who has not been heard of for ten minutes."""
    await conn.execute(
        "DELETE FROM workers WHERE seen_at < clock_timestamp() - %(age)s::interval",
        {"age": FORGOTTEN_AFTER},
    )
