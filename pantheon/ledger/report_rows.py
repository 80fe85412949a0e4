"""The statements of reports: sums of whole days and the calls around them, put together."""

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg.rows import dict_row

from pantheon.db.pool import Connection

TIMES = ("day", "week", "month")
GROUPS = (*TIMES, "model", "agent", "room", "session", "turn", "purpose", "user")


async def grouped(
    conn: Connection, group_by: Sequence[str], parameters: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Sum over any groups. A key that is not asked for is a constant by the time it is planned."""
    async with conn.cursor(row_factory=dict_row) as rows:
        await rows.execute(
            """
            WITH found AS (
                SELECT kind, day, user_id, room_id, agent_key, purpose, model, session_id, turn_id,
                    calls, unpriced_calls, input_tokens, cached_input_tokens, output_tokens,
                    reasoning_tokens, cost_usd, charged_microcredits, estimated
                FROM usage_rollups
                WHERE workspace_id = %(workspace)s AND kind = %(kind)s AND (
                    NOT monthly AND day >= %(first)s AND day < %(month_first)s
                    OR monthly AND day >= %(month_first)s AND day < %(month_end)s
                    OR NOT monthly AND day >= %(month_end)s AND day < %(end)s
                )
                UNION ALL
                SELECT 'call', (created_at AT TIME ZONE %(zone)s)::date, user_id, room_id,
                    agent_key, purpose, model, session_id, turn_id, 1,
                    (cost_usd IS NULL AND outcome <> 'lost')::int, input_tokens,
                    cached_input_tokens, output_tokens, reasoning_tokens, coalesce(cost_usd, 0),
                    charged_microcredits, estimated
                FROM llm_call_events
                WHERE workspace_id = %(workspace)s
                  AND created_at >= %(since)s AND created_at < %(until)s
                  AND (created_at < %(first_at)s::timestamptz OR created_at >= %(end_at)s)
                  AND (%(session)s::uuid IS NULL OR created_at >= coalesce((
                      SELECT s.created_at FROM sessions s
                      WHERE s.workspace_id = %(workspace)s AND s.id = %(session)s
                  ), timestamptz '-infinity'))
            ), sums AS (
                SELECT CASE WHEN %(by_day)s THEN day END AS day,
                    CASE WHEN %(by_week)s THEN date_trunc('week', day) END AS week,
                    CASE WHEN %(by_month)s THEN date_trunc('month', day) END AS month,
                    CASE WHEN %(by_model)s THEN model END AS model,
                    CASE WHEN %(by_agent)s THEN agent_key END AS agent,
                    CASE WHEN %(by_room)s THEN room_id END AS room,
                    CASE WHEN %(by_session)s THEN session_id END AS session,
                    CASE WHEN %(by_turn)s THEN turn_id END AS turn,
                    CASE WHEN %(by_purpose)s THEN purpose END AS purpose,
                    CASE WHEN %(by_user)s THEN user_id END AS user_id,
                    sum(calls)::bigint AS calls, sum(unpriced_calls)::bigint AS unpriced_calls,
                    sum(input_tokens)::bigint AS input_tokens,
                    sum(cached_input_tokens)::bigint AS cached_input_tokens,
                    sum(output_tokens)::bigint AS output_tokens,
                    sum(reasoning_tokens)::bigint AS reasoning_tokens,
                    sum(cost_usd) AS cost_usd,
                    sum(charged_microcredits)::bigint AS charged_microcredits,
                    bool_or(estimated) AS estimated
                FROM found
                WHERE (%(user)s::uuid IS NULL OR user_id = %(user)s)
                  AND (%(room)s::uuid IS NULL OR room_id = %(room)s)
                  AND (%(agent)s::text IS NULL OR agent_key = %(agent)s)
                  AND (%(session)s::uuid IS NULL OR session_id = %(session)s)
                  AND (%(turn)s::uuid IS NULL OR turn_id = %(turn)s)
                  AND (%(purpose)s::text IS NULL OR purpose = %(purpose)s)
                  AND (%(model)s::text IS NULL OR model = %(model)s)
                GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
            )
            SELECT to_char(day, 'YYYY-MM-DD') AS day, to_char(week, 'IYYY-"W"IW') AS week,
                to_char(month, 'YYYY-MM') AS month, model, agent, room::text, session::text,
                turn::text, purpose, user_id::text AS user, calls, unpriced_calls, input_tokens,
                cached_input_tokens, output_tokens, reasoning_tokens, cost_usd,
                charged_microcredits, estimated
            FROM sums
            ORDER BY CASE WHEN %(by_time)s THEN sums.month END DESC,
                CASE WHEN %(by_time)s THEN sums.week END DESC,
                CASE WHEN %(by_time)s THEN sums.day END DESC,
                cost_usd DESC, input_tokens + output_tokens DESC,
                sums.day, sums.week, sums.month, model, agent, room, session, turn, purpose, user_id
            LIMIT %(limit)s OFFSET %(skip)s
            """,
            {
                **parameters,
                **{f"by_{name}": name in group_by for name in GROUPS},
                "by_time": any(name in TIMES for name in group_by),
            },
            prepare=False,
        )
        return await rows.fetchall()


async def dearest(
    conn: Connection, group_by: Sequence[str], parameters: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Rank sessions or turns by what they cost, without looking at all of them.

    Most have one row among the sums and no other call: an index ranks those. The others, with rows
    of several days or with calls that are not summed yet, are few and are put together.
    """
    async with conn.cursor(row_factory=dict_row) as rows:
        await rows.execute(
            """
            WITH calls AS (
                SELECT CASE WHEN %(kind)s = 'turn' THEN turn_id ELSE session_id END AS id,
                    CASE WHEN %(by_session)s THEN session_id END AS session_id,
                    CASE WHEN %(by_room)s THEN room_id END AS room_id,
                    CASE WHEN %(by_user)s THEN user_id END AS user_id,
                    count(*) AS calls,
                    count(*) FILTER (WHERE cost_usd IS NULL AND outcome <> 'lost')
                        AS unpriced_calls,
                    sum(input_tokens) AS input_tokens,
                    sum(cached_input_tokens) AS cached_input_tokens,
                    sum(output_tokens) AS output_tokens, sum(reasoning_tokens) AS reasoning_tokens,
                    coalesce(sum(cost_usd), 0) AS cost_usd,
                    sum(charged_microcredits) AS charged_microcredits,
                    bool_or(estimated) AS estimated
                FROM llm_call_events
                WHERE workspace_id = %(workspace)s
                  AND created_at >= %(since)s AND created_at < %(until)s
                  AND (created_at < %(first_at)s::timestamptz OR created_at >= %(end_at)s)
                  AND (%(user)s::uuid IS NULL OR user_id = %(user)s)
                  AND (%(room)s::uuid IS NULL OR room_id = %(room)s)
                  AND (%(session)s::uuid IS NULL OR session_id = %(session)s)
                  AND (%(turn)s::uuid IS NULL OR turn_id = %(turn)s)
                GROUP BY 1, 2, 3, 4
            ), sums AS NOT MATERIALIZED (
                SELECT CASE WHEN %(kind)s = 'turn' THEN turn_id ELSE session_id END AS id,
                    CASE WHEN %(by_session)s THEN session_id END AS session_id,
                    CASE WHEN %(by_room)s THEN room_id END AS room_id,
                    CASE WHEN %(by_user)s THEN user_id END AS user_id, alone,
                    calls, unpriced_calls, input_tokens, cached_input_tokens, output_tokens,
                    reasoning_tokens, cost_usd, charged_microcredits, estimated
                FROM usage_rollups
                WHERE workspace_id = %(workspace)s AND kind = %(kind)s
                  AND kind IN ('session', 'turn') AND day >= %(first)s AND day < %(end)s
                  AND (%(user)s::uuid IS NULL OR user_id = %(user)s)
                  AND (%(room)s::uuid IS NULL OR room_id = %(room)s)
                  AND (%(session)s::uuid IS NULL OR session_id = %(session)s)
                  AND (%(turn)s::uuid IS NULL OR turn_id = %(turn)s)
            ), ranked AS (
                SELECT id, session_id, room_id, user_id, calls, unpriced_calls, input_tokens,
                    cached_input_tokens, output_tokens, reasoning_tokens, cost_usd,
                    charged_microcredits, estimated
                FROM sums
                WHERE alone AND id NOT IN (SELECT id FROM calls WHERE id IS NOT NULL)
                ORDER BY cost_usd DESC, input_tokens + output_tokens DESC, id
                LIMIT %(limit)s + %(skip)s
            ), parts AS (
                SELECT * FROM calls
                UNION ALL
                SELECT id, session_id, room_id, user_id, calls, unpriced_calls, input_tokens,
                    cached_input_tokens, output_tokens, reasoning_tokens, cost_usd,
                    charged_microcredits, estimated
                FROM sums
                WHERE NOT alone
                UNION ALL
                SELECT id, session_id, room_id, user_id, calls, unpriced_calls, input_tokens,
                    cached_input_tokens, output_tokens, reasoning_tokens, cost_usd,
                    charged_microcredits, estimated
                FROM sums
                WHERE alone AND id IN (SELECT id FROM calls)
            ), whole AS (
                SELECT * FROM ranked
                UNION ALL
                SELECT id, session_id, room_id, user_id, sum(calls), sum(unpriced_calls),
                    sum(input_tokens), sum(cached_input_tokens), sum(output_tokens),
                    sum(reasoning_tokens), sum(cost_usd), sum(charged_microcredits),
                    bool_or(estimated)
                FROM parts GROUP BY 1, 2, 3, 4
            )
            SELECT CASE WHEN %(kind)s = 'turn' THEN session_id ELSE id END::text AS session,
                id::text AS turn, room_id::text AS room, user_id::text AS user, calls::bigint,
                unpriced_calls::bigint, input_tokens::bigint, cached_input_tokens::bigint,
                output_tokens::bigint, reasoning_tokens::bigint, cost_usd,
                charged_microcredits::bigint, estimated
            FROM whole
            ORDER BY cost_usd DESC, whole.input_tokens + whole.output_tokens DESC, id,
                session_id, room_id, user_id
            LIMIT %(limit)s OFFSET %(skip)s
            """,
            {**parameters, **{f"by_{name}": name in group_by for name in GROUPS}},
            prepare=False,
        )
        return await rows.fetchall()
