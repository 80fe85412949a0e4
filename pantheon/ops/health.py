"""Readiness: whether this process can take turns, and whether somebody runs them."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import psycopg

from pantheon.base.errors import Problem
from pantheon.db import migrate
from pantheon.ops.runtime import Runtime
from pantheon.turns import checkpoints

PATIENCE_SECONDS = 3.0


class Health(StrEnum):
    """`degraded` answers requests but does not keep every promise; `down` cannot answer."""

    ok = "ok"
    degraded = "degraded"
    down = "down"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found."""

    health: Health
    detail: str


async def check_health(runtime: Runtime) -> tuple[Health, dict[str, dict[str, Any]]]:
    """Check database, schema, checkpointer and workers; return the worst, and all by name."""
    found = dict(
        zip(
            ("database", "schema", "checkpointer", "worker"),
            await asyncio.gather(
                _patiently(_database(runtime)),
                _patiently(_schema(runtime)),
                _patiently(_checkpointer(runtime)),
                _patiently(_worker(runtime)),
            ),
            strict=True,
        )
    )
    worst = max((finding.health for finding in found.values()), key=list(Health).index)
    return worst, {
        name: {"ok": finding.health is Health.ok, "detail": finding.detail}
        for name, finding in found.items()
    }


async def _patiently(check: Awaitable[Finding]) -> Finding:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await check
    except TimeoutError:
        return Finding(Health.down, f"There was no answer within {PATIENCE_SECONDS:g} s.")
    except psycopg.Error as error:
        return Finding(Health.down, f"The database fails: {type(error).__name__}.")
    except Problem as problem:
        return Finding(Health.down, problem.detail)


async def _database(runtime: Runtime) -> Finding:
    async with runtime.db.transaction(None) as conn:
        cursor = await conn.execute("SELECT current_setting('server_version')")
        row = await cursor.fetchone()
    return Finding(Health.ok, f"PostgreSQL {str(row and row[0]).split()[0]} answers.")


async def _schema(runtime: Runtime) -> Finding:
    async with runtime.db.transaction(None) as conn:
        version = await migrate.current(conn)
    if version == migrate.HEAD:
        return Finding(Health.ok, f"The schema is at revision {version}.")
    return Finding(
        Health.down,
        f"The schema is at revision {version or 'none'}, this version needs {migrate.HEAD}."
        " Run 'pantheon migrate'.",
    )


async def _checkpointer(runtime: Runtime) -> Finding:
    if not runtime.durable:
        return Finding(Health.degraded, "Checkpoints are kept in memory only.")
    trouble = await checkpoints.find_trouble(runtime.checkpoints)
    if trouble is not None:
        return Finding(Health.down, f"{trouble} Run 'pantheon migrate'.")
    return Finding(Health.ok, "Checkpoints are kept in the database.")


async def _worker(runtime: Runtime) -> Finding:
    async with runtime.db.transaction(None) as conn:
        cursor = await conn.execute(
            """
            SELECT count(*) FROM workers
            WHERE seen_at > clock_timestamp() - make_interval(secs => %(seconds)s)
            """,
            {"seconds": runtime.settings.lease_seconds},
        )
        row = await cursor.fetchone()
    count = row[0] if row else 0
    if count:
        return Finding(Health.ok, f"Workers: {count}.")
    return Finding(
        Health.degraded, "No worker is there: turns are taken and wait. Start 'pantheon worker'."
    )
