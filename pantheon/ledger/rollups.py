"""Sums of call events over days that are over, made by the sweep: what reports are read from.

A day is one of the workspace's time zone. `usage_marks` holds the first day that is not summed; the
calls from there on are read from the ledger itself, so that a report is exact at any moment and the
transaction that closes a call knows nothing of it.
"""

from dataclasses import asdict, dataclass
from uuid import UUID

from psycopg import sql
from psycopg.rows import class_row

from pantheon.db.pool import Connection

SETTLING = "1 hour"
"""How long a day has to be over, in case a clock was set back."""


SUMMING_MEMORY = "64MB"
"""What a sort or a table of sums may take: the calls of a large month would go to the disk."""

MANY, PART = 10_000, 10
"""Of so many new rows the planner is told at once, and of a tenth of those that it knows of."""


@dataclass(frozen=True, slots=True)
class _Mark:
    """Where the sums end, the day up to which they could go now, and what has to be waited for."""

    day: str
    end: str
    zone_changed: bool
    begun: bool
    settled: bool | None


@dataclass(frozen=True, slots=True)
class _Piece:
    """Days to sum, `begin` included and `end` not, and when those begin in the time zone."""

    begin: str
    end: str
    zone: str
    begin_at: str
    end_at: str


async def due(conn: Connection, limit: int) -> list[UUID]:
    """Return workspaces that have days to sum. Needs the sweep role."""
    cursor = await conn.execute(
        """
        SELECT w.id FROM workspaces w
        LEFT JOIN usage_marks m ON m.workspace_id = w.id
        WHERE m.workspace_id IS NULL OR m.time_zone <> w.time_zone
           OR m.day < ((clock_timestamp() - %(settling)s::interval) AT TIME ZONE w.time_zone)::date
        ORDER BY m.day NULLS FIRST LIMIT %(limit)s
        """,
        {"settling": SETTLING, "limit": limit},
    )
    return [row[0] for row in await cursor.fetchall()]


async def advance(conn: Connection, workspace_id: UUID) -> bool:
    """Sum the days that are over, a month of them at most; tells whether more could be done.

    The first call for a day only notes which transactions may still write: a later one sums when
    all of them have ended. A call event takes its time after its transaction has its number, so
    that nothing can come into a day that is summed.
    """
    mark = await _lock_mark(conn, workspace_id)
    if mark.zone_changed:
        await forget(conn, workspace_id)
        return True
    if mark.day >= mark.end and mark.day != "-infinity":
        return False
    if not mark.begun:
        await _note_writers(conn, workspace_id, mark.end)
        return True
    if not mark.settled:
        return False
    piece = await _piece(conn, workspace_id, mark)
    if piece.begin < piece.end:
        span = {"workspace": workspace_id, **asdict(piece)}
        await conn.execute("SELECT set_config('work_mem', %s, true)", (SUMMING_MEMORY,))
        await _tell_planner(conn, await _sum_days(conn, span))
        await _sum_months(conn, span)
        await _mark_split(conn, span)
    await conn.execute(
        "UPDATE usage_marks SET day = %(day)s WHERE workspace_id = %(workspace)s",
        {"workspace": workspace_id, "day": piece.end},
    )
    return piece.end < mark.end


async def complete(conn: Connection, workspace_id: UUID) -> bool:
    """Tell whether every day that is over is summed."""
    mark = await _lock_mark(conn, workspace_id)
    return not mark.zone_changed and mark.day == mark.end


async def forget(conn: Connection, workspace_id: UUID) -> None:
    """Drop a workspace's sums: reports read its call events until they are made again."""
    for statement in (
        "DELETE FROM usage_rollups WHERE workspace_id = %(workspace)s",
        "DELETE FROM usage_marks WHERE workspace_id = %(workspace)s",
    ):
        await conn.execute(statement, {"workspace": workspace_id})


async def _lock_mark(conn: Connection, workspace_id: UUID) -> _Mark:
    """Return the mark, which is this transaction's now: two sweeps do not sum the same day."""
    await conn.execute(
        """
        INSERT INTO usage_marks (workspace_id, time_zone)
        SELECT id, time_zone FROM workspaces WHERE id = %(workspace)s
        ON CONFLICT (workspace_id) DO NOTHING
        """,
        {"workspace": workspace_id},
    )
    async with conn.cursor(row_factory=class_row(_Mark)) as cursor:
        await cursor.execute(
            """
            SELECT m.day::text, e.day::text AS end, m.time_zone <> w.time_zone AS zone_changed,
                m.closing_day IS NOT DISTINCT FROM e.day AS begun,
                pg_snapshot_xmin(pg_current_snapshot()) > m.closing_xid AS settled
            FROM usage_marks m
            JOIN workspaces w ON w.id = m.workspace_id
            CROSS JOIN LATERAL (
                SELECT ((clock_timestamp() - %(settling)s::interval)
                    AT TIME ZONE w.time_zone)::date AS day
            ) e
            WHERE m.workspace_id = %(workspace)s
            FOR UPDATE OF m
            """,
            {"workspace": workspace_id, "settling": SETTLING},
        )
        mark = await cursor.fetchone()
    assert mark is not None
    return mark


async def _note_writers(conn: Connection, workspace_id: UUID, end: str) -> None:
    await conn.execute(
        """
        UPDATE usage_marks
        SET closing_day = %(end)s, closing_xid = pg_current_xact_id()
        WHERE workspace_id = %(workspace)s
        """,
        {"workspace": workspace_id, "end": end},
    )


async def _piece(conn: Connection, workspace_id: UUID, mark: _Mark) -> _Piece:
    """Return the days to sum now: never of two months."""
    async with conn.cursor(row_factory=class_row(_Piece)) as cursor:
        await cursor.execute(
            """
            SELECT d.begin::text, d.end::text, zone, day_begins(d.begin, zone)::text AS begin_at,
                day_begins(d.end, zone)::text AS end_at
            FROM (
                SELECT m.time_zone AS zone, least(%(end)s::date, CASE
                    WHEN m.day > '-infinity' THEN m.day
                    ELSE (e.created_at AT TIME ZONE m.time_zone)::date END) AS begin
                FROM usage_marks m
                LEFT JOIN LATERAL (
                    SELECT min(created_at) AS created_at FROM llm_call_events
                    WHERE workspace_id = m.workspace_id AND m.day = '-infinity'
                ) e ON true
                WHERE m.workspace_id = %(workspace)s
            ) begins
            CROSS JOIN LATERAL (
                SELECT begins.begin, least(%(end)s::date,
                    (date_trunc('month', begins.begin) + interval '1 month')::date) AS end
            ) d
            """,
            {"workspace": workspace_id, "end": mark.end},
        )
        piece = await cursor.fetchone()
    assert piece is not None
    return piece


async def _sum_days(conn: Connection, span: dict[str, object]) -> int:
    """Sum call events per day, once over all they are told by and once over each alone.

    Returns how many rows that made.
    """
    made = await conn.execute(
        """
        INSERT INTO usage_rollups (workspace_id, kind, day, user_id, room_id, agent_key, purpose,
            model, session_id, turn_id, alone, calls, unpriced_calls, input_tokens,
            cached_input_tokens, output_tokens, reasoning_tokens, cost_usd, charged_microcredits,
            estimated)
        SELECT %(workspace)s,
            CASE grouping(user_id, room_id, agent_key, purpose, model, session_id, turn_id)
                WHEN 3 THEN 'day' WHEN 115 THEN 'model' WHEN 63 THEN 'user' WHEN 95 THEN 'room'
                WHEN 111 THEN 'agent' WHEN 29 THEN 'session' WHEN 28 THEN 'turn'
            END,
            day, user_id, room_id, agent_key, purpose, model, session_id, turn_id,
            CASE WHEN grouping(turn_id) = 0 THEN turn_id IS NOT NULL
                 ELSE session_id IS NOT NULL END,
            count(*), count(*) FILTER (WHERE cost_usd IS NULL AND outcome <> 'lost'),
            sum(input_tokens), sum(cached_input_tokens), sum(output_tokens),
            sum(reasoning_tokens), coalesce(sum(cost_usd), 0), sum(charged_microcredits),
            bool_or(estimated)
        FROM (
            SELECT *, (created_at AT TIME ZONE %(zone)s)::date AS day FROM llm_call_events
            WHERE workspace_id = %(workspace)s
              AND created_at >= %(begin_at)s AND created_at < %(end_at)s
        ) calls
        GROUP BY GROUPING SETS (
            (day, user_id, room_id, agent_key, purpose, model), (day, purpose, model),
            (day, user_id), (day, room_id), (day, agent_key),
            (day, user_id, room_id, session_id), (day, user_id, room_id, session_id, turn_id)
        )
        """,
        span,
        prepare=False,
    )
    return made.rowcount


async def _tell_planner(conn: Connection, made: int) -> None:
    """Have the next statements planned by what is there now, as after any load."""
    await conn.execute(
        """
        SELECT analyze_usage_rollups() FROM pg_class
        WHERE oid = 'usage_rollups'::regclass
          AND %(made)s > least(%(many)s, greatest(reltuples, 0) / %(part)s)
        """,
        {"made": made, "many": MANY, "part": PART},
    )


async def _sum_months(conn: Connection, span: dict[str, object]) -> None:
    """Sum the days of a month that is over now."""
    await conn.execute(
        """
        INSERT INTO usage_rollups (workspace_id, kind, monthly, day, user_id, room_id, agent_key,
            purpose, model, alone, calls, unpriced_calls, input_tokens, cached_input_tokens,
            output_tokens, reasoning_tokens, cost_usd, charged_microcredits, estimated)
        SELECT workspace_id, kind, true, date_trunc('month', %(begin)s::date)::date, user_id,
            room_id, agent_key, purpose, model, false, sum(calls), sum(unpriced_calls),
            sum(input_tokens), sum(cached_input_tokens), sum(output_tokens), sum(reasoning_tokens),
            sum(cost_usd), sum(charged_microcredits), bool_or(estimated)
        FROM usage_rollups
        WHERE workspace_id = %(workspace)s AND kind IN ('day', 'model', 'user', 'room', 'agent')
          AND NOT monthly AND day >= date_trunc('month', %(begin)s::date) AND day < %(end)s::date
          AND date_trunc('month', %(end)s::date) = %(end)s::date
        GROUP BY workspace_id, kind, user_id, room_id, agent_key, purpose, model
        """,
        span,
        prepare=False,
    )


async def _mark_split(conn: Connection, span: dict[str, object]) -> None:
    """Note which sessions and turns have more than one row: they are not ranked by one alone."""
    for kind in ("session", "turn"):
        await conn.execute(
            sql.SQL(
                """
                UPDATE usage_rollups r SET alone = false
                FROM (
                    SELECT {id} FROM usage_rollups
                    WHERE workspace_id = %(workspace)s AND kind = {kind} AND {id} IN (
                        SELECT {id} FROM usage_rollups
                        WHERE workspace_id = %(workspace)s AND kind = {kind}
                          AND day >= %(begin)s AND day < %(end)s
                    )
                    GROUP BY {id} HAVING count(*) > 1
                ) split
                WHERE r.workspace_id = %(workspace)s AND r.kind = {kind} AND r.alone
                  AND r.{id} = split.{id}
                """
            ).format(kind=sql.Literal(kind), id=sql.Identifier(f"{kind}_id")),
            span,
            prepare=False,
        )
