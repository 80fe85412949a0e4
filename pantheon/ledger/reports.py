"""Reports: usage summed over groups, from the sums of whole days and the calls around them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from psycopg.rows import class_row

from pantheon.accounts.roles import Who
from pantheon.base import cursors
from pantheon.base.errors import INVALID
from pantheon.db.pool import Connection
from pantheon.ledger.report_rows import GROUPS, TIMES, dearest, grouped
from pantheon.ledger.usage import EVERYTHING, Filter, usage_shape

LAST_OFFSET = 1_000_000
RANKED = ("session", "turn")
UNITS = ("day", "month", "week")
"""By which of its times a report is read from the newest on: the first of these that it has."""
WIDER, WIDEST = 8, 64
"""How many times as many units are read after those that had too little, and the most."""

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
    """Where a report is read: from `since` to `until`, not included.

    Summed are the days from `first` to `end`, of them the months from `month_first` to `month_end`
    as such. What lies before `first_at` and from `end_at` on is read call by call.
    """

    zone: str
    since: str
    until: str
    first: str
    end: str
    month_first: str
    month_end: str
    first_at: str
    end_at: str


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a report's time, in local days: `begin` included, `end` not, `None` without."""

    begin: date | None
    end: date | None


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
    zone. Where there is a time among the groups the newest come first, else the most expensive.
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
    unit = next((name for name in UNITS if name in group_by), None)
    if unit is None:
        skip = 0 if cursor is None else _offset(*cursors.decode(cursor, 1))
        found = await _read(conn, who, group_by, wanted, _Piece(None, None), limit + 1, skip)
        place: tuple[str | int, ...] = (skip + limit,)
    else:
        value, shown = (None, 0) if cursor is None else _place(unit, cursor)
        newest = None if value is None else _first_day(unit, value)
        found = await _newest(conn, who, group_by, wanted, unit, newest, limit + 1, shown)
        given = [row[unit] for row in found[:limit]]
        ended = given[-1] if given else ""
        place = (ended, given.count(ended) + (shown if ended == value else 0))
    items = [
        {
            **{name: row[name] for name in group_by},
            "usage": usage_shape(**{k: v for k, v in row.items() if k not in GROUPS}),
        }
        for row in found[:limit]
    ]
    return {
        "items": items,
        "next_cursor": cursors.encode(*place) if len(found) > limit else None,
    }


async def _newest(
    conn: Connection,
    who: Who,
    group_by: Sequence[str],
    wanted: Filter,
    unit: str,
    newest: date | None,
    limit: int,
    skip: int,
) -> list[dict[str, Any]]:
    """Read from the newest unit of time on, and no further back than it takes to have `limit`.

    So a page costs what lies in its days, however many there are. `newest` is the unit where the
    page before ended, `skip` how many of it were given.
    """
    last, oldest = await _days(conn, who, wanted)
    begin, end = _begin(unit, newest or last), newest and _move(unit, newest, 1)
    found: list[dict[str, Any]] = []
    wide = 1
    while True:
        whole = wide > WIDEST or begin <= oldest
        piece = _Piece(None if whole else begin, end)
        found += await _read(conn, who, group_by, wanted, piece, limit - len(found), skip)
        if whole or len(found) == limit:
            return found
        wide *= WIDER
        begin, end, skip = _move(unit, begin, -wide), begin, 0


async def _days(conn: Connection, who: Who, wanted: Filter) -> tuple[date, date]:
    """Return the last local day that a report can have, and the first."""
    cursor = await conn.execute(
        """
        SELECT (greatest(least(%(until)s::timestamptz, now), oldest) AT TIME ZONE time_zone)::date,
            (greatest(least(%(since)s::timestamptz, now), oldest) AT TIME ZONE time_zone)::date
        FROM workspaces
        CROSS JOIN (SELECT clock_timestamp() AS now, timestamptz '1970-01-02Z' AS oldest) t
        WHERE id = %(workspace)s
        """,
        {
            "workspace": who.workspace_id,
            "since": wanted.since or datetime.min.replace(tzinfo=UTC),
            "until": wanted.until,
        },
    )
    row = await cursor.fetchone()
    assert row is not None
    return row[0], row[1]


async def _read(
    conn: Connection,
    who: Who,
    group_by: Sequence[str],
    wanted: Filter,
    piece: _Piece,
    limit: int,
    skip: int,
) -> list[dict[str, Any]]:
    """Return the rows of a report's piece, of it those after `skip`, `limit` at most."""
    kind = _kind(who, group_by, wanted)
    span = await _span(conn, who, wanted, piece, kind is not None)
    parameters = {
        **wanted.parameters(who),
        "kind": kind,
        **{name: getattr(span, name) for name in _Span.__slots__},
        "limit": limit,
        "skip": skip,
    }
    if kind in RANKED and kind in group_by and not any(name in TIMES for name in group_by):
        return await dearest(conn, group_by, parameters)
    if kind in RANKED or "day" in group_by or "week" in group_by:
        parameters |= {"month_first": span.first, "month_end": span.first}
    return await grouped(conn, group_by, parameters)


def _kind(who: Who, group_by: Sequence[str], wanted: Filter) -> str | None:
    """Return the smallest sums that tell apart what is asked for; `None`: only the calls do."""
    given = wanted.parameters(who)
    needed = {name for name in group_by if name not in TIMES}
    needed |= {name for name in GROUPS if given.get(name) is not None}
    return next((kind for kind, tells in KINDS.items() if needed <= tells), None)


async def _span(conn: Connection, who: Who, wanted: Filter, piece: _Piece, summed: bool) -> _Span:
    async with conn.cursor(row_factory=class_row(_Span)) as cursor:
        await cursor.execute(
            """
            SELECT zone, since::text, until::text, first::text, d.end::text,
                CASE WHEN months THEN month_first ELSE first END::text AS month_first,
                CASE WHEN months THEN month_end ELSE first END::text AS month_end,
                day_begins(first, zone)::text AS first_at,
                day_begins(d.end, zone)::text AS end_at
            FROM (
                SELECT w.time_zone AS zone, m.day AS marked,
                    greatest(%(since)s, day_begins(%(begin)s::date, w.time_zone),
                        timestamptz '-infinity') AS since,
                    least(%(until)s, day_begins(%(end)s::date, w.time_zone),
                        timestamptz 'infinity') AS until
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
                "begin": piece.begin,
                "end": piece.end,
                "summed": summed,
            },
        )
        span = await cursor.fetchone()
    assert span is not None
    return span


def _offset(offset: str | int) -> int:
    if not isinstance(offset, int) or not 0 <= offset <= LAST_OFFSET:
        raise cursors.not_ours()
    return offset


def _place(unit: str, cursor: str) -> tuple[str, int]:
    """Return the unit of time in which the next page begins, and how many of it were given."""
    value, shown = cursors.decode(cursor, 2)
    try:
        began = _first_day(unit, str(value))
    except ValueError as error:
        raise cursors.not_ours() from error
    if not 1970 <= began.year < 9999:
        raise cursors.not_ours()
    return str(value), _offset(shown)


def _first_day(unit: str, value: str) -> date:
    """Return the day on which a day, week or month of a report begins."""
    return _begin(unit, date.fromisoformat(f"{value}-01" if unit == "month" else value))


def _begin(unit: str, day: date) -> date:
    """Return the first day of a day's, week's or month's."""
    if unit == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if unit == "week" else day


def _move(unit: str, begin: date, units: int) -> date:
    """Return where the unit begins that is so many after the one that begins at `begin`."""
    if unit == "month":
        years, month = divmod(begin.month - 1 + units, 12)
        return begin.replace(year=begin.year + years, month=month + 1)
    return begin + timedelta(days=units * (7 if unit == "week" else 1))
