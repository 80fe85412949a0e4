"""A ledger with a past: call events over many days, made by the database itself.

`tests/ledger/year.py` measures what reports take beside a year of it.
"""

import psycopg

from pantheon.accounts.roles import Who
from pantheon.ops.embedded import Server

# Sessions of some twenty calls, turns of two; a twentieth of the sessions goes on for weeks. `n`
# runs through the past, so that the calls of a session and of a turn lie side by side.
CALLS = """
    INSERT INTO llm_call_events (workspace_id, attempt_id, user_id, room_id, session_id, turn_id,
        number, purpose, agent_key, provider, model, outcome, sent, input_tokens,
        cached_input_tokens, output_tokens, reasoning_tokens, estimated, cost_usd,
        charged_microcredits, request_sha256, created_at)
    SELECT %(workspace)s, gen_random_uuid(),
        CASE WHEN c.who %% 10 = 0 THEN %(user)s ELSE md5('user ' || c.who)::uuid END,
        CASE WHEN c.test THEN NULL ELSE md5('room ' || c.who || c.session %% 3)::uuid END,
        CASE WHEN c.test THEN NULL ELSE md5('session ' || c.session)::uuid END,
        CASE WHEN c.test THEN NULL ELSE md5('turn ' || c.session || c.turn)::uuid END,
        1, CASE WHEN c.test THEN 'test' WHEN c.n %% 7 = 0 THEN 'route' ELSE 'answer' END,
        'agent' || c.n %% 4, 'lab', 'lab/m' || c.n %% 4 + c.who %% 3,
        CASE WHEN c.n %% 100 = 0 THEN 'lost' ELSE 'completed' END, true,
        c.size, c.size / 3, c.size / 5, c.size / 20, c.n %% 50 = 0,
        CASE WHEN c.n %% 40 = 0 THEN NULL ELSE c.size * 0.000001 + c.n %% 11 * 0.000000001 END,
        CASE WHEN c.n %% 40 = 0 THEN 0 ELSE c.size END, '\\x00', c.at
    FROM (
        SELECT n, n %% 97 = 0 AS test,
            CASE WHEN n / 20 %% 20 = 0 THEN n / 2000 * 100 ELSE n / 20 END AS session,
            n / 2 AS turn,
            (CASE WHEN n / 20 %% 20 = 0 THEN n / 2000 ELSE n / 20 END * 7919) %% %(users)s AS who,
            (n * 7907 + 13) %% 5003 + 40 AS size,
            now() - make_interval(days => %(days)s) * (1 - n::float8 / %(calls)s) AS at
        FROM generate_series(0, %(calls)s::bigint - 1) AS n
    ) c
"""


def make_history(server: Server, who: Who, *, calls: int, days: int, users: int = 12) -> None:
    """Put `calls` closed requests of the last `days` into the ledger, past its references."""
    with psycopg.connect(server.admin_url) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute(
            CALLS.encode(),
            {
                "workspace": who.workspace_id,
                "user": who.user_id,
                "calls": calls,
                "days": days,
                "users": users,
            },
        )
