"""`/admin`: grants, price books, the switch of billing, and the books against themselves."""

import pytest

from pantheon.api.app import create_app
from pantheon.base import ids
from pantheon.ops.invariants import CHECKS
from pantheon.ops.runtime import open_runtime
from tests.api.checks import problem
from tests.api.conftest import ask, client_of, open_session
from tests.make import make_workspace

PATH = "/api/v1/admin"
PRICE = {"model": "demo/fast", "input": "1.5", "output": 6, "cached_input": "0.15"}


async def test_a_grant_is_a_row_and_so_is_its_correction(api):
    body, headers = {"credits": "12.5", "reason": "Invoice 7"}, {"Idempotency-Key": "k"}
    made = await api.client.post(f"{PATH}/grants", json=body, headers=headers)
    assert made.status_code == 201
    grant = made.json()
    assert (grant["kind"], grant["credits"], grant["reason"]) == ("grant", "12.5000", "Invoice 7")
    assert grant["user_id"] == str(api.who.user_id)
    again = await api.client.post(f"{PATH}/grants", json=body, headers=headers)
    assert again.json() == grant
    back = await api.client.post(f"{PATH}/grants", json={"credits": "-2.5", "reason": "Too much"})
    assert back.json()["kind"] == "correction"
    listed = (await api.client.get(f"{PATH}/grants")).json()["items"]
    assert listed == [back.json(), grant]
    assert (await api.client.get("/api/v1/wallet")).json()["balance"] == "10.0000"
    too_much = {"credits": "-10.000001", "reason": "All"}
    problem(await api.client.post(f"{PATH}/grants", json=too_much), 422, "validation_error")


@pytest.mark.parametrize("credits", ["0", "1e3", "0.0000001", "-", "", 1, "1000000001"])
async def test_what_is_no_amount_is_refused(api, credits):
    answer = await api.client.post(f"{PATH}/grants", json={"credits": credits, "reason": "Why"})
    problem(answer, 422, "validation_error")


async def test_a_price_book_is_a_version_that_models_show(api):
    body = {"prices": [PRICE], "margin_percent": "20", "reason": "Spring"}
    made = await api.client.post(f"{PATH}/price-books", json=body)
    book = made.json()
    assert (made.status_code, book["version"], book["margin_percent"]) == (201, 1, "20")
    assert (await api.client.get(made.headers["location"])).json() == book
    (listed,) = (await api.client.get(f"{PATH}/price-books")).json()["items"]
    assert (listed["id"], listed["valid"], listed["models"]) == (
        book["id"],
        True,
        len(book["prices"]),
    )
    models = (await api.client.get("/api/v1/models")).json()["items"]
    (prices,) = [model["prices"] for model in models if model["id"] == "demo/fast"]
    assert prices == {"input": "1.5", "output": "6", "cached_input": "0.15", "version": "book 1"}
    report = await api.client.get(f"{made.headers['location']}/repricing")
    assert report.json() == {"items": []}
    problem(await api.client.get(f"{PATH}/price-books/{ids.new()}"), 404, "not_found")


@pytest.mark.parametrize(
    "wrong",
    [
        {"prices": [{**PRICE, "input": "-0.000000001"}]},
        {"prices": [{**PRICE, "output": "100001"}]},
        {"prices": [{**PRICE, "input": "NaN"}]},
        {"prices": [{"model": "demo/fast", "input": "1"}]},
        {"prices": [PRICE, PRICE]},
        {"prices": [], "credits_per_usd": "0"},
        {"prices": [], "margin_percent": "-1"},
        {"prices": [], "valid_from": "2020-01-01T00:00:00Z"},
    ],
)
async def test_negative_and_absurd_prices_are_refused(api, wrong):
    problem(await api.client.post(f"{PATH}/price-books", json=wrong), 422, "validation_error")
    assert (await api.client.get(f"{PATH}/price-books")).json()["items"] == []


async def test_the_switch_holds_for_the_next_turn(api):
    session = await open_session(api, agents=1, model="demo/fast")
    dear = {"prices": [{"model": "demo/fast", "input": "100", "output": "400"}]}
    assert (await api.client.post(f"{PATH}/price-books", json=dear)).status_code == 201
    told = await api.client.put(f"{PATH}/enforcement", json={"mode": "enforce"})
    assert told.json()["enforcement"] == "enforce"
    url = f"/api/v1/sessions/{session['id']}/turns"
    refused = problem(
        await api.client.post(url, json={"input": "Now?"}), 402, "insufficient_credits"
    )
    assert refused["budget"] == {"scope": "wallet"}
    assert (refused["free"], refused["reserved"]) == ("0.0000", "0.0000")
    await api.client.put(f"{PATH}/enforcement", json={"mode": "off"})
    await ask(api, session)
    wrong = await api.client.put(f"{PATH}/enforcement", json={"mode": "on"})
    problem(wrong, 422, "validation_error")


async def test_the_books_are_checked_in_the_workspace_alone(api):
    await api.client.post(f"{PATH}/grants", json={"credits": "5", "reason": "Start"})
    other = await make_workspace(api.db)
    async with api.db.transaction(other.workspace_id) as conn:
        await conn.execute(
            "INSERT INTO wallets (workspace_id, balance_microcredits) VALUES (%s, 7)",
            (other.workspace_id,),
        )
    told = (await api.client.get(f"{PATH}/reconciliation")).json()
    assert told["ok"], [item for item in told["items"] if item["drift"]]
    assert [item["says"] for item in told["items"]] == [check.says for check in CHECKS]
    async with api.db.transaction(api.who.workspace_id) as conn:
        await conn.execute("UPDATE wallets SET balance_microcredits = balance_microcredits + 1")
    told = (await api.client.get(f"{PATH}/reconciliation")).json()
    (broken,) = [item for item in told["items"] if item["drift"]]
    assert (told["ok"], broken["id"], broken["drift"]) == (False, "I1", 1)
    assert str(api.who.workspace_id) in broken["rows"][0]


async def test_the_operators_routes_are_the_admins(api, anonymous):
    headers = await api.new_key("read", "write")
    for method, path in (
        ("GET", "grants"),
        ("POST", "grants"),
        ("GET", "price-books"),
        ("POST", "price-books"),
        ("PUT", "enforcement"),
        ("GET", "reconciliation"),
        ("GET", "months"),
        ("PUT", "months/2020-01"),
    ):
        answer = await anonymous.request(method, f"{PATH}/{path}", headers=headers, json={})
        problem(answer, 403, "forbidden")


async def test_a_month_that_is_over_is_closed(api):
    closed = await api.client.put(f"{PATH}/months/2020-01")
    assert (closed.status_code, closed.json()["month"]) == (200, "2020-01")
    assert (await api.client.get(f"{PATH}/months")).json()["items"] == [closed.json()]
    for wrong in ("2099-01", "2020-13", "2020-1"):
        problem(await api.client.put(f"{PATH}/months/{wrong}"), 422, "validation_error")


async def test_the_switch_holds_in_every_process_at_once(api, server, settings):
    """The other process has answered a turn before, and is told nothing."""
    session = await open_session(api, agents=1)
    url = f"/api/v1/sessions/{session['id']}/turns"
    dear = {"prices": [{"model": "demo/fast", "input": "100", "output": "400"}]}
    headers = {"Authorization": f"Bearer {api.key}"}
    async with (
        open_runtime(settings, server, environment={}) as other,
        client_of(create_app(other), headers=headers) as elsewhere,
    ):
        assert (await elsewhere.get("/api/v1/wallet")).json()["enforcement"] == "off"
        assert (await elsewhere.post(f"{url}/forecast", json={"input": "?"})).status_code == 200
        await api.client.post(f"{PATH}/price-books", json=dear)
        await api.client.put(f"{PATH}/enforcement", json={"mode": "enforce"})
        refused = await elsewhere.post(url, json={"input": "Now?"})
        problem(refused, 402, "insufficient_credits")
        await elsewhere.put(f"{PATH}/enforcement", json={"mode": "warn"})
        warned = await api.client.post(url, json={"input": "Now?"})
        assert [w["code"] for w in warned.json()["warnings"]] == ["insufficient_credits"]
