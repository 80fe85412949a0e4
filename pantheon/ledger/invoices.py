"""A provider's invoice beside the ledger: what both say per model and day, and where they drift.

Days are those of providers' invoices, UTC. Dated versions of a model (`m-2025-01-31`, `m-20250131`)
count as the model.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from pantheon.base.errors import INVALID, Problem
from pantheon.base.money import usd_text
from pantheon.db.pool import Connection

MOST_LINES = 100_000
MOST_DAYS = 400
SHOWN, LONGEST = 30, 500
"""How many columns of a foreign file are told back, and characters of them."""
MOST = 10**15
ROUNDING_USD = Decimal("0.005")
"""How far two costs may be apart and still agree: invoices are rounded to cents."""

# What providers call it in the files that can be had from them: the first column found gives a
# text, all that are found add up to a number. Anthropic tells the parts of its input apart.
TEXTS = {
    "day": (
        "day", "date", "usage_date_utc", "start_time_iso", "created_at", "start_time", "timestamp",
    ),
    "model": ("model", "model_version", "model_permaslug", "snapshot_id", "line_item"),
}  # fmt: skip
NUMBERS = {
    "calls": ("calls", "requests", "num_model_requests", "n_requests"),
    "input_tokens": (
        "input_tokens", "prompt_tokens", "tokens_prompt", "n_context_tokens_total",
        "usage_input_tokens_no_cache", "usage_input_tokens_cache_write_5m",
        "usage_input_tokens_cache_write_1h", "usage_input_tokens_cache_read",
    ),
    "cached_input_tokens": (
        "cached_input_tokens", "input_cached_tokens", "tokens_cached",
        "n_cached_context_tokens_total", "usage_input_tokens_cache_read",
    ),
    "output_tokens": (
        "output_tokens", "completion_tokens", "tokens_completion", "n_generated_tokens_total",
        "usage_output_tokens",
    ),
    "cost_usd": ("cost_usd", "amount_usd", "cost", "cost_total", "amount_value"),
}  # fmt: skip
DATED = re.compile(r"[-@](?:\d{8}|\d{4}-\d{2}-\d{2})$")
Figures = dict[str, int | Decimal]
Key = tuple[date | None, str]


@dataclass(frozen=True, slots=True)
class Line:
    """What a provider says of a model, on a day or (`None`) in all. A figure may be missing."""

    day: date | None
    model: str
    figures: Mapping[str, int | Decimal]


@dataclass(frozen=True, slots=True)
class Booked:
    """What the ledger has of a model on a day: calls that left, and how sure their tokens are."""

    day: date
    model: str
    calls: int
    lost_calls: int
    unpriced_calls: int
    estimated: bool
    input_tokens: int
    cached_input_tokens: int
    output_tokens: int
    cost_usd: Decimal


def read_csv(text: str) -> list[Line]:
    """Read a provider's usage or cost export; columns go by their names, in any order.

    Columns of other names are passed over, as exports have many. Raises `validation_error` where
    none names a model or none can be compared, with every name that is known, and where a line
    cannot be read, which it names.
    """
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    names = {name.strip().lower(): name for name in reader.fieldnames or () if name}
    texts = {
        meaning: next((names[name] for name in known if name in names), None)
        for meaning, known in TEXTS.items()
    }
    numbers = {
        meaning: [names[name] for name in known if name in names]
        for meaning, known in NUMBERS.items()
    }
    if texts["model"] is None:
        raise _unknown(names, {"model": TEXTS["model"]})
    if not any(numbers.values()):
        raise _unknown(names, NUMBERS)
    lines: list[Line] = []
    try:
        for row in reader:
            if len(lines) == MOST_LINES:
                raise INVALID(f"A file has {MOST_LINES:,} lines at most: give it in parts.")
            lines.append(_line(row, texts, numbers))
    except (csv.Error, ValueError, InvalidOperation, OverflowError, OSError) as error:
        raise INVALID(f"Line {reader.line_num} of the file cannot be read: {error}.") from error
    return lines


async def read_booked(
    conn: Connection, workspace_id: UUID, provider: str, first: date, last: date
) -> list[Booked]:
    """Return what the ledger has of a provider's models from `first` to `last`, by day."""
    async with conn.cursor(row_factory=class_row(Booked)) as rows:
        await rows.execute(
            """
            SELECT (created_at AT TIME ZONE 'UTC')::date AS day, model, count(*) AS calls,
                count(*) FILTER (WHERE outcome = 'lost') AS lost_calls,
                count(*) FILTER (WHERE cost_usd IS NULL AND outcome <> 'lost') AS unpriced_calls,
                bool_or(estimated) AS estimated, sum(input_tokens)::bigint AS input_tokens,
                sum(cached_input_tokens)::bigint AS cached_input_tokens,
                sum(output_tokens)::bigint AS output_tokens,
                coalesce(sum(cost_usd), 0) AS cost_usd
            FROM llm_call_events
            WHERE workspace_id = %(workspace)s AND provider = %(provider)s AND sent
              AND created_at >= %(first)s::date::timestamp AT TIME ZONE 'UTC'
              AND created_at < (%(last)s::date + 1)::timestamp AT TIME ZONE 'UTC'
            GROUP BY 1, 2
            """,
            {"workspace": workspace_id, "provider": provider, "first": first, "last": last},
        )
        return await rows.fetchall()


def days_of(lines: Sequence[Line], since: date | None, until: date | None) -> tuple[date, date]:
    """Return the first and the last day of a comparison: those given, else those of the lines.

    Raises `validation_error` for lines without a day that come without both, and for too many.
    """
    days = [line.day for line in lines if line.day is not None]
    if len(days) < len(lines) and (since is None or until is None):
        raise INVALID(
            "Totals without a day need 'from' and 'to': the days that they are of. In a file the"
            f" day's column is one of {', '.join(TEXTS['day'])}."
        )
    if not lines:
        raise INVALID("There is nothing to compare.")
    first, last = since or min(days), until or max(days)
    if not 0 <= (last - first).days < MOST_DAYS:
        raise INVALID(f"'from' comes before 'to', {MOST_DAYS} days at most.")
    return first, last


def compare(
    provider: str, lines: Iterable[Line], booked: Iterable[Booked], first: date, last: date
) -> dict[str, Any]:
    """Return both sides of each model and day, and the drift: theirs minus ours.

    A figure that the provider does not give is `None`, its drift too. `agrees`: no tokens and
    calls apart, and costs within half a cent. Where any line is without a day, totals are compared.
    """
    told = [line for line in lines if line.day is None or first <= line.day <= last]
    whole = any(line.day is None for line in told)
    theirs: dict[Key, Figures] = {}
    for line in told:
        _add(theirs, (None if whole else line.day, _plain(provider, line.model)), line.figures)
    ours: dict[Key, Figures] = {}
    unsure: dict[Key, bool] = {}
    for row in booked:
        key = (None if whole else row.day, _plain(provider, row.model))
        _add(ours, key, {name: getattr(row, name) for name in (*NUMBERS, *NOTES)})
        unsure[key] = unsure.get(key, False) or row.estimated
    given = {name for figures in theirs.values() for name in figures}
    items = [
        _item(key, ours.get(key, {}), unsure.get(key, False), theirs.get(key), given)
        for key in sorted(ours.keys() | theirs.keys(), key=lambda key: (str(key[0]), key[1]))
    ]
    return {
        "provider": provider,
        "from": first.isoformat(),
        "to": last.isoformat(),
        "items": items,
        "drift": _total(items, given),
        "agrees": all(item["agrees"] for item in items),
    }


NOTES = ("lost_calls", "unpriced_calls")


def _unknown(found: Iterable[str], known: Mapping[str, Sequence[str]]) -> Problem:
    """Return the problem of a file none of whose columns is one of `known`."""
    wanted = "; ".join(f"{meaning}: {', '.join(names)}" for meaning, names in known.items())
    had = ", ".join(list(found)[:SHOWN])[:LONGEST] or "none"
    return INVALID(f"The file needs one of these columns: {wanted}. It has: {had}.")


def _line(
    row: Mapping[str, str], texts: Mapping[str, str | None], numbers: Mapping[str, list[str]]
) -> Line:
    model = (row[texts["model"] or ""] or "").strip()
    if not model:
        raise ValueError("it has no model")
    figures: dict[str, int | Decimal] = {}
    for meaning, columns in numbers.items():
        if not columns:
            continue
        values = [Decimal((row[column] or "0").strip().replace(",", "") or 0) for column in columns]
        if not all(value.is_finite() and 0 <= value <= MOST for value in values):
            raise ValueError(f"{meaning} has to be a number from 0 to {MOST}")
        figures[meaning] = sum(values) if meaning == "cost_usd" else int(sum(values))
    day = None if texts["day"] is None else _day((row[texts["day"]] or "").strip())
    return Line(day, model, figures)


def _day(text: str) -> date:
    """Read a date, a moment, or seconds since 1970; a moment without zone is UTC's."""
    if text.isascii() and text.isdigit():
        return datetime.fromtimestamp(int(text), UTC).date()
    moment = datetime.fromisoformat(text.removesuffix(" UTC"))
    return moment.astimezone(UTC).date() if moment.tzinfo else moment.date()


def _plain(provider: str, model: str) -> str:
    return DATED.sub("", model.removeprefix(f"{provider}/"))


def _add(into: dict[Key, Figures], key: Key, figures: Mapping[str, int | Decimal]) -> None:
    sums = into.setdefault(key, {})
    for name, value in figures.items():
        sums[name] = sums.get(name, 0) + value


def _differ(drift: Mapping[str, int | Decimal | None]) -> bool:
    return any(
        abs(Decimal(value)) > (ROUNDING_USD if name == "cost_usd" else 0)
        for name, value in drift.items()
        if value is not None
    )


def _item(
    key: Key, ours: Figures, estimated: bool, theirs: Figures | None, given: set[str]
) -> dict[str, Any]:
    """Render a model and day. One that a side does not know is nothing there."""
    drift: dict[str, int | Decimal | None] = {
        name: (theirs or {}).get(name, 0) - ours.get(name, 0) if name in given else None
        for name in NUMBERS
    }
    return {
        "day": key[0] and key[0].isoformat(),
        "model": key[1],
        "ours": _figures({name: ours.get(name, 0) for name in (*NUMBERS, *NOTES)})
        | {"estimated": estimated},
        "theirs": None
        if theirs is None
        else _figures({name: theirs.get(name) for name in NUMBERS}),
        "drift": _figures(drift),
        "agrees": not _differ(drift),
    }


def _figures(values: Mapping[str, int | Decimal | None]) -> dict[str, Any]:
    return {
        name: None if value is None else usd_text(Decimal(value)) if name == "cost_usd" else value
        for name, value in values.items()
    }


def _total(items: Sequence[Mapping[str, Any]], given: set[str]) -> dict[str, Any]:
    sums = {
        name: sum((Decimal(item["drift"][name]) for item in items), Decimal(0))
        if name in given
        else None
        for name in NUMBERS
    }
    return _figures(
        {
            name: value if value is None or name == "cost_usd" else int(value)
            for name, value in sums.items()
        }
    )
