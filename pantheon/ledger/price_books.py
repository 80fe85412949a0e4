"""Price books: versions of what models cost and what is charged. A version is never changed."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg.rows import class_row, dict_row

from pantheon.accounts.roles import Who
from pantheon.base import clock, cursors, ids
from pantheon.base.clock import rfc3339
from pantheon.base.errors import INVALID, NOT_FOUND
from pantheon.base.money import credits_text, usd_text
from pantheon.db.pool import Connection
from pantheon.providers.types import Model, Price

OPERATOR = "operator"
UNITS = ("input", "cached_input", "cache_write", "output", "reasoning", "request", "tool_call")
MOST_KEPT = 64

# A book does not change: what was read of one is right for ever, in every process.
_known: OrderedDict[UUID, "Book"] = OrderedDict()


@dataclass(frozen=True, slots=True)
class Book:
    """A version of the prices, with the prices of its models."""

    id: UUID
    version: int
    valid_from: datetime
    credits_per_usd: Decimal
    margin_percent: Decimal
    reason: str
    user_id: UUID
    created_at: datetime
    lines: Mapping[str, Price]
    sources: Mapping[str, str]


async def load(conn: Connection, workspace_id: UUID, book_id: UUID | None) -> Book | None:
    """Return a price book that is known to be there; `None` for none."""
    if book_id is None:
        return None
    known = _known.get(book_id)
    if known is None:
        known = _known[book_id] = await _read(conn, workspace_id, book_id)
        if len(_known) > MOST_KEPT:
            _known.popitem(last=False)
    return known


async def valid_now(conn: Connection, workspace_id: UUID) -> Book | None:
    """Return the price book that turns are accepted with now; `None` before there is any."""
    cursor = await conn.execute(
        """
        SELECT id FROM price_books
        WHERE workspace_id = %(workspace)s AND valid_from <= clock_timestamp()
        ORDER BY valid_from DESC, version DESC LIMIT 1
        """,
        {"workspace": workspace_id},
    )
    row = await cursor.fetchone()
    return await load(conn, workspace_id, row[0] if row else None)


async def create_book(
    conn: Connection,
    who: Who,
    prices: Mapping[str, Price],
    catalogue: Sequence[Model],
    *,
    reason: str,
    credits_per_usd: Decimal | None = None,
    margin_percent: Decimal | None = None,
    valid_from: datetime | None = None,
) -> dict[str, Any]:
    """Make a new version of the prices; return it, JSON-ready.

    It holds the operator's `prices` by model, and of every other model the price that the
    `catalogue` has now. Rate and margin that are not given are those of the version before, at
    first 1 and 0. It is valid from now on, or later. Raises `validation_error` for a past moment.
    """
    now = clock.now()
    if valid_from is not None and valid_from < now:
        raise INVALID("A price book is valid from now on, or later: past prices stay as they are.")
    # Two at once: the workspace's row decides who comes first.
    await conn.execute(
        "SELECT FROM workspaces WHERE id = %(workspace)s FOR NO KEY UPDATE",
        {"workspace": who.workspace_id},
    )
    book_id = ids.new()
    await conn.execute(
        """
        INSERT INTO price_books (workspace_id, id, version, valid_from, credits_per_usd,
            margin_percent, reason, user_id)
        SELECT %(workspace)s, %(id)s, coalesce(max(b.version), 0) + 1,
            coalesce(%(valid_from)s, clock_timestamp()),
            coalesce(%(rate)s, (array_agg(b.credits_per_usd ORDER BY b.version DESC))[1], 1),
            coalesce(%(margin)s, (array_agg(b.margin_percent ORDER BY b.version DESC))[1], 0),
            %(reason)s, %(user)s
        FROM price_books b WHERE b.workspace_id = %(workspace)s
        """,
        {
            "workspace": who.workspace_id,
            "id": book_id,
            "valid_from": valid_from,
            "rate": credits_per_usd,
            "margin": margin_percent,
            "reason": reason,
            "user": who.user_id,
        },
    )
    known = {model.id: model.price for model in catalogue if model.price is not None}
    lines = [(model, OPERATOR, price) for model, price in prices.items()]
    lines += [(m, price.version, price) for m, price in known.items() if m not in prices]
    await _add_lines(conn, who.workspace_id, book_id, lines)
    return await get_book(conn, who, book_id)


async def get_book(conn: Connection, who: Who, book_id: UUID) -> dict[str, Any]:
    """Return a version of the prices, JSON-ready. Raises `not_found`."""
    cursor = await conn.execute(
        "SELECT FROM price_books WHERE workspace_id = %(workspace)s AND id = %(id)s",
        {"workspace": who.workspace_id, "id": book_id},
    )
    if await cursor.fetchone() is None:
        raise NOT_FOUND(f"There is no price book {book_id}.")
    book = await load(conn, who.workspace_id, book_id)
    assert book is not None
    return book_shape(book)


async def list_books(
    conn: Connection, who: Who, *, limit: int = 50, cursor: str | None = None
) -> dict[str, Any]:
    """Return a page of the versions, the newest first, without their prices."""
    before = _version(cursor)
    async with conn.cursor(row_factory=dict_row) as rows:
        await rows.execute(
            """
            SELECT id, version, valid_from, credits_per_usd, margin_percent, reason, user_id,
                created_at, (
                    SELECT count(*) FROM price_lines l
                    WHERE l.workspace_id = b.workspace_id AND l.book_id = b.id
                ) AS models,
                id = (
                    SELECT id FROM price_books
                    WHERE workspace_id = %(workspace)s AND valid_from <= clock_timestamp()
                    ORDER BY valid_from DESC, version DESC LIMIT 1
                ) AS valid
            FROM price_books b
            WHERE workspace_id = %(workspace)s
              AND (%(before)s::int IS NULL OR version < %(before)s)
            ORDER BY version DESC LIMIT %(limit)s
            """,
            {"workspace": who.workspace_id, "before": before, "limit": limit + 1},
        )
        found = await rows.fetchall()
    items = [
        {
            "id": str(row["id"]),
            "version": row["version"],
            "valid_from": rfc3339(row["valid_from"]),
            "valid": bool(row["valid"]),
            "credits_per_usd": _plain(row["credits_per_usd"]),
            "margin_percent": _plain(row["margin_percent"]),
            "reason": row["reason"],
            "models": row["models"],
            "user_id": str(row["user_id"]),
            "created_at": rfc3339(row["created_at"]),
        }
        for row in found[:limit]
    ]
    more = len(found) > limit
    return {"items": items, "next_cursor": cursors.encode(items[-1]["version"]) if more else None}


async def reprice(
    conn: Connection, who: Who, book_id: UUID, since: datetime | None, until: datetime | None
) -> dict[str, Any]:
    """Return what past calls would have cost by another version, per model. Nothing is changed.

    Charges leave out what no hold had covered. Raises `not_found`.
    """
    await get_book(conn, who, book_id)
    async with conn.cursor(row_factory=dict_row) as rows:
        await rows.execute(
            """
            SELECT model, count(*) AS calls, bool_or(there) AS priced,
                coalesce(sum(cost_usd), 0) AS cost, coalesce(sum(round(would_cost, 9)), 0)
                    AS would_cost,
                sum(charged_microcredits)::bigint AS charged,
                coalesce(sum(ceil(round(would_cost, 9) * (100 + margin_percent) / 100
                    * credits_per_usd * 1000000))
                    FILTER (WHERE outcome NOT IN ('failed', 'lost')), 0)::bigint AS would_charge
            FROM (
                SELECT e.*, b.margin_percent, b.credits_per_usd, l.model IS NOT NULL AS there,
                    ((e.input_tokens - e.cached_input_tokens - e.cache_write_tokens) * l.input
                     + e.cached_input_tokens * coalesce(l.cached_input, l.input)
                     + e.cache_write_tokens * coalesce(l.cache_write, l.input)
                     + (e.output_tokens - e.reasoning_tokens) * l.output
                     + e.reasoning_tokens * coalesce(l.reasoning, l.output)) / 1000000
                    + CASE WHEN e.input_tokens + e.output_tokens > 0 THEN l.request ELSE 0 END
                    + e.tool_calls * l.tool_call AS would_cost
                FROM llm_call_events e
                JOIN price_books b ON b.workspace_id = e.workspace_id AND b.id = %(book)s
                LEFT JOIN price_lines l ON l.workspace_id = e.workspace_id AND l.book_id = b.id
                    AND l.model = e.model
                WHERE e.workspace_id = %(workspace)s
                  AND (%(since)s::timestamptz IS NULL OR e.created_at >= %(since)s)
                  AND (%(until)s::timestamptz IS NULL OR e.created_at < %(until)s)
            ) AS calls
            GROUP BY model ORDER BY model
            """,
            {
                "workspace": who.workspace_id,
                "book": book_id,
                "since": since,
                "until": until,
            },
        )
        found = await rows.fetchall()
    return {
        "items": [
            {
                "model": row["model"],
                "calls": row["calls"],
                "cost_usd": usd_text(row["cost"]),
                "credits": credits_text(row["charged"]),
                "would_cost_usd": usd_text(row["would_cost"]) if row["priced"] else None,
                "would_charge": credits_text(row["would_charge"]) if row["priced"] else None,
            }
            for row in found
        ]
    }


def book_shape(book: Book) -> dict[str, Any]:
    """Return a version with its prices, JSON-ready."""
    return {
        "id": str(book.id),
        "version": book.version,
        "valid_from": rfc3339(book.valid_from),
        "credits_per_usd": _plain(book.credits_per_usd),
        "margin_percent": _plain(book.margin_percent),
        "reason": book.reason,
        "prices": [
            {
                "model": model,
                "source": book.sources[model],
                **{unit: _plain(getattr(price, unit)) for unit in UNITS},
            }
            for model, price in sorted(book.lines.items())
        ],
        "user_id": str(book.user_id),
        "created_at": rfc3339(book.created_at),
    }


@dataclass(frozen=True, slots=True)
class _Line:
    model: str
    source: str
    input: Decimal
    cached_input: Decimal | None
    cache_write: Decimal | None
    output: Decimal
    reasoning: Decimal | None
    request: Decimal
    tool_call: Decimal


async def _read(conn: Connection, workspace_id: UUID, book_id: UUID) -> Book:
    async with conn.cursor(row_factory=class_row(_Line)) as cursor:
        await cursor.execute(
            """
            SELECT model, source, input, cached_input, cache_write, output, reasoning, request,
                tool_call
            FROM price_lines WHERE workspace_id = %(workspace)s AND book_id = %(book)s
            """,
            {"workspace": workspace_id, "book": book_id},
        )
        lines = await cursor.fetchall()
    async with conn.cursor(row_factory=dict_row) as rows:
        await rows.execute(
            """
            SELECT id, version, valid_from, credits_per_usd, margin_percent, reason, user_id,
                created_at
            FROM price_books WHERE workspace_id = %(workspace)s AND id = %(book)s
            """,
            {"workspace": workspace_id, "book": book_id},
        )
        book = await rows.fetchone()
    assert book is not None, "whoever names a book has just read of it"
    name = f"book {book['version']}"
    priced = {
        line.model: Price(
            line.input, line.output, line.cached_input, name, line.cache_write, line.reasoning,
            line.request, line.tool_call,
        )
        for line in lines
    }  # fmt: skip
    return Book(**book, lines=priced, sources={line.model: line.source for line in lines})


async def _add_lines(
    conn: Connection, workspace_id: UUID, book_id: UUID, lines: Iterable[tuple[str, str, Price]]
) -> None:
    async with conn.cursor() as cursor:
        await cursor.executemany(
            """
            INSERT INTO price_lines (workspace_id, book_id, model, source, input, cached_input,
                cache_write, output, reasoning, request, tool_call)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
            """,
            [
                (workspace_id, book_id, model, source, *(getattr(price, unit) for unit in UNITS))
                for model, source, price in lines
            ],
        )


def _version(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    (version,) = cursors.decode(cursor, 1)
    if not isinstance(version, int):
        raise cursors.not_ours()
    return version


def _plain(value: Decimal | None) -> str | None:
    """Write a price without the zeros that its column adds."""
    if value is None:
        return None
    return format(value.normalize(), "f")
