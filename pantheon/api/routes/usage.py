"""`/usage`: what was asked of models and what it cost, call by call and summed."""

import csv
import io
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BeforeValidator, Field, model_validator
from starlette.responses import Response, StreamingResponse

from pantheon.accounts.roles import Who
from pantheon.api import money_shapes, shapes
from pantheon.api.answers import Json
from pantheon.api.bodies import Body
from pantheon.api.deps import Cursor, Limit, Moment, RuntimeOf, SignedIn, admin
from pantheon.db.pool import Database
from pantheon.ledger import invoices, reports, usage
from pantheon.ledger.usage import Filter

router = APIRouter(prefix="/usage", tags=["usage"])

CSV_PAGE = 1000
USAGE_COLUMNS = (
    "input_tokens", "cached_input_tokens", "output_tokens", "reasoning_tokens", "cost_usd",
    "credits", "estimated",
)  # fmt: skip
CSV_COLUMNS = (
    "created_at", "id", "purpose", "agent_key", "provider", "model", "outcome", "error_code",
    *USAGE_COLUMNS, "pricing_version", "time_to_first_token_ms", "latency_ms", "room_id",
    "session_id", "turn_id", "step_id", "provider_request_id", "request_sha256",
)  # fmt: skip
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

Purpose = Literal["answer", "route", "repair", "synthesis", "summary", "title", "test"]


async def _filter(
    since: Annotated[Moment | None, Query(alias="from", description="Included.")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="Not included.")] = None,
    room: UUID | None = None,
    agent: Annotated[str | None, Query(max_length=32, description="An agent's key.")] = None,
    session: UUID | None = None,
    turn: UUID | None = None,
    purpose: Purpose | None = None,
    model: Annotated[str | None, Query(max_length=300)] = None,
) -> Filter:
    return Filter(since, until, room, agent, session, turn, purpose, model)


FilterOf = Annotated[Filter, Depends(_filter)]


@router.get("", response_model=shapes.UsageReport)
async def report_usage(
    runtime: RuntimeOf,
    who: SignedIn,
    wanted: FilterOf,
    group_by: Annotated[
        str, Query(max_length=200, description=f"Comma-separated: {', '.join(reports.GROUPS)}.")
    ] = "day",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Json:
    """Usage summed over groups: by time the newest first, else the most expensive first.

    Owners and admins see the workspace's, members their own.
    """
    groups = [name.strip() for name in group_by.split(",")]
    async with runtime.db.transaction(who.workspace_id, snapshot=True) as conn:
        return Json(await reports.report(conn, who, groups, wanted, limit=limit, cursor=cursor))


@router.get(
    "/calls",
    response_model=shapes.Calls,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def list_calls(
    request: Request,
    runtime: RuntimeOf,
    who: SignedIn,
    wanted: FilterOf,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Every request that left for a model provider and is over, the newest first.

    With `Accept: text/csv` all of them, from `cursor` on, as a table.
    """
    as_table = "text/csv" in request.headers.get("accept", "")
    size = CSV_PAGE if as_table else limit
    async with runtime.db.transaction(who.workspace_id) as conn:
        page = await usage.list_calls(conn, who, wanted, limit=size, cursor=cursor)
    if not as_table:
        return Json(page)
    return StreamingResponse(
        _table(runtime.db, who, wanted, page),
        media_type="text/csv; charset=utf-8; header=present",
        headers={"Content-Disposition": 'attachment; filename="calls.csv"'},
    )


def _written_as_a_day(value: object) -> object:
    """Refuse what the document forbids: seconds since 1970, and moments."""
    if (isinstance(value, str) and not DAY.fullmatch(value)) or isinstance(value, int | float):
        raise ValueError("A day is written as 2026-01-31")
    return value


Day = Annotated[date, BeforeValidator(_written_as_a_day)]
Count = Annotated[int | None, Field(strict=True, ge=0, le=invoices.MOST)]


class InvoiceLine(Body):
    """What a provider says of a model, on a day or, without one, in all; figures can be missing."""

    day: Day | None = None
    model: Annotated[str, Field(min_length=1, max_length=300)]
    calls: Count = None
    input_tokens: Count = None
    cached_input_tokens: Count = None
    output_tokens: Count = None
    cost_usd: Annotated[Decimal | None, Field(ge=0, le=invoices.MOST, decimal_places=12)] = None

    def line(self) -> invoices.Line:
        """Return it as the ledger compares it."""
        figures = {name: getattr(self, name) for name in invoices.NUMBERS}
        told = {name: value for name, value in figures.items() if value is not None}
        return invoices.Line(self.day, self.model, told)


class Invoice(Body):
    """A provider's figures: its file as `csv`, or `lines`. Days are UTC's, both included."""

    provider: Annotated[str, Field(min_length=1, max_length=100)]
    since: Annotated[Day | None, Field(alias="from")] = None
    until: Annotated[Day | None, Field(alias="to")] = None
    csv: str | None = None
    lines: Annotated[list[InvoiceLine] | None, Field(max_length=invoices.MOST_LINES)] = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.csv is None) == (self.lines is None):
            raise ValueError("Give either 'csv' or 'lines'")
        return self


@router.post("/invoice", response_model=money_shapes.InvoiceCheck, dependencies=[Depends(admin)])
async def check_invoice(body: Invoice, runtime: RuntimeOf, who: SignedIn) -> Json:
    """A provider's invoice beside the ledger: the drift per model and day. Nothing is stored.

    A drift is the provider's figure minus ours; what the invoice does not tell is not compared.
    """
    given = body.lines or []
    lines = [line.line() for line in given] if body.csv is None else invoices.read_csv(body.csv)
    first, last = invoices.days_of(lines, body.since, body.until)
    async with runtime.db.transaction(who.workspace_id) as conn:
        booked = await invoices.read_booked(conn, who.workspace_id, body.provider, first, last)
    return Json(invoices.compare(body.provider, lines, booked, first, last))


async def _table(
    db: Database, who: Who, wanted: Filter, page: Mapping[str, Any]
) -> AsyncIterator[str]:
    yield _lines([CSV_COLUMNS])
    while True:
        yield _lines([_row(call) for call in page["items"]])
        cursor = page["next_cursor"]
        if cursor is None:
            return
        async with db.transaction(who.workspace_id) as conn:
            page = await usage.list_calls(conn, who, wanted, limit=CSV_PAGE, cursor=cursor)


def _row(call: Mapping[str, Any]) -> list[str]:
    values = {**call, **call["usage"]}
    return [_cell(values[column]) for column in CSV_COLUMNS]


def _cell(value: Any) -> str:
    """Write a value so that no spreadsheet takes it for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _lines(rows: Iterable[Sequence[str]]) -> str:
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue()
