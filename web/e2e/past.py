"""Calls of the last month, for pictures: a new server has only those of the last minute."""

import asyncio
import subprocess
import sys
from pathlib import Path

import psycopg

from pantheon.ops.embedded import embedded

from .server import Pantheon

DAYS = 30
SIZE = 25
"""The fake models say a sentence; what is copied is as large as an answer."""


def spread_calls(pantheon: Pantheon) -> None:
    """Copy the server's calls to the last days, fewer to Saturdays and Sundays.

    Only for a server that is photographed and thrown away: nobody writes to a ledger otherwise.
    """
    # In a process of its own: the browser's driver has the loop of this one.
    command = [sys.executable, "-m", "web.e2e.past", str(pantheon.data_dir)]
    subprocess.run(command, cwd=Path(__file__).parents[2], check=True)


async def _spread(data_dir: Path) -> None:
    async with (
        embedded(data_dir / "postgres") as server,
        await psycopg.AsyncConnection.connect(server.admin_url) as conn,
    ):
        # The copies have no attempts.
        await conn.execute("SET session_replication_role = replica")
        await conn.execute(
            """
            INSERT INTO llm_call_events
            SELECT (jsonb_populate_record(e, jsonb_build_object(
                'attempt_id', gen_random_uuid(),
                'created_at', at.moment,
                'input_tokens', e.input_tokens * %(size)s,
                'output_tokens', e.output_tokens * %(size)s,
                'cached_input_tokens', e.cached_input_tokens * %(size)s,
                'cost_usd', e.cost_usd * %(size)s,
                'charged_microcredits', e.charged_microcredits * %(size)s
            ))).*
            FROM llm_call_events e
            CROSS JOIN generate_series(0, %(days)s) AS day
            CROSS JOIN generate_series(1, 3) AS time
            CROSS JOIN LATERAL (
                SELECT e.created_at - make_interval(days => day) AS moment
            ) at
            WHERE abs(hashtext(e.agent_key || '.' || e.input_tokens || '.' || day || '.' || time))
                  %% 100 < CASE WHEN extract(isodow FROM at.moment) > 5 THEN 12 ELSE 60 END
            """,
            {"size": SIZE, "days": DAYS - 1},
        )


if __name__ == "__main__":
    asyncio.run(_spread(Path(sys.argv[1])))
