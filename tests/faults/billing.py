"""The money of an installation: prices of the fake's models, a full wallet, and its oracle.

Everything in the harness is billed, and refused where it would not be covered; what the wallet has
left is reckoned again by `tests.ledger.reference`, from the model server's log.
"""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

from pantheon.accounts.roles import Who
from pantheon.db.pool import Database
from pantheon.ledger import seals, wallets
from pantheon.ledger.price_books import create_book
from pantheon.providers.types import Price
from tests.ledger.reference import charge_microcredits, cost_nanos
from tests.providers.test_contract import FAULTS

RATE, MARGIN = "100", "12.5"
GRANTED = 10**15
UNITS = ("input", "cached_input", "output", "reasoning", "request")
MODELS = (
    *FAULTS,
    "any",
    "scripted",
    "ok",
    "ok-40",
    "ok-100",
    "empty",
    "hostile",
    "drip-0.2",
    "reasoning",
    "length",
    "no-usage",
    "wobbly-3",
    "huge",
    "minutes",
    "huge-4000",
    *(f"paced-{pace}" for pace in ("20-2-20", "20-10-40", "20-30-100", "30-20-100", "500-5-20")),
    *(f"flaky-1{mode}" for mode in ("", "-direct", "-manual", "-sequence", "-roundtable",
                                    "-orchestrator", "-approved")),
    "ok-1000",
)  # fmt: skip


def _prices(place: int) -> dict[str, str]:
    """Return prices that divide badly, others for each model."""
    read, written = f"{0.37 + place / 7:.5f}", f"{1.93 + place / 3:.5f}"
    prices = {"input": read, "output": written}
    if place % 2 == 0:
        prices |= {"cached_input": f"{float(read) / 4:.6f}", "request": "0.00031"}
    if place % 3 == 0:
        prices["reasoning"] = f"{float(written) * 2:.5f}"
    return prices


BOOK: Mapping[str, Mapping[str, str]] = {
    f"{'gone' if model == 'any' else 'fake'}/{model}": _prices(place)
    for place, model in enumerate(MODELS)
}


async def open_billing(db: Database, who: Who) -> None:
    """Give a workspace prices and credits, and refuse what is not covered from now on."""
    prices = {
        model: Price(**{unit: Decimal(price) for unit, price in prices.items()})
        for model, prices in BOOK.items()
    }
    async with db.transaction(who.workspace_id) as conn:
        await create_book(
            conn, who, prices, [], reason="For tests",
            credits_per_usd=Decimal(RATE), margin_percent=Decimal(MARGIN),
        )  # fmt: skip
        await wallets.grant(conn, who.workspace_id, GRANTED, reason="For tests")
        await wallets.enforce(conn, who, "enforce")


async def seal_all(db: Database, who: Who) -> None:
    """Seal the whole ledger: what is checked afterwards has its hash in the chain."""
    async with db.transaction(who.workspace_id) as conn:
        cursor = await conn.execute("SELECT clock_timestamp()")
        row = await cursor.fetchone()
        assert row is not None
        await seals.seal(conn, who.workspace_id, row[0], most=10**6)


CALLS = """
    SELECT e.attempt_id::text, e.model, e.outcome, e.charged_microcredits, e.cost_usd,
        e.excess_microcredits, a.earmark_microcredits, e.estimated, e.sent, e.input_tokens,
        e.cached_input_tokens, e.output_tokens, e.reasoning_tokens
    FROM llm_call_events e
    JOIN llm_call_attempts a ON a.workspace_id = e.workspace_id AND a.id = e.attempt_id
    WHERE e.hold_id IS NOT NULL
"""
WALLET = """
    SELECT w.balance_microcredits, w.held_microcredits,
        (SELECT coalesce(-sum(grants_microcredits), 0)::bigint FROM postings),
        (SELECT coalesce(sum(wallet_microcredits + held_microcredits + revenue_microcredits
            + provider_cost_microcredits + grants_microcredits), 0)::bigint FROM postings)
    FROM wallets w
"""


def check_charges(
    calls: Collection[Sequence[Any]], log: Mapping[str, Mapping[str, Any]]
) -> tuple[int, int]:
    """Assert that each call of the ledger cost and charged what it must, to the micro-credit.

    `log` is the model server's, by the id of the attempt. An answer that was kept is priced by what
    the server reported of it; failures and what nobody heard of charge nothing; what was cut short
    is priced by what the ledger says it estimated, and that is none where nothing was sent. Returns
    the sum of the charges, and how many calls were priced by the server's own word.
    """
    total, reported = 0, 0
    for (
        attempt, model, outcome, charged, cost, excess, earmark, estimated, sent, *tokens
    ) in calls:  # fmt: skip
        names = ("prompt_tokens", "cached_tokens", "completion_tokens", "reasoning_tokens")
        usage = dict(zip(names, tokens, strict=True))
        seen = log.get(attempt)
        what = f"{attempt} {model} {outcome}"
        if outcome == "completed":
            assert seen is not None, f"{what}: nobody sent it"
            assert estimated == (seen["usage"] is None), f"{what}: estimated {estimated}"
            if seen["usage"] is not None:
                assert usage == seen["usage"], f"{what}: {usage}, reported {seen['usage']}"
                reported += 1
        elif outcome == "cancelled" and not sent:
            assert not any(tokens), f"{what}: {tokens} of a request that never left"
        nanos = cost_nanos(usage, BOOK[model])
        due = charge_microcredits(nanos, RATE, MARGIN)
        expected = 0 if outcome in ("failed", "lost") else due
        told = (charged, excess)
        assert told == (min(expected, earmark), max(0, expected - earmark)), (
            f"{what}: charged {told}, reckoned {expected} of {earmark}"
        )
        if outcome == "lost":
            assert cost is None, f"{what}: cost {cost}"
        else:
            assert cost * 10**9 == nanos, f"{what}: cost {cost}, reckoned {nanos}"
        total += charged
    return total, reported
