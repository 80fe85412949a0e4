"""`Idempotency-Key`: once, however often and however close together it is sent."""

import asyncio

import pytest

from tests.api.checks import problem
from tests.make import make_room, make_session

AGENTS = "/api/v1/agents"
GIVEN = {"key": "critic", "name": "Critic", "model": "demo/fast"}


async def count(api, table):
    counts = {
        "agents": "SELECT count(*) FROM agents",
        "turns": "SELECT count(*) FROM turns",
        "keys": "SELECT count(*) FROM idempotency_keys",
    }
    async with api.db.transaction(api.who.workspace_id) as conn:
        return (await (await conn.execute(counts[table])).fetchone())[0]


async def test_a_repetition_gets_the_first_ones_resource_as_it_is_now(api):
    headers = {"Idempotency-Key": "k1"}
    first = await api.client.post(AGENTS, json=GIVEN, headers=headers)
    assert first.status_code == 201
    place = first.headers["location"]
    await api.client.patch(place, json={"name": "Kritiker"})
    again = await api.client.post(AGENTS, json=GIVEN, headers=headers)
    assert (again.status_code, again.headers["location"]) == (201, place)
    assert again.json()["name"] == "Kritiker"
    assert again.headers["etag"] == '"2"'
    assert await count(api, "agents") == 1


async def test_a_key_with_another_body_is_refused(api):
    headers = {"Idempotency-Key": "k1"}
    await api.client.post(AGENTS, json=GIVEN, headers=headers)
    other = await api.client.post(AGENTS, json={**GIVEN, "key": "other"}, headers=headers)
    problem(other, 422, "idempotency_key_reused")
    assert await count(api, "agents") == 1


async def test_keys_are_apart_by_user_and_path(api, anonymous):
    headers = {"Idempotency-Key": "k1"}
    await api.client.post(AGENTS, json=GIVEN, headers=headers)
    room = await api.client.post("/api/v1/rooms", json={"name": "R"}, headers=headers)
    assert room.status_code == 201
    assert await count(api, "keys") == 2


async def test_what_was_refused_is_tried_anew(api):
    headers = {"Idempotency-Key": "k1"}
    wrong = {**GIVEN, "model": "nobody/knows"}
    for _ in range(2):
        problem(await api.client.post(AGENTS, json=wrong, headers=headers), 422, "unknown_model")
    assert await count(api, "keys") == 0
    assert (await api.client.post(AGENTS, json=GIVEN, headers=headers)).status_code == 201


async def test_a_day_later_the_key_is_free_again(api):
    headers = {"Idempotency-Key": "k1"}
    await api.client.post(AGENTS, json=GIVEN, headers=headers)
    async with api.db.transaction(api.who.workspace_id) as conn:
        await conn.execute("UPDATE idempotency_keys SET created_at = now() - interval '25 hours'")
    other = await api.client.post(AGENTS, json={**GIVEN, "key": "other"}, headers=headers)
    assert other.status_code == 201
    again = await api.client.post(AGENTS, json={**GIVEN, "key": "other"}, headers=headers)
    assert again.json()["id"] == other.json()["id"]
    assert await count(api, "agents") == 2


@pytest.mark.parametrize("key", ["", "x" * 256])
async def test_a_key_has_a_length(api, key):
    answer = await api.client.post(AGENTS, json=GIVEN, headers={"Idempotency-Key": key})
    problem(answer, 422, "validation_error")
    assert await count(api, "agents") == 0


async def test_of_simultaneous_repetitions_one_makes_and_all_get_the_same(api):
    async with api.db.transaction(api.who.workspace_id) as conn:
        session = await make_session(conn, api.who, room=await make_room(conn, api.who, agents=1))
    path = f"/api/v1/sessions/{session['id']}/turns"
    body = {"input": "Hello"}
    answers = await asyncio.gather(
        *(api.client.post(path, json=body, headers={"Idempotency-Key": "k"}) for _ in range(12))
    )
    assert [answer.status_code for answer in answers] == [201] * 12
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert await count(api, "turns") == 1
    # The control: without a key the session's one live turn refuses the rest.
    without = await asyncio.gather(*(api.client.post(path, json=body) for _ in range(3)))
    assert [answer.status_code for answer in without] == [409] * 3


async def test_a_body_is_the_same_by_its_bytes(api):
    headers = {"Idempotency-Key": "k1", "Content-Type": "application/json"}
    body = b'{"key": "critic", "name": "Critic", "model": "demo/fast"}'
    first = await api.client.post(AGENTS, content=body, headers=headers)
    again = await api.client.post(AGENTS, content=body, headers=headers)
    assert first.json()["id"] == again.json()["id"]
    spaced = await api.client.post(AGENTS, content=body + b" ", headers=headers)
    problem(spaced, 422, "idempotency_key_reused")
