"""Tests of `pantheon.ledger.terms`: whether a turn is billed, and by which prices."""

from decimal import Decimal

import pytest

from pantheon.base.errors import Problem
from pantheon.ledger import price_books, wallets
from pantheon.ledger.prices import Tariff
from pantheon.ledger.terms import UNBILLED, Terms, read_terms
from pantheon.providers.types import Model, Price

LISTED = Price(Decimal(1), Decimal(4), version="list 7")
CATALOGUE = {"lab/m1": LISTED, "lab/unknown": None}


async def test_without_a_book_the_catalogue_counts_and_nobody_is_billed(conn, who):
    terms = await read_terms(conn, who.workspace_id, CATALOGUE)
    assert (terms.enforcement, terms.billed) == ("off", False)
    assert terms.tariffs == {"lab/m1": Tariff(LISTED)}
    assert terms.tariff(Model("lab/unknown", 8_192, 1_024)) is None


async def test_a_book_counts_before_the_catalogue_with_rate_and_margin(conn, who):
    price = Price(Decimal(3), Decimal(9))
    await price_books.create_book(
        conn, who, {"lab/m1": price}, [], reason="Ours",
        credits_per_usd=Decimal(100), margin_percent=Decimal(20),
    )  # fmt: skip
    terms = await read_terms(conn, who.workspace_id, {"lab/m1": LISTED, "lab/m2": LISTED})
    assert terms.tariffs is not None
    ours, listed = terms.tariffs["lab/m1"], terms.tariffs["lab/m2"]
    assert (ours.price.input, ours.price.version) == (Decimal(3), "book 1")
    assert (listed.price, listed.credits_per_usd, listed.margin_percent) == (LISTED, 100, 20)


async def test_where_credits_are_enforced_an_unpriced_model_is_refused(conn, who):
    await wallets.enforce(conn, who, "warn")
    assert (await read_terms(conn, who.workspace_id, CATALOGUE)).billed
    await wallets.enforce(conn, who, "enforce")
    with pytest.raises(Problem) as refused:
        await read_terms(conn, who.workspace_id, CATALOGUE)
    assert (refused.value.kind.code, refused.value.kind.status) == ("model_unpriced", 422)
    assert refused.value.extra == {"model": "lab/unknown"}


def test_what_a_turn_keeps_is_read_as_it_was():
    terms = Terms("enforce", {"lab/m1": Tariff(LISTED, Decimal("0.1"), Decimal("12.5"))}, 7)
    assert Terms.load(terms.dump()) == terms
    assert Terms.load(None) == UNBILLED
    assert UNBILLED.tariff(Model("lab/m1", 8_192, 1_024, price=LISTED)) == Tariff(LISTED)
