"""Tests of `pantheon.api.routes.usage`."""

import csv
from datetime import UTC, datetime, timedelta

import pytest

from pantheon.base import ids
from pantheon.ledger.reports import GROUPS
from pantheon.providers.types import TokenUsage
from tests.api.checks import problem
from tests.make import make_call, make_room, make_session, make_turn, make_user, make_workspace

PATH = "/api/v1/usage"


@pytest.fixture
async def ledger(api) -> dict:
    """Two answers of a turn and a test call: 100 + 200 + 300 tokens in, 0.25 USD priced."""
    async with api.db.transaction(api.who.workspace_id) as conn:
        room = await make_room(conn, api.who)
        turn = await make_turn(conn, api.who, await make_session(conn, api.who, room=room))
        calls = [
            await make_call(
                conn,
                api.who,
                turn=turn if purpose == "answer" else None,
                room=room if purpose == "answer" else None,
                agent_key=key,
                purpose=purpose,
                model=model,
                usage=TokenUsage(tokens, 10, 20, 5),
                cost_usd=cost,
                charged_microcredits=charged,
            )
            for key, purpose, model, tokens, cost, charged in (
                ("critic", "answer", "lab/m1", 100, "0.125", 125_000),
                ("writer", "answer", "lab/m2", 200, "0.125", 125_000),
                (None, "test", "lab/m2", 300, None, 0),
            )
        ]
    return {"room": room, "turn": turn, "calls": [str(call) for call in calls]}


async def test_calls_are_listed_and_filtered(api, ledger):
    first, second, third = ledger["calls"]
    everything = (await api.client.get(f"{PATH}/calls")).json()
    assert [call["id"] for call in everything["items"]] == [third, second, first]
    assert everything["next_cursor"] is None
    now = datetime.now(UTC)
    for params, expected in (
        ({"room": ledger["room"]["id"]}, [second, first]),
        ({"session": ledger["turn"]["session_id"]}, [second, first]),
        ({"turn": ledger["turn"]["id"]}, [second, first]),
        ({"agent": "critic"}, [first]),
        ({"purpose": "test"}, [third]),
        ({"model": "lab/m2"}, [third, second]),
        ({"model": "lab/m2", "purpose": "answer"}, [second]),
        ({"from": (now - timedelta(hours=1)).isoformat()}, [third, second, first]),
        ({"to": (now - timedelta(hours=1)).isoformat()}, []),
        ({"room": str(ids.new())}, []),
        ({"limit": 1}, [third]),
    ):
        page = (await api.client.get(f"{PATH}/calls", params=params)).json()
        assert [call["id"] for call in page["items"]] == expected
    page = (await api.client.get(f"{PATH}/calls", params={"limit": 1})).json()
    rest = await api.client.get(f"{PATH}/calls", params={"cursor": page["next_cursor"]})
    assert [call["id"] for call in rest.json()["items"]] == [second, first]


async def test_calls_come_as_a_table(api, ledger):
    answer = await api.client.get(f"{PATH}/calls?limit=1", headers={"Accept": "text/csv"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/csv; charset=utf-8")
    assert answer.text.count("\r\n") == 4
    rows = list(csv.DictReader(answer.text.splitlines()))
    assert [row["id"] for row in rows] == ledger["calls"][::-1]
    assert [row["agent_key"] for row in rows] == ["", "writer", "critic"]
    assert [row["cost_usd"] for row in rows] == ["", "0.125000", "0.125000"]
    assert [row["credits"] for row in rows] == ["0.0000", "0.1250", "0.1250"]
    assert sum(int(row["input_tokens"]) for row in rows) == 600
    refused = await api.client.get(f"{PATH}/calls?cursor=x", headers={"Accept": "text/csv"})
    problem(refused, 422, "validation_error")


async def test_a_table_has_all_pages_and_no_formulas(api, monkeypatch):
    monkeypatch.setattr("pantheon.api.routes.usage.CSV_PAGE", 2)
    async with api.db.transaction(api.who.workspace_id) as conn:
        for _ in range(4):
            await make_call(conn, api.who, model="=cmd()", error_code='-1,\n"x"')
        await make_call(conn, api.who)
    answer = await api.client.get(f"{PATH}/calls", headers={"Accept": "text/csv"})
    rows = list(csv.DictReader(answer.text.splitlines(keepends=True)))
    assert len(rows) == 5
    assert [row["model"] for row in rows[1:]] == ["'=cmd()"] * 4
    assert {row["error_code"] for row in rows[1:]} == {'\'-1,\n"x"'}


async def test_usage_is_summed_by_group(api, ledger):
    by_agent = (await api.client.get(PATH, params={"group_by": "agent"})).json()
    assert by_agent["next_cursor"] is None
    found = [
        (item["agent"], item["usage"]["input_tokens"], item["usage"]["cost_usd"])
        for item in by_agent["items"]
    ]
    assert found == [("writer", 200, "0.125000"), ("critic", 100, "0.125000"), (None, 300, None)]
    both = (await api.client.get(PATH, params={"group_by": "model,purpose"})).json()["items"]
    assert {(item["model"], item["purpose"], item["usage"]["calls"]) for item in both} == {
        ("lab/m1", "answer", 1),
        ("lab/m2", "answer", 1),
        ("lab/m2", "test", 1),
    }
    for group in GROUPS:
        items = (await api.client.get(PATH, params={"group_by": group})).json()["items"]
        assert sum(item["usage"]["input_tokens"] for item in items) == 600
        assert sum(item["usage"]["calls"] for item in items) == 3
    only = (await api.client.get(PATH, params={"group_by": "month", "agent": "critic"})).json()
    assert [item["usage"]["credits"] for item in only["items"]] == ["0.1250"]
    (today,) = (await api.client.get(PATH)).json()["items"]
    assert today["usage"]["unpriced_calls"] == 1


@pytest.mark.parametrize(
    "query",
    [
        "group_by=hour",
        "group_by=",
        "group_by=day,day",
        "group_by=day;model",
        "limit=0",
        "limit=201",
        "cursor=x",
        "from=yesterday",
        "from=2026-01-01T00:00:00",
        "room=x",
        "purpose=fun",
        "agent=" + "a" * 33,
    ],
)
async def test_bad_queries_are_told(api, query):
    problem(await api.client.get(f"{PATH}?{query}"), 422, "validation_error")
    if not query.startswith("group_by"):
        problem(await api.client.get(f"{PATH}/calls?{query}"), 422, "validation_error")


async def test_nobody_sees_another_workspaces_calls(api):
    other = await make_workspace(api.db)
    async with api.db.transaction(other.workspace_id) as conn:
        await make_call(conn, other)
    assert (await api.client.get(f"{PATH}/calls")).json()["items"] == []
    assert (await api.client.get(PATH)).json()["items"] == []


async def test_an_owner_sees_everybodys_calls(api):
    async with api.db.transaction(api.who.workspace_id) as conn:
        await make_call(conn, await make_user(conn, api.who))
    assert len((await api.client.get(f"{PATH}/calls")).json()["items"]) == 1


async def test_an_invoice_is_compared_with_the_ledger(api, ledger):
    """The tests' calls are of today: 100 tokens of m1, 500 of m2 in two calls."""
    today = datetime.now(UTC).date().isoformat()
    file = f"date,model,input_tokens,cost_usd\n{today},m1,100,0.125\n{today},lab/m2,600,0.13\n"
    answer = await api.client.post(f"{PATH}/invoice", json={"provider": "lab", "csv": file})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert [(item["model"], item["agrees"]) for item in found["items"]] == [
        ("m1", True),
        ("m2", False),
    ]
    assert found["items"][1]["drift"]["input_tokens"] == 100
    assert found["items"][1]["ours"]["unpriced_calls"] == 1
    assert found["drift"]["cost_usd"] == "0.005000"
    lines = {"provider": "lab", "lines": [{"model": "m2", "calls": 2}], "from": today, "to": today}
    totals = (await api.client.post(f"{PATH}/invoice", json=lines)).json()
    assert [(item["model"], item["drift"]["calls"]) for item in totals["items"]] == [
        ("m1", -1),
        ("m2", 0),
    ]
    for wrong in (
        {"provider": "lab"},
        {"provider": "lab", "csv": file, "lines": []},
        {"provider": "lab", "lines": [{"model": "m2", "calls": 2}]},
        {"provider": "lab", "csv": "a,b\n1,2\n"},
    ):
        problem(await api.client.post(f"{PATH}/invoice", json=wrong), 422, "validation_error")


@pytest.mark.parametrize("day", [1_700_000_000, "1700000000", "2026-01-01T00:00:00", True])
async def test_a_day_is_written_as_one(api, day):
    line = {"day": day, "model": "m", "calls": 1}
    told = await api.client.post(f"{PATH}/invoice", json={"provider": "lab", "lines": [line]})
    problem(told, 422, "validation_error")


async def test_a_line_without_figures_is_told_with_none(api):
    line = {"day": "2026-01-31", "model": "m"}
    told = await api.client.post(f"{PATH}/invoice", json={"provider": "lab", "lines": [line]})
    (item,) = told.json()["items"]
    assert set(item["theirs"].values()) == {None}


async def test_an_invoice_is_for_admins(api, anonymous):
    headers = await api.new_key("read", "write")
    body = {"provider": "lab", "csv": "model,calls\nm,1\n"}
    refused = await anonymous.post(f"{PATH}/invoice", json=body, headers=headers)
    problem(refused, 403, "forbidden")
