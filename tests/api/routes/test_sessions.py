"""Tests of `pantheon.api.routes.sessions`: the sessions themselves."""

import pytest

from pantheon.api.routes import sessions as routes
from pantheon.base import ids
from tests.api.checks import problem
from tests.make import make_session, make_turn, make_user, make_workspace

PATH = "/api/v1/sessions"


async def make(api, turns: int = 0, **given) -> tuple[dict, list[dict]]:
    """Return a session and its turns, which are completed."""
    async with api.db.transaction(api.who.workspace_id) as conn:
        session = await make_session(conn, api.who, **given)
        made = [await make_turn(conn, api.who, session, status="completed") for _ in range(turns)]
    return session, made


async def test_a_session_is_read_changed_and_deleted(api):
    session, (first, second) = await make(api, turns=2)
    path = f"{PATH}/{session['id']}"
    read = await api.client.get(path)
    assert (read.status_code, read.headers["etag"]) == (200, '"3"')
    assert read.json() == session | {
        "name": "What do you think?",
        "turns": 2,
        "head_turn_id": second["id"],
        "last_turn_at": read.json()["last_turn_at"],
        "version": 3,
    }
    change = {"name": "Plans", "shared": True, "pinned": True, "head_turn_id": first["id"]}
    changed = await api.client.patch(path, json=change, headers={"If-Match": '"3"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"4"')
    assert changed.json() == read.json() | change | {"version": 4}
    problem(
        await api.client.patch(path, json=change, headers={"If-Match": '"3"'}),
        409,
        "stale_version",
    )
    problem(await api.client.delete(path, headers={"If-Match": '"3"'}), 409, "stale_version")
    assert (await api.client.get(path)).json() == changed.json()

    assert (await api.client.delete(path)).status_code == 204
    for method, body in (("GET", None), ("PATCH", {}), ("DELETE", None)):
        problem(await api.client.request(method, path, json=body), 404, "not_found")
    assert (await api.client.get(PATH)).json() == {"items": [], "next_cursor": None}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"name": ""}, "#/name"),
        ({"name": "x" * 201}, "#/name"),
        ({"shared": None}, "#/shared"),
        ({"pinned": None}, "#/pinned"),
        ({"head_turn_id": None}, "#/head_turn_id"),
        ({"head_turn_id": "x"}, "#/head_turn_id"),
        ({"head_turn_id": str(ids.new())}, "There is no turn"),
        ({"user_id": str(ids.new())}, "#/user_id"),
        ({"turns": 3}, "#/turns"),
    ],
)
async def test_bad_input_is_told_and_nothing_is_stored(api, change, word):
    session, _ = await make(api, name="Plans")
    path = f"{PATH}/{session['id']}"
    refused = await api.client.patch(path, json={"pinned": True, **change})
    assert word in problem(refused, 422, "validation_error")["detail"]
    assert (await api.client.get(path)).json() == session


async def test_the_head_stays_while_a_turn_is_live(api):
    session, (first,) = await make(api, turns=1)
    async with api.db.transaction(api.who.workspace_id) as conn:
        live = await make_turn(conn, api.who, session)
    path = f"{PATH}/{session['id']}"
    refused = await api.client.patch(path, json={"head_turn_id": first["id"]})
    problem(refused, 409, "turn_in_progress")
    assert (await api.client.get(path)).json()["head_turn_id"] == live["id"]
    assert (await api.client.patch(path, json={"name": "Fine"})).status_code == 200


async def test_the_head_is_a_turn_of_this_session(api):
    session, _ = await make(api)
    _, (foreign,) = await make(api, turns=1)
    path = f"{PATH}/{session['id']}"
    refused = await api.client.patch(path, json={"head_turn_id": foreign["id"]})
    problem(refused, 422, "validation_error")
    assert (await api.client.get(path)).json() == session


async def test_deleting_a_session_cancels_what_runs_there(api):
    async with api.db.transaction(api.who.workspace_id) as conn:
        session, other = [await make_session(conn, api.who) for _ in range(2)]
        turn, _ = [await make_turn(conn, api.who, place) for place in (session, other)]
    path = f"{PATH}/{session['id']}"
    problem(await api.client.delete(path, headers={"If-Match": '"9"'}), 409, "stale_version")
    assert await cancelled(api) == []
    assert (await api.client.delete(path)).status_code == 204
    assert await cancelled(api) == [turn["id"]]


async def cancelled(api) -> list[str]:
    async with api.db.transaction(api.who.workspace_id) as conn:
        rows = await conn.execute("SELECT id FROM turns WHERE cancel_requested = 'now'")
        return [str(row[0]) for row in await rows.fetchall()]


async def test_another_users_session_is_there_only_when_shared(api):
    async with api.db.transaction(api.who.workspace_id) as conn:
        colleague = await make_user(conn, api.who)
        session = await make_session(conn, colleague)
    path = f"{PATH}/{session['id']}"
    for method, body in (("GET", None), ("PATCH", {"name": "Mine"}), ("DELETE", None)):
        problem(await api.client.request(method, path, json=body), 404, "not_found")
    assert (await api.client.get(PATH)).json()["items"] == []
    async with api.db.transaction(api.who.workspace_id) as conn:
        await conn.execute("UPDATE sessions SET shared = true")
    assert (await api.client.get(path)).json() == session | {"shared": True}
    problem(await api.client.patch(path, json={"shared": False}), 403, "forbidden")
    problem(await api.client.delete(path), 403, "forbidden")


async def test_sessions_of_another_workspace_are_not_there(api):
    other = await make_workspace(api.db)
    async with api.db.transaction(other.workspace_id) as conn:
        session = await make_session(conn, other)
        await conn.execute("UPDATE sessions SET shared = true")
    for gone in (session["id"], str(ids.new())):
        for method, body in (("GET", None), ("PATCH", {"name": "Mine"}), ("DELETE", None)):
            refused = await api.client.request(method, f"{PATH}/{gone}", json=body)
            problem(refused, 404, "not_found")
    assert (await api.client.get(PATH)).json()["items"] == []


async def test_pages_go_on_where_the_last_one_ended(api):
    made = [(await make(api))[0]["id"] for _ in range(5)]
    seen, cursor = [], None
    while True:
        params = {"limit": 2} if cursor is None else {"limit": 2, "cursor": cursor}
        page = (await api.client.get(PATH, params=params)).json()
        seen += [session["id"] for session in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == made[::-1]
    problem(await api.client.get(PATH, params={"cursor": "x"}), 422, "validation_error")


async def test_a_session_is_forked_once_by_its_key(api):
    session, turns = await make(api, 2)
    path, headers = f"/api/v1/sessions/{session['id']}/fork", {"Idempotency-Key": "k"}
    body = {"turn_id": turns[0]["id"]}
    made = await api.client.post(path, json=body, headers=headers)
    assert made.status_code == 201, made.text
    fork = made.json()
    assert made.headers["location"] == f"/api/v1/sessions/{fork['id']}"
    assert (fork["forked_from"], fork["turns"]) == (turns[0]["id"], 1)
    again = await api.client.post(path, json=body, headers=headers)
    assert again.json()["id"] == fork["id"]
    timeline = (await api.client.get(f"/api/v1/sessions/{fork['id']}/timeline")).json()
    assert [turn["id"] for turn in timeline["items"]] == [fork["head_turn_id"]]
    # A reader of an inherited turn's events has nothing to wait for.
    events = await api.client.get(f"/api/v1/turns/{fork['head_turn_id']}/events")
    assert events.status_code == 204
    problem(await api.client.post(path, json={"turn_id": str(ids.new())}), 404, "not_found")


@pytest.mark.parametrize("form", ["md", "json"])
async def test_an_export_is_the_same_document_each_time(api, form):
    session, turns = await make(api, 3)
    path = f"/api/v1/sessions/{session['id']}/export"
    answer = await api.client.get(path, params={"format": form})
    assert answer.status_code == 200
    kind = {"md": "text/markdown; charset=utf-8", "json": "application/json"}[form]
    assert answer.headers["content-type"] == kind
    name = f'attachment; filename="session-{session["id"]}.{form}"'
    assert answer.headers["content-disposition"] == name
    assert (await api.client.get(path, params={"format": form})).content == answer.content
    if form == "json":
        told = answer.json()
        assert [turn["id"] for turn in told["turns"]] == [turn["id"] for turn in turns]
        for turn in told["turns"]:
            assert turn == (await api.client.get(f"/api/v1/turns/{turn['id']}")).json()
        assert told["session"] == (await api.client.get(f"/api/v1/sessions/{session['id']}")).json()
    else:
        assert answer.text.count("What do you think") == 4
        assert answer.text.rstrip().splitlines()[-1].startswith("3 turns · 0 calls")


async def test_markdown_is_the_heads_turns_and_json_all_of_them(api):
    session, turns = await make(api, 3)
    path = f"/api/v1/sessions/{session['id']}"
    await api.client.patch(path, json={"head_turn_id": turns[1]["id"]})
    written = (await api.client.get(f"{path}/export")).text
    assert written.rstrip().splitlines()[-1].startswith("2 turns")
    told = (await api.client.get(f"{path}/export?format=json")).json()
    assert len(told["turns"]) == 3


async def test_a_long_session_is_exported_whole(api, monkeypatch):
    monkeypatch.setattr(routes, "EXPORT_PAGE", 2)
    session, turns = await make(api, 5)
    path = f"/api/v1/sessions/{session['id']}/export?format=json"
    told = (await api.client.get(path)).json()
    assert [turn["id"] for turn in told["turns"]] == [turn["id"] for turn in turns]


async def test_what_is_not_yours_is_not_exported(api, anonymous):
    session, _ = await make(api, 1)
    problem(await api.client.get(f"/api/v1/sessions/{ids.new()}/export"), 404, "not_found")
    bad = await api.client.get(f"/api/v1/sessions/{session['id']}/export?format=pdf")
    problem(bad, 422, "validation_error")
