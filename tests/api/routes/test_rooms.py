"""Tests of `pantheon.api.routes.rooms`."""

import asyncio
from uuid import UUID

import pytest

from pantheon.base import ids
from tests.api.checks import problem
from tests.make import make_agent, make_room, make_session, make_turn, make_workspace

PATH = "/api/v1/rooms"


async def make(api, agents: int = 3, **given) -> dict:
    async with api.db.transaction(api.who.workspace_id) as conn:
        return await make_room(conn, api.who, agents=agents, **given)


async def new_agent(api) -> str:
    async with api.db.transaction(api.who.workspace_id) as conn:
        return (await make_agent(conn, api.who))["id"]


async def get(api, room: dict) -> dict:
    return (await api.client.get(f"{PATH}/{room['id']}")).json()


async def order(api, room: dict) -> list[str]:
    seats = (await get(api, room))["agents"]
    assert [seat["position"] for seat in seats] == list(range(1, len(seats) + 1))
    return [seat["agent_id"] for seat in seats]


async def count_rooms(api) -> int:
    async with api.db.transaction(api.who.workspace_id) as conn:
        rows = await conn.execute("SELECT count(*) FROM rooms")
        return (await rows.fetchone())[0]


async def test_a_room_is_made_read_changed_deleted_and_restored(api):
    given = {
        "name": "Board",
        "goal": "Decide.",
        "mode": "manual",
        "mentions": "first",
        "order": "sequence",
        "manager": {"model": "demo/fast", "prompt": "Lead."},
        "limits": {"turn_seconds": 60},
        "summary_model": "demo/fast",
    }
    made = await api.client.post(PATH, json=given)
    room = made.json()
    path = f"{PATH}/{room['id']}"
    assert (made.status_code, made.headers["location"]) == (201, path)
    assert made.headers["etag"] == '"1"'
    assert room | {"id": 0, "created_at": 0, "updated_at": 0} == {
        **given,
        "id": 0,
        "approve": "never",
        "agents": [],
        "created_at": 0,
        "updated_at": 0,
        "version": 1,
    }
    assert (await api.client.get(path)).json() == room

    change = {
        "goal": None, "manager": None, "limits": {}, "mode": "roundtable", "summary_model": None,
    }  # fmt: skip
    changed = await api.client.patch(path, json=change, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    updated_at = changed.json()["updated_at"]
    assert changed.json() == room | change | {"version": 2, "updated_at": updated_at}
    stale = await api.client.patch(path, json=change, headers={"If-Match": '"1"'})
    problem(stale, 409, "stale_version")
    problem(await api.client.delete(path, headers={"If-Match": '"1"'}), 409, "stale_version")

    assert (await api.client.delete(path, headers={"If-Match": '"2"'})).status_code == 204
    for method, body in (("GET", None), ("PATCH", {}), ("DELETE", None)):
        problem(await api.client.request(method, path, json=body), 404, "not_found")
    assert (await api.client.get(PATH)).json() == {"items": [], "next_cursor": None}
    deleted = (await api.client.get(PATH, params={"deleted": True})).json()
    assert [item["id"] for item in deleted["items"]] == [room["id"]]
    back = await api.client.post(f"{path}/restore")
    assert (back.status_code, back.headers["etag"]) == (200, '"4"')
    assert back.json() == changed.json() | {"version": 4}
    assert (await api.client.get(PATH)).json()["items"] == [back.json()]
    assert (await api.client.get(PATH, params={"deleted": True})).json()["items"] == []


async def test_tag_is_another_name_of_manual(api):
    room = (await api.client.post(PATH, json={"name": "R", "mode": "tag"})).json()
    assert room["mode"] == "manual"


@pytest.mark.parametrize(
    ("change", "code", "word"),
    [
        ({"name": ""}, "validation_error", "#/name"),
        ({"name": None}, "validation_error", "#/name"),
        ({"name": "x" * 201}, "validation_error", "#/name"),
        ({"goal": "x" * 200_001}, "validation_error", "#/goal"),
        ({"mode": "orchestrator"}, "goal_required", "needs a goal"),
        ({"mode": "direct"}, "validation_error", "manual, roundtable, orchestrator"),
        ({"mode": "chaos"}, "validation_error", "manual, roundtable"),
        ({"mode": None}, "validation_error", "#/mode"),
        ({"mentions": "all"}, "validation_error", "#/mentions"),
        ({"order": "random"}, "validation_error", "#/order"),
        ({"approve": "maybe"}, "validation_error", "#/approve"),
        ({"limits": {"turn_minutes": 1}}, "validation_error", "turn_minutes"),
        ({"summary_model": "demo/gone"}, "unknown_model", "demo/gone"),
        ({"limits": {"turn_seconds": 0}}, "validation_error", "turn_seconds"),
        ({"limits": {"turn_seconds": 10**30}}, "validation_error", "turn_seconds"),
        ({"limits": {"parallel": "2"}}, "validation_error", "parallel"),
        ({"limits": {"credits": 2}}, "validation_error", "credits"),
        ({"limits": {"parallel": True}}, "validation_error", "#/limits/parallel"),
        ({"manager": {}}, "validation_error", "#/manager"),
        ({"manager": {"agent_id": str(ids.new())}}, "validation_error", "no agent"),
        ({"manager": {"model": "demo/none"}}, "unknown_model", "demo/fast"),
        ({"manager": {"agent_id": str(ids.new()), "prompt": "x"}}, "validation_error", "prompt"),
        ({"agents": []}, "validation_error", "#/agents"),
        ({"version": 3}, "validation_error", "#/version"),
        ({"workspace_id": str(ids.new())}, "validation_error", "#/workspace_id"),
    ],
)
async def test_bad_input_is_told_and_nothing_is_stored(api, change, code, word):
    refused = await api.client.post(PATH, json={"name": "Board", **change})
    assert word in problem(refused, 422, code)["detail"]
    assert await count_rooms(api) == 0
    room = await make(api)
    refused = await api.client.patch(f"{PATH}/{room['id']}", json=change)
    assert word in problem(refused, 422, code)["detail"]
    assert await get(api, room) == room


async def test_a_repeated_post_makes_one_room(api):
    headers = {"Idempotency-Key": "one"}
    posts = [api.client.post(PATH, json={"name": "Board"}, headers=headers) for _ in range(4)]
    answers = await asyncio.gather(*posts)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert await count_rooms(api) == 1


async def test_an_agent_is_seated_changed_and_taken_out(api):
    room = await make(api, agents=2)
    first, second = await order(api, room)
    new = await new_agent(api)
    path = f"{PATH}/{room['id']}/agents"
    seated = await api.client.post(
        path,
        json={"agent_id": new, "position": 2, "muted": True, "context": {"policy": "own"}},
        headers={"If-Match": f'"{room["version"]}"'},
    )
    seat = seated.json()
    assert (seated.status_code, seated.headers["location"]) == (201, f"{path}/{new}")
    assert seated.headers["etag"] == f'"{room["version"] + 1}"'
    assert (seat["agent_id"], seat["position"], seat["muted"]) == (new, 2, True)
    assert seat["context"] == {"policy": "own"}
    assert await order(api, room) == [first, new, second]

    changed = await api.client.patch(f"{path}/{new}", json={"muted": False, "context": None})
    assert changed.status_code == 200
    assert changed.json() == seat | {"muted": False, "context": None}
    assert (await get(api, room))["agents"][1] == changed.json()

    taken_out = await api.client.delete(f"{path}/{first}")
    assert (taken_out.status_code, taken_out.content) == (204, b"")
    assert await order(api, room) == [new, second]
    for method, body in (("PATCH", {"muted": True}), ("DELETE", None)):
        gone = await api.client.request(method, f"{path}/{first}", json=body)
        problem(gone, 404, "not_found")


async def test_a_repeated_seat_is_one_seat(api):
    room = await make(api, agents=1)
    path, new = f"{PATH}/{room['id']}/agents", await new_agent(api)
    headers = {"Idempotency-Key": "one"}
    first = await api.client.post(path, json={"agent_id": new, "position": 1}, headers=headers)
    again = await api.client.post(path, json={"agent_id": new, "position": 1}, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    problem(await api.client.post(path, json={"agent_id": new}), 409, "already_assigned")
    assert len(await order(api, room)) == 2
    await api.client.delete(f"{path}/{new}")
    repeated = await api.client.post(path, json={"agent_id": new, "position": 1}, headers=headers)
    problem(repeated, 404, "not_found")


async def test_the_roster_is_reordered_as_a_whole(api):
    room = await make(api, agents=4)
    path, seats = f"{PATH}/{room['id']}/agents", await order(api, room)
    wanted = seats[::-1]
    put = await api.client.put(path, json={"agent_ids": wanted})
    assert (put.status_code, put.headers["etag"]) == (200, f'"{room["version"] + 1}"')
    assert [seat["agent_id"] for seat in put.json()["agents"]] == wanted
    stale = await api.client.put(
        path, json={"agent_ids": seats}, headers={"If-Match": f'"{room["version"]}"'}
    )
    problem(stale, 409, "stale_version")
    for bad in ([], seats[:3], [*seats, seats[0]], [*seats[:3], str(ids.new())], ["x"], None):
        problem(await api.client.put(path, json={"agent_ids": bad}), 422, "validation_error")
    assert await order(api, room) == wanted


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"position": 0}, "#/position"),
        ({"position": 4}, "from 1 to 3"),
        ({"position": 10**30}, "position"),
        ({"muted": None}, "#/muted"),
        ({"context": {"policy": "summary", "last_turns": 2}}, "last_turns"),
        ({"context": {"policy": "last"}}, "last_turns"),
        ({"agent_id": "x"}, "#/agent_id"),
        ({"agent_id": None}, "#/agent_id"),
        ({"color": 3}, "#/color"),
    ],
)
async def test_a_bad_seat_is_told_and_nothing_is_stored(api, change, word):
    room = await make(api, agents=2)
    body = {"agent_id": await new_agent(api), **change}
    refused = await api.client.post(f"{PATH}/{room['id']}/agents", json=body)
    assert word in problem(refused, 422, "validation_error")["detail"]
    assert await get(api, room) == room


async def test_positions_are_gap_free_after_many_requests_at_once(api):
    room = await make(api, agents=4)
    path, seats = f"{PATH}/{room['id']}/agents", await order(api, room)
    new = [await new_agent(api) for _ in range(6)]
    answers = await asyncio.gather(
        *(api.client.post(path, json={"agent_id": agent, "position": 1}) for agent in new),
        *(api.client.post(path, json={"agent_id": new[0]}) for _ in range(3)),
        *(api.client.delete(f"{path}/{agent}") for agent in seats[:2]),
        *(api.client.put(path, json={"agent_ids": seats}) for _ in range(3)),
    )
    assert max(answer.status_code for answer in answers) < 500
    assert sorted(answer.status_code for answer in answers[:9]) == [201] * 6 + [409] * 3
    assert [answer.status_code for answer in answers[9:11]] == [204, 204]
    assert set(await order(api, room)) == {*new, *seats[2:]}


async def test_deleting_a_room_cancels_what_runs_there_and_hides_its_sessions(api):
    room, elsewhere = await make(api), await make(api)
    async with api.db.transaction(api.who.workspace_id) as conn:
        sessions = [await make_session(conn, api.who, room=room) for _ in range(2)]
        turns = [await make_turn(conn, api.who, session) for session in sessions]
        done = await make_session(conn, api.who, room=room)
        await make_turn(conn, api.who, done, status="completed")
        other = await make_session(conn, api.who, room=elsewhere)
        await make_turn(conn, api.who, other)
    await api.client.delete(f"{PATH}/{room['id']}")
    async with api.db.transaction(api.who.workspace_id) as conn:
        rows = await conn.execute("SELECT id FROM turns WHERE cancel_requested = 'now' ORDER BY id")
        cancelled = [str(row[0]) for row in await rows.fetchall()]
    assert cancelled == [turn["id"] for turn in turns]
    listed = (await api.client.get("/api/v1/sessions")).json()["items"]
    assert [session["id"] for session in listed] == [other["id"]]
    hidden = f"/api/v1/sessions/{sessions[0]['id']}"
    problem(await api.client.get(hidden), 404, "not_found")
    problem(await api.client.get(f"{PATH}/{room['id']}/sessions"), 404, "not_found")
    problem(await api.client.post(f"{PATH}/{room['id']}/sessions", json={}), 404, "not_found")
    await api.client.post(f"{PATH}/{room['id']}/restore")
    assert (await api.client.get(hidden)).status_code == 200


async def test_sessions_in_a_room_are_opened_and_listed(api):
    room = await make(api)
    path = f"{PATH}/{room['id']}/sessions"
    headers = {"Idempotency-Key": "one"}
    made = await api.client.post(path, json={}, headers=headers)
    again = await api.client.post(path, json={}, headers=headers)
    session = made.json()
    assert (made.status_code, made.json()) == (201, again.json())
    assert made.headers["location"] == f"/api/v1/sessions/{session['id']}"
    assert (session["room_id"], session["name"]) == (room["id"], None)
    second = (await api.client.post(path, json={"name": "Plans"})).json()
    page = (await api.client.get(path, params={"limit": 1})).json()
    assert page["items"] == [second]
    rest = (await api.client.get(path, params={"cursor": page["next_cursor"]})).json()
    assert rest == {"items": [session], "next_cursor": None}


async def test_rooms_of_another_workspace_are_not_there(api):
    other = await make_workspace(api.db)
    async with api.db.transaction(other.workspace_id) as conn:
        foreign = await make_room(conn, other, agents=1)
        foreign_agent = foreign["agents"][0]["agent_id"]
    own = await make(api, agents=1)
    seated = own["agents"][0]["agent_id"]
    for gone in (foreign["id"], str(ids.new())):
        for method, path, body in (
            ("GET", "", None),
            ("PATCH", "", {"name": "Mine"}),
            ("DELETE", "", None),
            ("POST", "/restore", None),
            ("POST", "/agents", {"agent_id": await new_agent(api)}),
            ("PUT", "/agents", {"agent_ids": [foreign_agent]}),
            ("PATCH", f"/agents/{foreign_agent}", {"muted": True}),
            ("DELETE", f"/agents/{foreign_agent}", None),
            ("PATCH", f"/agents/{seated}", {"muted": True}),
            ("GET", "/sessions", None),
            ("POST", "/sessions", {}),
        ):
            refused = await api.client.request(method, f"{PATH}/{gone}{path}", json=body)
            problem(refused, 404, "not_found")
    path = f"{PATH}/{own['id']}/agents"
    problem(await api.client.post(path, json={"agent_id": foreign_agent}), 404, "not_found")
    assert (await api.client.get(PATH)).json()["items"] == [own]
    async with api.db.transaction(other.workspace_id) as conn:
        rows = await conn.execute("SELECT id, version, deleted_at FROM rooms")
        assert await rows.fetchall() == [(UUID(foreign["id"]), foreign["version"], None)]
