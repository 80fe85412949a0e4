"""The books against themselves: every invariant that a database can show, and who breaks it.

Reads across workspaces, as the schema's owner; changes nothing.
"""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from pantheon.base import metrics
from pantheon.ops.checks import Check
from pantheon.ops.invariants import CHECKS

NAMED_AT_MOST = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """A check's result: how many rows break it, and some of them, each as names and values."""

    check: Check
    drift: int
    rows: list[str]


async def reconcile(admin_url: str) -> list[Finding]:
    """Check every invariant in one snapshot of the database; returns a finding for each check.

    `admin_url` is the schema owner's: row security does not hide anything from it.
    """
    async with await psycopg.AsyncConnection.connect(admin_url) as conn:
        await conn.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
        await conn.set_read_only(True)
        return [finding async for finding in check_books(conn)]


async def check_books(conn: psycopg.AsyncConnection[Any]) -> AsyncIterator[Finding]:
    """Run the checks one by one in the connection's transaction.

    However many rows break one, they come through a cursor of the server, and few are kept.
    """
    for check in CHECKS:
        async with conn.cursor(name="drift") as cursor:
            await cursor.execute(check.query)
            rows: list[str] = []
            drift = 0
            async for row in cursor:
                drift += 1
                if len(rows) < NAMED_AT_MOST:
                    rows.append(_text(cursor, row))
        yield Finding(check, drift, rows)


def write_metrics(findings: Iterable[Finding], path: Path) -> None:
    """Write the findings for a collector of Prometheus that reads files, all at once.

    The invariants are read in full tables: that is for a timer, not for every scrape. Raises
    OSError.
    """
    drift: dict[str, int] = {}
    for finding in findings:
        drift[finding.check.id] = drift.get(finding.check.id, 0) + finding.drift
    metrics.write_drift(drift, path)


def _text(cursor: psycopg.AsyncServerCursor[Any], row: tuple[Any, ...]) -> str:
    assert cursor.description is not None
    named = zip(cursor.description, row, strict=True)
    return " ".join(f"{column.name} {value}" for column, value in named)
