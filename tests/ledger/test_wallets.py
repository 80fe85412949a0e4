"""Tests of `pantheon.ledger.wallets`: the switch, grants that are rows, and what they add up to."""

from uuid import UUID

import psycopg
import pytest

from pantheon.base.errors import Problem
from pantheon.ledger import wallets


async def test_a_wallet_that_nobody_made_is_off(conn, who):
    told = await wallets.view(conn, who.workspace_id)
    assert told == {
        "balance": "0.0000",
        "reserved": "0.0000",
        "available": "0.0000",
        "low_balance": False,
        "low_below": "1.0000",
        "enforcement": "off",
    }
    await wallets.open_wallet(conn, who.workspace_id, "off")
    assert await wallets.view(conn, who.workspace_id) == told


async def test_the_setting_is_only_the_first_value(conn, who):
    await wallets.open_wallet(conn, who.workspace_id, "warn")
    await wallets.open_wallet(conn, who.workspace_id, "enforce")
    assert (await wallets.view(conn, who.workspace_id))["enforcement"] == "warn"
    await wallets.enforce(conn, who, "enforce")
    assert (await wallets.view(conn, who.workspace_id))["enforcement"] == "enforce"


async def test_grants_and_corrections_add_up_and_stay_as_rows(conn, who):
    await wallets.enforce(conn, who, "enforce")
    for amount, kind in ((5_000_000, "grant"), (-1_250_001, "correction")):
        await wallets.grant(
            conn, who.workspace_id, amount, kind=kind, reason="Why", user_id=who.user_id
        )
    told = await wallets.view(conn, who.workspace_id)
    assert (told["balance"], told["low_balance"]) == ("3.749999", False)
    listed = await wallets.list_grants(conn, who)
    assert [(item["kind"], item["credits"]) for item in listed["items"]] == [
        ("correction", "-1.250001"),
        ("grant", "5.0000"),
    ]
    assert (await wallets.get_transaction(conn, who, UUID(listed["items"][0]["id"])))[
        "reason"
    ] == "Why"
    first = await wallets.list_transactions(conn, who, limit=1)
    rest = await wallets.list_transactions(conn, who, cursor=first["next_cursor"])
    assert [*first["items"], *rest["items"]] == listed["items"]


async def test_an_event_grants_once(conn, who):
    first = await wallets.grant(
        conn, who.workspace_id, 7, kind="top_up", reason="Paid", reference="evt_1"
    )
    again = await wallets.grant(
        conn, who.workspace_id, 7, kind="top_up", reason="Paid", reference="evt_1"
    )
    assert first is not None
    assert again is None
    assert (await wallets.view(conn, who.workspace_id))["balance"] == "0.000007"


async def test_an_operator_takes_no_more_than_is_free_a_dispute_does(conn, who):
    await wallets.grant(conn, who.workspace_id, 10, reason="Start")
    with pytest.raises(Problem, match="credits are free"):
        async with conn.transaction():
            await wallets.grant(conn, who.workspace_id, -11, kind="correction", reason="Back")
    assert (await wallets.view(conn, who.workspace_id))["balance"] == "0.000010"
    await wallets.grant(conn, who.workspace_id, -11, kind="dispute", reason="Charged back")
    assert (await wallets.view(conn, who.workspace_id))["balance"] == "-0.000001"


async def test_a_movement_that_does_not_sum_to_zero_cannot_be_stored(conn, who):
    with pytest.raises(psycopg.errors.CheckViolation, match="postings_balance"):
        async with conn.transaction():
            await conn.execute(
                "INSERT INTO postings (workspace_id, id, kind, wallet_microcredits, month)"
                " VALUES (%s, gen_random_uuid(), 'grant', 1, '2026-01-01')",
                (who.workspace_id,),
            )
