"""Measures what reports take beside a year of calls: `python -m tests.ledger.year`.

Ten million calls by default (about eight gigabytes while it runs, some minutes), in a database
of its own that is removed again. Prints milliseconds, the median of five after a first one, and
how long the sums took to make.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from time import perf_counter

import psycopg

from pantheon.accounts.roles import Who
from pantheon.base.clock import now
from pantheon.db import migrate
from pantheon.db.pool import Database
from pantheon.ledger.reports import GROUPS, report
from pantheon.ledger.usage import EVERYTHING, Filter, list_calls
from pantheon.ops import usage
from pantheon.ops.embedded import Server, embedded
from tests.ledger.history import make_history
from tests.make import make_workspace

DAYS, USERS, TIMES = 366, 200, 5


async def measure(folder: Path, calls: int, tell: Callable[[str], None]) -> None:
    """Make the past in a new database, sum it, ask."""
    async with embedded(folder / "postgres") as server:
        migrate.upgrade(server.admin_url, server.login_role)
        db = Database(server.url)
        await db.open()
        try:
            who = await make_workspace(db)
            await asyncio.to_thread(make_history, server, who, calls=calls, days=DAYS, users=USERS)
            tell(f"{calls:,} calls of {DAYS} days, {USERS} users")
            began = perf_counter()
            await usage.rebuild(db, lambda _: None)
            tell(f"summed in {perf_counter() - began:.0f} s")
            await asyncio.to_thread(_settle, server, tell)
            await _ask(db, who, tell)
        finally:
            await db.close()


def _settle(server: Server, tell: Callable[[str], None]) -> None:
    """Do what autovacuum would have done by and by."""
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        admin.execute("VACUUM ANALYZE")
        rows = admin.execute(
            """
            SELECT kind || CASE WHEN monthly THEN ' by month' ELSE '' END, count(*)
            FROM usage_rollups GROUP BY 1 ORDER BY 1
            """
        )
        tell("rows: " + ", ".join(f"{kind} {count:,}" for kind, count in rows))


async def _ask(db: Database, who: Who, tell: Callable[[str], None]) -> None:
    member = replace(who, role="member")
    year = Filter(since=now() - timedelta(days=365), until=now() - timedelta(hours=1))
    month = Filter(since=now() - timedelta(days=45), until=now() - timedelta(days=15))
    async with db.transaction(who.workspace_id) as conn:
        (first,) = (await report(conn, who, ["room"], limit=1))["items"]
    room = replace(year, room_id=first["room"])
    agent = replace(month, agent_key="agent1")
    questions = [(who, [name], EVERYTHING) for name in GROUPS]
    questions += [(who, [name], year) for name in GROUPS]
    questions += [(who, [name], month) for name in GROUPS]
    questions += [(member, [name], year) for name in GROUPS]
    questions += [(who, [name], room) for name in GROUPS]
    questions += [
        (who, ["day", "model"], year), (who, ["day", "user"], year),
        (who, ["month", "user", "model"], year), (who, ["room", "agent", "model"], year),
        (who, ["day", "room", "agent", "model"], year), (member, ["day", "model"], year),
        (who, ["room", "user"], year), (who, ["user", "agent", "purpose", "model"], year),
        (who, ["session", "room"], year), (who, ["turn", "user"], year),
        (who, ["day", "turn"], year), (who, ["day", "agent"], room),
        (who, ["session", "agent"], month), (who, ["turn"], agent),
        (who, ["session", "agent"], year),
    ]  # fmt: skip
    named = {
        id(EVERYTHING): "ever", id(year): "a year", id(month): "30 days", id(room): "a room",
        id(agent): "an agent",
    }  # fmt: skip
    for asker, groups, wanted in questions:
        taken = []
        for _ in range(1 + TIMES):
            began = perf_counter()
            async with db.transaction(who.workspace_id, snapshot=True) as conn:
                await report(conn, asker, groups, wanted)
            taken.append((perf_counter() - began) * 1000)
        name = f"{','.join(groups)} · {named[id(wanted)]} · {asker.role}"
        tell(f"{name:45} {statistics.median(taken[1:]):6.0f} ms   first {taken[0]:6.0f} ms")
    began = perf_counter()
    cursor, pages = None, 0
    while pages < 100:
        async with db.transaction(who.workspace_id) as conn:
            page = await list_calls(conn, who, limit=1000, cursor=cursor)
        cursor, pages = page["next_cursor"], pages + 1
    tell(f"calls as they are streamed: {100_000 / (perf_counter() - began):,.0f} a second")


def main() -> None:
    """Run the program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000_000)
    calls = parser.parse_args().calls
    with tempfile.TemporaryDirectory(prefix="pantheon-year-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        asyncio.run(measure(folder, calls, lambda line: print(line, flush=True)))


if __name__ == "__main__":
    sys.exit(main())
