"""Tests of `pantheon.ledger.price_books`: versions, which of them is valid, and re-pricing."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import psycopg
import pytest

from pantheon.base import clock, ids
from pantheon.base.errors import Problem
from pantheon.ledger import price_books
from pantheon.providers.types import Model, Price, TokenUsage
from tests.make import make_call

PRICE = Price(Decimal(2), Decimal("8.5"), Decimal("0.25"), "operator")
LISTED = Price(Decimal(1), Decimal(4), version="list 7")
CATALOGUE = [
    Model("lab/m1", 8_192, 1_024, price=LISTED),
    Model("lab/m2", 8_192, 1_024, price=LISTED),
    Model("lab/unknown", 8_192, 1_024),
]


async def test_a_book_is_the_operators_prices_and_else_the_catalogues(conn, who):
    book = await price_books.create_book(
        conn, who, {"lab/m1": PRICE}, CATALOGUE, reason="New", credits_per_usd=Decimal(100)
    )
    first, second = book["prices"]
    assert (first["model"], first["source"], first["output"]) == ("lab/m1", "operator", "8.5")
    assert (first["cached_input"], first["reasoning"]) == ("0.25", None)
    assert (second["model"], second["source"], second["input"]) == ("lab/m2", "list 7", "1")
    assert (book["version"], book["credits_per_usd"], book["margin_percent"]) == (1, "100", "0")
    again = await price_books.create_book(
        conn, who, {}, CATALOGUE, reason="Margin", margin_percent=Decimal("12.5")
    )
    assert (again["version"], again["credits_per_usd"]) == (2, "100")
    assert again["prices"][0]["source"] == "list 7"
    assert await price_books.get_book(conn, who, UUID(book["id"])) == book
    page = await price_books.list_books(conn, who, limit=1)
    rest = await price_books.list_books(conn, who, cursor=page["next_cursor"])
    listed = [*page["items"], *rest["items"]]
    assert [(b["version"], b["valid"], b["models"]) for b in listed] == [
        (2, True, 2),
        (1, False, 2),
    ]


async def test_a_later_book_waits_and_an_earlier_one_is_refused(conn, who):
    assert await price_books.valid_now(conn, who.workspace_id) is None
    await price_books.create_book(conn, who, {"lab/m1": PRICE}, [], reason="Now")
    later = clock.now() + timedelta(days=1)
    await price_books.create_book(conn, who, {}, [], reason="Tomorrow", valid_from=later)
    book = await price_books.valid_now(conn, who.workspace_id)
    assert book is not None
    assert (book.version, book.lines["lab/m1"].version) == (1, "book 1")
    with pytest.raises(Problem, match="past prices stay"):
        await price_books.create_book(
            conn, who, {}, [], reason="Back", valid_from=clock.now() - timedelta(days=1)
        )
    with pytest.raises(Problem, match="not_found"):
        await price_books.get_book(conn, who, ids.new())


async def test_repricing_reports_and_changes_nothing(conn, who):
    usage = TokenUsage(1_000_000, 400_000, 100_000, 20_000)
    for model in ("lab/m1", "lab/m2"):
        await make_call(
            conn, who, model=model, usage=usage, cost_usd="1.4", charged_microcredits=1_400_000
        )
    book = await price_books.create_book(
        conn, who, {"lab/m1": PRICE}, [], reason="Dearer", margin_percent=Decimal(10)
    )
    report = await price_books.reprice(conn, who, UUID(book["id"]), None, None)
    # 600,000 × 2 $ + 400,000 × 0.25 $ + 100,000 × 8.5 $ per million = 2.15 $; 10 % more.
    assert report["items"] == [
        {
            "model": "lab/m1",
            "calls": 1,
            "cost_usd": "1.400000",
            "credits": "1.4000",
            "would_cost_usd": "2.150000",
            "would_charge": "2.3650",
        },
        {
            "model": "lab/m2",
            "calls": 1,
            "cost_usd": "1.400000",
            "credits": "1.4000",
            "would_cost_usd": None,
            "would_charge": None,
        },
    ]
    cursor = await conn.execute("SELECT sum(charged_microcredits)::int FROM llm_call_events")
    assert await cursor.fetchone() == (2_800_000,)
    nothing = await price_books.reprice(conn, who, UUID(book["id"]), clock.now(), None)
    assert nothing["items"] == []


async def test_a_version_cannot_be_changed_and_no_price_is_negative(conn, who):
    await price_books.create_book(conn, who, {"lab/m1": PRICE}, [], reason="Now")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with conn.transaction():
            await conn.execute("UPDATE price_lines SET input = 0")
    wrong = {"lab/m1": Price(Decimal(-1), Decimal(1))}
    with pytest.raises(psycopg.errors.CheckViolation):
        async with conn.transaction():
            await price_books.create_book(conn, who, wrong, [], reason="Wrong")
