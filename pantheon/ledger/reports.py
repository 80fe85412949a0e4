"""Reports: usage summed over groups, from the sums of whole days and the calls around them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.rows import class_row, dict_row

from pantheon.accounts.roles import Who
from pantheon.base import cursors
from pantheon.base.errors import INVALID
from pantheon.db.pool import Connection
from pantheon.ledger.usage import EVERYTHING, Filter, usage_shape

TIMES = ("day", "week", "month")
GROUPS = (*TIMES, "model", "agent", "room", "session", "turn", "purpose", "user")
LAST_OFFSET = 1_000_000
RANKED = ("session", "turn")

# The sums by what they tell apart, the smallest first.
KINDS = {
    "model": {"model", "purpose"},
    "user": {"user"},
    "room": {"room"},
    "agent": {"agent"},
    "day": {"user", "room", "agent", "purpose", "model"},
    "session": {"session", "user", "room"},
    "turn": {"turn", "session", "user", "room"},
}


@dataclass(frozen=True, slots=True)
class _Span:
    """Where a report is read: summed are the days from `first` to `end`, not included.

    Of them the months from `month_first` to `month_end` are summed as such. What lies before
    `first_at` and from `end_at` on is read call by call.
    """

    time_zone: str
    first: str
    end: str
    month_first: str
    month_end: str
    first_at: str
    end_at: str


async def report(
    conn: Connection,
    who: Who,
    group_by: Sequence[str],
    wanted: Filter = EVERYTHING,
    *,
    limit: int = 50,
    cursor: str | None = None,
) -> dict[str, Any]:
    """Return usage summed over each combination of `group_by`, which are names of GROUPS.

    Items are `{<group>: value, …, "usage": Usage}`; a value is `None` where a call has none (a test
    of a model has no room). Days, weeks (ISO 8601) and months are those of the workspace's time
    zone. Where a time stands first the newest come first, else the most expensive.
    Owners and admins see the workspace's, members their own. `conn` reads one snapshot: sums and
    calls of the same moment. Raises `validation_error` for a group that is not there or named
    twice.
    """
    unknown = [name for name in group_by if name not in GROUPS]
    if unknown or not group_by or len(set(group_by)) != len(group_by):
        raise INVALID(
            f"'group_by' names one or more of {', '.join(GROUPS)}, each once, not"
            f" '{','.join(group_by)}'."
        )
    skip = 0 if cursor is None else _offset(cursor)
    kind = _kind(who, group_by, wanted)
    span = await _span(conn, who, wanted, kind is not None)
    parameters = {
        **wanted.parameters(who),
        "kind": kind,
        "zone": span.time_zone,
        "first": span.first,
        "end": span.end,
        "month_first": span.month_first,
        "month_end": span.month_end,
        "first_at": span.first_at,
        "end_at": span.end_at,
        "limit": limit + 1,
        "skip": skip,
    }
    if kind in RANKED and list(group_by) == [kind]:
        found = await _dearest(conn, parameters)
    else:
        if kind != "day" or "day" in group_by or "week" in group_by:
            parameters |= {"month_first": span.first, "month_end": span.first}
        found = await _grouped(conn, group_by, parameters)
    items = [
        {
            **{name: row[name] for name in group_by},
            "usage": usage_shape(**{k: v for k, v in row.items() if k not in GROUPS}),
        }
        for row in found[:limit]
    ]
    return {
        "items": items,
        "next_cursor": cursors.encode(skip + limit) if len(found) > limit else None,
    }


def _kind(who: Who, group_by: Sequence[str], wanted: Filter) -> str | None:
    """Return the smallest sums that tell apart what is asked for; `None`: only the calls do."""
    given = wanted.parameters(who)
    needed = {name for name in group_by if name not in TIMES}
    needed |= {name for name in GROUPS if given.get(name) is not None}
    return next((kind for kind, tells in KINDS.items() if needed <= tells), None)


async def _span(conn: Connection, who: Who, wanted: Filter, summed: bool) -> _Span:
    async with conn.cursor(row_factory=class_row(_Span)) as cursor:
        await cursor.execute(
            """
            SELECT zone AS time_zone, first::text, d.end::text,
                CASE WHEN months THEN month_first ELSE first END::text AS month_first,
                CASE WHEN months THEN month_end ELSE first END::text AS month_end,
                day_begins(first, zone)::text AS first_at,
                day_begins(d.end, zone)::text AS end_at
            FROM (
                SELECT w.time_zone AS zone, coalesce(%(since)s, timestamptz '-infinity') AS since,
                    coalesce(%(until)s, timestamptz 'infinity') AS until, m.day AS marked
                FROM workspaces w
                LEFT JOIN usage_marks m ON m.workspace_id = w.id AND m.time_zone = w.time_zone
                    AND %(summed)s
                WHERE w.id = %(workspace)s
            ) asked
            CROSS JOIN LATERAL (
                SELECT CASE WHEN day_begins(since_day, zone) >= since THEN since_day
                            ELSE since_day + 1 END AS whole,
                    least(coalesce(marked, '-infinity'), (until AT TIME ZONE zone)::date) AS over
                FROM (SELECT (since AT TIME ZONE zone)::date AS since_day) s
            ) w
            CROSS JOIN LATERAL (
                SELECT whole AS first, greatest(whole, over) AS end
            ) d
            CROSS JOIN LATERAL (
                SELECT CASE WHEN date_trunc('month', first) = first THEN first
                            ELSE (date_trunc('month', first) + interval '1 month')::date
                       END AS month_first,
                    date_trunc('month', d.end)::date AS month_end
            ) m
            CROSS JOIN LATERAL (SELECT month_first < month_end AS months) b
            """,
            {
                "workspace": who.workspace_id,
                "since": wanted.since,
                "until": wanted.until,
                "summed": summed,
            },
        )
        span = await cursor.fetchone()
    assert span is not None
    return span


async def _grouped(
    conn: Connection, group_by: Sequence[str], parameters: dict[str, Any]
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
                WHERE workspace_id = %(workspace)s AND (
                    kind = %(kind)s AND day >= %(first)s AND day < %(month_first)s
                    OR kind = 'month' AND day >= %(month_first)s AND day < %(month_end)s
                    OR kind = %(kind)s AND day >= %(month_end)s AND day < %(end)s
                )
                UNION ALL
                SELECT 'call', (created_at AT TIME ZONE %(zone)s)::date, user_id, room_id,
                    agent_key, purpose, model, session_id, turn_id, 1,
                    (cost_usd IS NULL AND outcome <> 'lost')::int, input_tokens,
                    cached_input_tokens, output_tokens, reasoning_tokens, coalesce(cost_usd, 0),
                    charged_microcredits, estimated
                FROM llm_call_events
                WHERE workspace_id = %(workspace)s
                  AND created_at >= coalesce(%(since)s, timestamptz '-infinity')
                  AND created_at < coalesce(%(until)s, timestamptz 'infinity')
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
                "by_time": group_by[0] in TIMES,
            },
            prepare=False,
        )
        return await rows.fetchall()


async def _dearest(conn: Connection, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    """Rank sessions or turns by what they cost, without looking at all of them.

    Most have one row among the sums and no other call: an index ranks those. The others, with rows
    of several days or with calls that are not summed yet, are few and are put together.
    """
    async with conn.cursor(row_factory=dict_row) as rows:
        await rows.execute(
            """
            WITH calls AS (
                SELECT CASE WHEN %(kind)s = 'turn' THEN turn_id ELSE session_id END AS id,
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
                  AND created_at >= coalesce(%(since)s, timestamptz '-infinity')
                  AND created_at < coalesce(%(until)s, timestamptz 'infinity')
                  AND (created_at < %(first_at)s::timestamptz OR created_at >= %(end_at)s)
                  AND (%(user)s::uuid IS NULL OR user_id = %(user)s)
                  AND (%(room)s::uuid IS NULL OR room_id = %(room)s)
                  AND (%(session)s::uuid IS NULL OR session_id = %(session)s)
                  AND (%(turn)s::uuid IS NULL OR turn_id = %(turn)s)
                GROUP BY 1
            ), sums AS NOT MATERIALIZED (
                SELECT CASE WHEN %(kind)s = 'turn' THEN turn_id ELSE session_id END AS id, alone,
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
                SELECT id, calls, unpriced_calls, input_tokens, cached_input_tokens, output_tokens,
                    reasoning_tokens, cost_usd, charged_microcredits, estimated
                FROM sums
                WHERE alone AND id NOT IN (SELECT id FROM calls WHERE id IS NOT NULL)
                ORDER BY cost_usd DESC, input_tokens + output_tokens DESC, id
                LIMIT %(limit)s + %(skip)s
            ), parts AS (
                SELECT * FROM calls
                UNION ALL
                SELECT id, calls, unpriced_calls, input_tokens, cached_input_tokens, output_tokens,
                    reasoning_tokens, cost_usd, charged_microcredits, estimated
                FROM sums WHERE NOT alone
                UNION ALL
                SELECT s.id, s.calls, s.unpriced_calls, s.input_tokens, s.cached_input_tokens,
                    s.output_tokens, s.reasoning_tokens, s.cost_usd, s.charged_microcredits,
                    s.estimated
                FROM calls c JOIN sums s ON s.id = c.id WHERE s.alone
            ), whole AS (
                SELECT id, calls, unpriced_calls, input_tokens, cached_input_tokens, output_tokens,
                    reasoning_tokens, cost_usd, charged_microcredits, estimated
                FROM ranked
                UNION ALL
                SELECT id, sum(calls), sum(unpriced_calls), sum(input_tokens),
                    sum(cached_input_tokens), sum(output_tokens), sum(reasoning_tokens),
                    sum(cost_usd), sum(charged_microcredits), bool_or(estimated)
                FROM parts GROUP BY id
            )
            SELECT id::text AS session, id::text AS turn, calls::bigint, unpriced_calls::bigint,
                input_tokens::bigint, cached_input_tokens::bigint, output_tokens::bigint,
                reasoning_tokens::bigint, cost_usd, charged_microcredits::bigint, estimated
            FROM whole
            ORDER BY cost_usd DESC, whole.input_tokens + whole.output_tokens DESC, id
            LIMIT %(limit)s OFFSET %(skip)s
            """,
            parameters,
            prepare=False,
        )
        return await rows.fetchall()


def _offset(cursor: str) -> int:
    (offset,) = cursors.decode(cursor, 1)
    if not isinstance(offset, int) or not 0 <= offset <= LAST_OFFSET:
        raise cursors.not_ours()
    return offset
