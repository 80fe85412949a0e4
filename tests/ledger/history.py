"""A ledger with a past: call events over many days, made by the database itself.

`tests/ledger/year.py` measures what reports take beside a year of it.
"""

import psycopg

from pantheon.accounts.roles import Who
from pantheon.ops.embedded import Server

# Sessions of twenty calls, turns of two; a twentieth of the calls is of sessions of a hundred calls
# that go on for two weeks. `n` runs through the past, so that the calls of a session and of a turn
# lie side by side, and ids sort by the time they were made, as ours do.
CALLS = """
    INSERT INTO llm_call_events (workspace_id, attempt_id, user_id, room_id, session_id, turn_id,
        number, purpose, agent_key, provider, model, outcome, sent, input_tokens,
        cached_input_tokens, output_tokens, reasoning_tokens, estimated, cost_usd,
        charged_microcredits, request_sha256, created_at)
    SELECT %(workspace)s, pg_temp.made(c.n, 'call'),
        CASE WHEN c.who %% 10 = 0 THEN %(user)s ELSE md5('user ' || c.who)::uuid END,
        CASE WHEN c.test THEN NULL ELSE md5('room ' || c.who || c.session %% 3)::uuid END,
        CASE WHEN c.test THEN NULL ELSE pg_temp.made(c.begun, 'session' || c.session) END,
        CASE WHEN c.test THEN NULL ELSE pg_temp.made(c.n / 2 * 2, 'turn') END,
        1, CASE WHEN c.test THEN 'test' WHEN c.n %% 7 = 0 THEN 'route' ELSE 'answer' END,
        'agent' || c.n %% 4, 'lab', 'lab/m' || c.n %% 4 + c.who %% 3,
        CASE WHEN c.n %% 100 = 0 THEN 'lost' ELSE 'completed' END, true,
        c.size, c.size / 3, c.size / 5, c.size / 20, c.n %% 50 = 0,
        CASE WHEN c.n %% 40 = 0 THEN NULL ELSE c.size * 0.000001 + c.n %% 11 * 0.000000001 END,
        CASE WHEN c.n %% 40 = 0 THEN 0 ELSE c.size END, '\\x00', pg_temp.moment(c.n)
    FROM (
        SELECT n, n %% 97 = 0 AS test, s.session, s.begun,
            (s.session * 7919) %% %(users)s AS who, (n * 7907 + 13) %% 5003 + 40 AS size
        FROM generate_series(0, %(calls)s::bigint - 1) AS n
        CROSS JOIN LATERAL (
            SELECT CASE WHEN n / 20 %% 20 = 0
                THEN n / %(weeks)s * %(weeks)s + n / 400 %% greatest(%(weeks)s / 2000, 1)
                ELSE n / 20 END AS session,
                CASE WHEN n / 20 %% 20 = 0 THEN n / %(weeks)s * %(weeks)s ELSE n / 20 * 20 END
                    AS begun
        ) s
    ) c
"""

# When the n-th call was made, and an id of that moment that is always the same for a key.
FUNCTIONS = """
    CREATE FUNCTION pg_temp.moment(n bigint) RETURNS timestamptz STABLE LANGUAGE sql AS
    $$ SELECT now() - make_interval(days => {days}) * (1 - n::float8 / {calls}) $$;
    CREATE FUNCTION pg_temp.made(n bigint, key text) RETURNS uuid STABLE LANGUAGE sql AS
    $$ SELECT (lpad(to_hex((extract(epoch FROM pg_temp.moment(n)) * 1000)::bigint), 12, '0')
        || '7' || left(m, 3) || '8' || right(m, 15))::uuid FROM md5(key || n) AS m $$
"""


def make_history(server: Server, who: Who, *, calls: int, days: int, users: int = 12) -> None:
    """Put `calls` closed requests of the last `days` into the ledger, past its references."""
    with psycopg.connect(server.admin_url) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute(FUNCTIONS.format(days=days, calls=calls).encode())
        admin.execute(
            CALLS.encode(),
            {
                "workspace": who.workspace_id,
                "user": who.user_id,
                "calls": calls,
                "days": days,
                "users": users,
                "weeks": max(1, calls * 14 // days // 400) * 400,
            },
        )
