"""`/budgets`: set, read, changed and taken away by admins; refusals name them."""

import pytest

from pantheon.ledger import wallets
from tests.api.checks import problem
from tests.api.conftest import open_session

PATH = "/api/v1/budgets"
BUDGET = {"scope": "workspace", "period": "day", "limit": "2.5"}


async def test_a_budget_is_set_changed_and_taken_away(api):
    made = await api.client.post(PATH, json=BUDGET, headers={"Idempotency-Key": "k"})
    budget = made.json()
    assert (made.status_code, made.headers["location"]) == (201, f"{PATH}/{budget['id']}")
    assert (budget["limit"], budget["free"], budget["spent"]) == ("2.5000", "2.5000", "0.0000")
    again = await api.client.post(PATH, json=BUDGET, headers={"Idempotency-Key": "k"})
    assert again.json() == budget
    problem(await api.client.post(PATH, json=BUDGET), 409, "budget_exists")
    url = made.headers["location"]
    assert (await api.client.get(url)).json() == budget
    assert (await api.client.get(PATH)).json()["items"] == [budget]
    changed = await api.client.patch(url, json={"limit": "3"}, headers={"If-Match": '"1"'})
    assert (changed.json()["limit"], changed.headers["etag"]) == ("3.0000", '"2"')
    stale = await api.client.patch(url, json={"limit": "4"}, headers={"If-Match": '"1"'})
    problem(stale, 409, "stale_version")
    assert (await api.client.delete(url)).status_code == 204
    problem(await api.client.get(url), 404, "not_found")
    problem(await api.client.delete(url), 404, "not_found")


@pytest.mark.parametrize(
    "wrong",
    [
        {"limit": "-1"},
        {"limit": "1.0000001"},
        {"limit": 1},
        {"period": "week"},
        {"scope": "room"},
        {"more": 1},
    ],
)
async def test_what_is_no_budget_is_refused(api, wrong):
    problem(await api.client.post(PATH, json={**BUDGET, **wrong}), 422, "validation_error")


async def test_only_admins_set_budgets(api, anonymous):
    url = (await api.client.post(PATH, json=BUDGET)).headers["location"]
    headers = await api.new_key("read", "write")
    assert (await anonymous.get(url, headers=headers)).status_code == 200
    for method, path, body in (
        ("POST", PATH, {**BUDGET, "period": "month"}),
        ("PATCH", url, {"limit": "9"}),
        ("DELETE", url, None),
    ):
        answer = await anonymous.request(method, path, json=body, headers=headers)
        problem(answer, 403, "forbidden")


async def test_a_turn_that_does_not_fit_is_told_which_budget_it_was(api):
    prices = {"prices": [{"model": "demo/fast", "input": "1", "output": "4"}]}
    assert (await api.client.post("/api/v1/admin/price-books", json=prices)).status_code == 201
    async with api.db.transaction(api.who.workspace_id) as conn:
        await wallets.grant(conn, api.who.workspace_id, 10**9, reason="For tests")
        await wallets.enforce(conn, api.who, "enforce")
    session = await open_session(api, agents=2)
    of_room = {"scope": "room", "scope_id": session["room_id"], "period": "month", "limit": "0.001"}
    budget = (await api.client.post(PATH, json=of_room)).json()
    asked = await api.client.post(f"/api/v1/sessions/{session['id']}/turns", json={"input": "Now?"})
    refused = problem(asked, 402, "budget_exceeded")
    assert refused["budget"] == {
        "id": budget["id"],
        "scope": "room",
        "scope_id": session["room_id"],
        "period": "month",
    }
    assert (refused["free"], refused["reserved"]) == ("0.0010", "0.0000")
    assert float(refused["needed"]) > 0.001
    turns = (await api.client.get(f"/api/v1/sessions/{session['id']}/turns")).json()["items"]
    assert turns == [], "what is refused leaves nothing behind"
