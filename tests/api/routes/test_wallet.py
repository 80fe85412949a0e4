"""`/wallet`: balance and reserve apart, and what has moved them."""

from dataclasses import replace

import pytest

from pantheon.accounts import keys
from pantheon.ledger import attempts
from tests.ledger.billing import CLOSING, attempt_of, give, take
from tests.make import make_user

PATH = "/api/v1/wallet"


async def test_balance_and_reserve_are_shown_apart(api):
    empty = (await api.client.get(PATH)).json()
    assert empty["enforcement"] == "off"
    async with api.db.transaction(api.who.workspace_id) as conn:
        await give(conn, api.who, 2_000_000)
        await take(conn, api.who, 500_000)
    assert (await api.client.get(PATH)).json() == {
        "balance": "2.0000",
        "reserved": "0.5000",
        "available": "1.5000",
        "low_balance": False,
        "low_below": "1.0000",
        "enforcement": "enforce",
    }


async def test_a_member_sees_what_was_granted_and_their_own_charges(api, anonymous):
    async with api.db.transaction(api.who.workspace_id) as conn:
        await give(conn, api.who, 1_000)
        member = await make_user(conn, api.who)
        key, _ = await keys.create_key(conn, member, "member", ["read"])
        charged = replace(CLOSING, charged_microcredits=100, cost_microcredits=90)
        calls = []
        for user in (api.who, member):
            hold_id, _ = await take(conn, user, 100)
            call = attempt_of(user, hold_id, 100)
            await attempts.open_attempt(conn, call)
            await attempts.close(conn, user.workspace_id, call.id, charged, billed=True)
            calls.append(str(call.id))
    mine, others = {"Authorization": f"Bearer {key}"}, PATH + "/transactions"
    whole = (await api.client.get(others)).json()["items"]
    assert [item["call_id"] for item in whole] == [*calls[::-1], None]
    assert [item["credits"] for item in whole] == ["-0.0001", "-0.0001", "0.0010"]
    shown = (await anonymous.get(others, headers=mine)).json()["items"]
    assert [item["call_id"] for item in shown] == [calls[1], None]
    with_holds = (await api.client.get(others, params={"holds": True})).json()["items"]
    assert [item["kind"] for item in with_holds] == ["charge", "hold"] * 2 + ["grant"]
    assert (await anonymous.get(f"{others}?holds=true", headers=mine)).json()["items"] == shown


async def test_movements_come_in_pages(api):
    async with api.db.transaction(api.who.workspace_id) as conn:
        for amount in (1, 2, 3):
            await give(conn, api.who, amount)
    page = (await api.client.get(f"{PATH}/transactions?limit=2")).json()
    rest = (await api.client.get(f"{PATH}/transactions?cursor={page['next_cursor']}")).json()
    amounts = [item["credits"] for item in (*page["items"], *rest["items"])]
    assert amounts == ["0.000003", "0.000002", "0.000001"]
    assert rest["next_cursor"] is None


async def test_the_mark_of_a_low_balance_is_set_and_read(api, anonymous):
    async with api.db.transaction(api.who.workspace_id) as conn:
        await give(conn, api.who, 2_000_000)
        member = await make_user(conn, api.who)
        key, _ = await keys.create_key(conn, member, "member", ["read", "write"])
    changed = await api.client.patch(PATH, json={"low_below": "2.000001"})
    assert changed.status_code == 200
    assert (changed.json()["low_below"], changed.json()["low_balance"]) == ("2.000001", True)
    assert (await api.client.get(PATH)).json() == changed.json()
    again = (await api.client.patch(PATH, json={"low_below": "0"})).json()
    assert (again["low_below"], again["low_balance"]) == ("0.0000", False)
    theirs = {"Authorization": f"Bearer {key}"}
    refused = await anonymous.patch(PATH, json={"low_below": "3"}, headers=theirs)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert (await api.client.get(PATH)).json() == again


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"low_below": None},
        {"low_below": 5},
        {"low_below": "-1"},
        {"low_below": "1.0000001"},
        {"low_below": "1" * 10},
        {"low_below": "1e3"},
        {"low_below": "1\n"},
        {"low_below": "1", "balance": "100"},
    ],
)
async def test_a_mark_that_is_none_is_refused(api, body):
    refused = await api.client.patch(PATH, json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "validation_error")
