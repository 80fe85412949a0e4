"""Tests of `pantheon.api.routes.agents`."""

import asyncio

import pytest

from pantheon.base import ids
from tests.api.checks import problem
from tests.make import make_agent, make_room, make_session, make_turn, make_workspace

PATH = "/api/v1/agents"
GIVEN = {"key": "critic", "name": "Critic", "model": "demo/fast"}


async def count(api, table: str = "agents") -> int:
    counts = {
        "agents": "SELECT count(*) FROM agents",
        "sessions": "SELECT count(*) FROM sessions",
    }
    async with api.db.transaction(api.who.workspace_id) as conn:
        rows = await conn.execute(counts[table])
        return (await rows.fetchone())[0]


async def test_an_agent_is_made_read_changed_and_retired(api):
    made = await api.client.post(
        PATH,
        json={
            **GIVEN,
            "role_prompt": "Find the weak point.",
            "color": 7,
            "parameters": {"max_output_tokens": 500, "temperature": 0.2},
            "context": {"policy": "last", "last_turns": 3},
        },
    )
    agent = made.json()
    assert made.status_code == 201
    assert made.headers["location"] == f"{PATH}/{agent['id']}"
    assert made.headers["etag"] == '"1"'
    assert agent | {"id": 0, "created_at": 0, "updated_at": 0} == {
        **GIVEN,
        "id": 0,
        "role_prompt": "Find the weak point.",
        "color": 7,
        "parameters": {"max_output_tokens": 500, "temperature": 0.2},
        "tools": [],
        "context": {"policy": "last", "last_turns": 3},
        "created_at": 0,
        "updated_at": 0,
        "version": 1,
    }
    read = await api.client.get(made.headers["location"])
    assert (read.status_code, read.json(), read.headers["etag"]) == (200, agent, '"1"')

    change = {"name": "Judge", "parameters": {}, "tools": [], "context": {"policy": "own"}}
    changed = await api.client.patch(
        made.headers["location"], json=change, headers={"If-Match": '"1"'}
    )
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    assert changed.json() == agent | change | {
        "version": 2,
        "updated_at": changed.json()["updated_at"],
    }
    stale = await api.client.patch(
        made.headers["location"], json=change, headers={"If-Match": '"1"'}
    )
    problem(stale, 409, "stale_version")

    assert (await api.client.get(PATH)).json()["items"] == [changed.json()]
    gone = await api.client.delete(made.headers["location"])
    assert (gone.status_code, gone.content) == (204, b"")
    for method in ("GET", "PATCH", "DELETE"):
        again = await api.client.request(
            method, made.headers["location"], json={} if method == "PATCH" else None
        )
        problem(again, 404, "not_found")
    assert (await api.client.get(PATH)).json() == {"items": [], "next_cursor": None}


async def test_what_is_left_out_has_a_default(api):
    agent = (await api.client.post(PATH, json=GIVEN)).json()
    given = ("role_prompt", "color", "parameters", "tools", "context")
    assert [agent[name] for name in given] == ["", 1, {}, [], {"policy": "everything"}]


@pytest.mark.parametrize(
    ("change", "code", "word"),
    [
        ({"key": "Critic"}, "validation_error", "#/key"),
        ({"key": "1st"}, "validation_error", "#/key"),
        ({"key": "a" * 33}, "validation_error", "#/key"),
        ({"key": "critic\n"}, "validation_error", "#/key"),
        ({"key": "all"}, "validation_error", "@all"),
        ({"key": None}, "validation_error", "#/key"),
        ({"name": ""}, "validation_error", "#/name"),
        ({"name": "x" * 201}, "validation_error", "#/name"),
        ({"name": "a\x00b"}, "validation_error", "NUL"),
        ({"role_prompt": "x" * 200_001}, "validation_error", "#/role_prompt"),
        ({"color": 0}, "validation_error", "#/color"),
        ({"color": 9}, "validation_error", "#/color"),
        ({"model": "demo/none"}, "unknown_model", "demo/fast"),
        ({"model": "nobody/x"}, "unknown_model", "demo/fast"),
        ({"model": "fast"}, "unknown_model", "demo/fast"),
        ({"model": ""}, "validation_error", "#/model"),
        ({"parameters": {"temperature": 2.1}}, "validation_error", "#/parameters/temperature"),
        ({"parameters": {"max_output_tokens": 0}}, "validation_error", "#/parameters/max"),
        ({"parameters": {"top_p": 1}}, "validation_error", "#/parameters/top_p"),
        ({"parameters": {"reasoning_effort": "x"}}, "validation_error", "#/parameters/reason"),
        ({"tools": ["search"]}, "validation_error", "no tools"),
        ({"context": {"policy": "summary", "last_turns": 2}}, "validation_error", "last_turns"),
        ({"context": {"policy": "last"}}, "validation_error", "last_turns"),
        ({"context": {"policy": "own", "last_turns": 2}}, "validation_error", "last_turns"),
        ({"context": {"policy": "nothing"}}, "validation_error", "#/context/policy"),
        ({"context": {"policy": "last", "last_turns": 0}}, "validation_error", "#/context/last"),
        ({"id": str(ids.new())}, "validation_error", "#/id"),
        ({"workspace_id": str(ids.new())}, "validation_error", "#/workspace_id"),
        ({"version": 7}, "validation_error", "#/version"),
    ],
)
async def test_bad_input_is_told_and_nothing_is_stored(api, change, code, word):
    refused = await api.client.post(PATH, json={**GIVEN, **change})
    assert word in problem(refused, 422, code)["detail"]
    assert await count(api) == 0
    agent = (await api.client.post(PATH, json=GIVEN)).json()
    refused = await api.client.patch(f"{PATH}/{agent['id']}", json=change)
    assert word in problem(refused, 422, code)["detail"]
    assert (await api.client.get(f"{PATH}/{agent['id']}")).json() == agent


@pytest.mark.parametrize(
    "text", [r'"a\ud800b"', r'"\udc00"', r'["\ud800"]', r'{"\ud800": 1}', '"\\u0000"']
)
@pytest.mark.parametrize("field", ["key", "name", "model", "role_prompt", "tools", "parameters"])
async def test_what_is_no_text_is_refused(api, field, text):
    others = "".join(f'"{name}": "{value}", ' for name, value in GIVEN.items() if name != field)
    refused = await api.client.post(
        PATH,
        content=f'{{{others}"{field}": {text}}}',
        headers={"Content-Type": "application/json"},
    )
    problem(refused, 422, "validation_error")
    assert await count(api) == 0


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '"x"', "{}"])
async def test_a_body_that_is_no_agent_is_refused(api, body):
    refused = await api.client.post(
        PATH, content=body, headers={"Content-Type": "application/json"}
    )
    problem(refused, 422, "validation_error")
    assert await count(api) == 0


async def test_a_key_is_taken_once(api):
    first = await api.client.post(PATH, json=GIVEN)
    again = await api.client.post(PATH, json=GIVEN)
    assert "critic" in problem(again, 409, "key_taken")["detail"]
    other = (await api.client.post(PATH, json={**GIVEN, "key": "writer"})).json()
    taken = await api.client.patch(f"{PATH}/{other['id']}", json={"key": "critic"})
    problem(taken, 409, "key_taken")
    assert await count(api) == 2
    await api.client.delete(first.headers["location"])
    freed = await api.client.patch(f"{PATH}/{other['id']}", json={"key": "critic"})
    assert (freed.status_code, freed.json()["key"]) == (200, "critic")


async def test_a_repeated_post_makes_one_agent(api):
    headers = {"Idempotency-Key": "one"}
    first = await api.client.post(PATH, json=GIVEN, headers=headers)
    await api.client.patch(first.headers["location"], json={"name": "Changed"})
    again = await api.client.post(PATH, json=GIVEN, headers=headers)
    assert (again.status_code, again.headers["location"]) == (201, first.headers["location"])
    assert (again.json()["name"], again.headers["etag"]) == ("Changed", '"2"')
    other = await api.client.post(PATH, json={**GIVEN, "key": "writer"}, headers=headers)
    problem(other, 422, "idempotency_key_reused")
    assert await count(api) == 1


async def test_a_deleted_agent_leaves_rooms_and_keeps_its_sessions(api):
    async with api.db.transaction(api.who.workspace_id) as conn:
        agents = [await make_agent(conn, api.who) for _ in range(3)]
        room = await make_room(conn, api.who, agents=agents)
        session = await make_session(conn, api.who, agent=agents[0])
        await make_turn(conn, api.who, session, status="completed")
    await api.client.delete(f"{PATH}/{agents[0]['id']}")
    seats = (await api.client.get(f"/api/v1/rooms/{room['id']}")).json()["agents"]
    assert [(seat["agent_id"], seat["position"]) for seat in seats] == [
        (agents[1]["id"], 1),
        (agents[2]["id"], 2),
    ]
    read = await api.client.get(f"/api/v1/sessions/{session['id']}")
    assert (read.status_code, read.json()["turns"]) == (200, 1)
    assert [s["id"] for s in (await api.client.get("/api/v1/sessions")).json()["items"]] == [
        session["id"]
    ]
    problem(await api.client.get(f"{PATH}/{agents[0]['id']}/sessions"), 404, "not_found")
    problem(await api.client.post(f"{PATH}/{agents[0]['id']}/sessions", json={}), 404, "not_found")


async def test_sessions_with_an_agent_are_opened_and_listed(api):
    agent = (await api.client.post(PATH, json=GIVEN)).json()
    path = f"{PATH}/{agent['id']}/sessions"
    headers = {"Idempotency-Key": "one"}
    made = await api.client.post(path, json={"name": "Plans"}, headers=headers)
    again = await api.client.post(path, json={"name": "Plans"}, headers=headers)
    session = made.json()
    assert (made.status_code, made.json()) == (201, again.json())
    assert made.headers["location"] == f"/api/v1/sessions/{session['id']}"
    assert (session["agent_id"], session["room_id"]) == (agent["id"], None)
    assert (await api.client.get(made.headers["location"])).json() == session
    assert (await api.client.get(path)).json() == {"items": [session], "next_cursor": None}
    assert await count(api, "sessions") == 1


async def test_agents_of_another_workspace_are_not_there(api):
    other = await make_workspace(api.db)
    async with api.db.transaction(other.workspace_id) as conn:
        agent = await make_agent(conn, other)
    for gone in (agent["id"], str(ids.new())):
        for method, path, body in (
            ("GET", f"{PATH}/{gone}", None),
            ("PATCH", f"{PATH}/{gone}", {"name": "Mine"}),
            ("DELETE", f"{PATH}/{gone}", None),
            ("GET", f"{PATH}/{gone}/sessions", None),
            ("POST", f"{PATH}/{gone}/sessions", {}),
        ):
            problem(await api.client.request(method, path, json=body), 404, "not_found")
    assert (await api.client.get(PATH)).json()["items"] == []
    async with api.db.transaction(other.workspace_id) as conn:
        rows = await conn.execute("SELECT name, version, deleted_at FROM agents")
        assert await rows.fetchall() == [(agent["name"], 1, None)]


async def test_an_id_a_page_or_a_version_that_is_none_is_refused(api):
    for path in (f"{PATH}/x", f"{PATH}?limit=0", f"{PATH}?limit=201", f"{PATH}?cursor=x"):
        problem(await api.client.get(path), 422, "validation_error")
    agent = (await api.client.post(PATH, json=GIVEN)).json()
    for version in ("x", '""', '"1", "2"', '"-1"', '"1.0"', '"99999999999"'):
        headers = {"If-Match": version}
        for method, body in (("PATCH", {"name": "X"}), ("DELETE", None)):
            refused = await api.client.request(
                method, f"{PATH}/{agent['id']}", json=body, headers=headers
            )
            problem(refused, 422, "validation_error")
    assert (await api.client.get(f"{PATH}/{agent['id']}")).json() == agent


async def test_a_test_asks_the_model_once_and_is_in_the_ledger(api):
    agent = (await api.client.post(PATH, json=GIVEN)).json()
    answer = await api.client.post(f"{PATH}/{agent['id']}/test")
    tested = answer.json()
    assert (answer.status_code, tested["error"]) == (200, None)
    assert tested["text"]
    call = tested["call"]
    told = ("purpose", "agent_key", "model", "outcome", "turn_id", "session_id")
    assert [call[name] for name in told] == [
        "test", "critic", "demo/fast", "completed", None, None,
    ]  # fmt: skip
    assert (await api.client.get("/api/v1/usage/calls")).json()["items"] == [call]


async def test_a_test_that_fails_says_why_and_is_in_the_ledger(api):
    agent = (await api.client.post(PATH, json={**GIVEN, "model": "demo/failing"})).json()
    answer = await api.client.post(f"{PATH}/{agent['id']}/test")
    tested = answer.json()
    assert answer.status_code == 200
    assert tested["error"]["detail"]
    assert (tested["call"]["outcome"], tested["call"]["error_code"]) == (
        "failed",
        tested["error"]["code"],
    )


async def test_a_repeated_test_asks_nobody(api):
    agent = (await api.client.post(PATH, json=GIVEN)).json()
    path, headers = f"{PATH}/{agent['id']}/test", {"Idempotency-Key": "one"}
    first = (await api.client.post(path, headers=headers)).json()
    again = (await api.client.post(path, headers=headers)).json()
    assert again == {"call": first["call"], "text": None, "error": None}
    assert len((await api.client.get("/api/v1/usage/calls")).json()["items"]) == 1


async def test_a_test_is_refused_while_its_first_request_runs(api):
    slow = {**GIVEN, "model": "demo/analyst"}  # some words a second
    agent = (await api.client.post(PATH, json=slow)).json()
    path, headers = f"{PATH}/{agent['id']}/test", {"Idempotency-Key": "one"}
    running = asyncio.create_task(api.client.post(path, headers=headers))
    await claimed(api)
    refused = await api.client.post(path, headers=headers)
    problem(refused, 409, "idempotency_in_progress")
    assert refused.headers["retry-after"] == "5"
    assert (await running).json()["call"]["outcome"] == "completed"
    assert len((await api.client.get("/api/v1/usage/calls")).json()["items"]) == 1


async def test_a_test_left_open_by_a_dead_process_is_made_anew_after_a_minute(api):
    agent = (await api.client.post(PATH, json=GIVEN)).json()
    path, headers = f"{PATH}/{agent['id']}/test", {"Idempotency-Key": "one"}
    first = (await api.client.post(path, headers=headers)).json()
    for seconds, status in ((50, 409), (70, 200)):
        async with api.db.transaction(api.who.workspace_id) as conn:
            await conn.execute(
                "UPDATE idempotency_keys SET status = NULL, resource_id = NULL,"
                " created_at = now() - make_interval(secs => %s)",
                (seconds,),
            )
        answer = await api.client.post(path, headers=headers)
        assert answer.status_code == status
    assert answer.json()["call"]["id"] != first["call"]["id"]


async def test_an_agent_that_is_gone_is_not_tested(api):
    agent = (await api.client.post(PATH, json=GIVEN)).json()
    path, headers = f"{PATH}/{agent['id']}/test", {"Idempotency-Key": "one"}
    await api.client.delete(f"{PATH}/{agent['id']}")
    for _ in range(2):
        problem(await api.client.post(path, headers=headers), 404, "not_found")
    assert (await api.client.get("/api/v1/usage/calls")).json()["items"] == []


async def claimed(api) -> None:
    """Return when a request's Idempotency-Key is stored."""
    async with asyncio.timeout(10):
        while True:
            async with api.db.transaction(api.who.workspace_id) as conn:
                rows = await conn.execute("SELECT 1 FROM idempotency_keys, pg_sleep(0.01)")
                if await rows.fetchone():
                    return
