"""Turn rates over HTTP: 429 with `Retry-After`, for every way to begin a turn."""

import asyncio

import pytest

from pantheon.base.settings import Settings
from tests.api.checks import problem
from tests.api.conftest import ask, open_session
from tests.make import make_session


@pytest.fixture
def settings(tmp_path):
    """Three turns in a minute for each user."""
    return Settings(data_dir=tmp_path, lease_seconds=1, turns_per_minute=3, _env_file=None)


async def test_the_fourth_turn_of_a_minute_is_refused(api):
    sessions = [await open_session(api, agents=1) for _ in range(8)]
    paths = [f"/api/v1/sessions/{session['id']}/turns" for session in sessions]
    answers = await asyncio.gather(
        *(api.client.post(path, json={"input": "Hello"}) for path in paths)
    )
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [429] * 5
    for answer in answers:
        if answer.status_code == 429:
            assert "3 turns in a minute" in problem(answer, 429, "too_many_turns")["detail"]
            assert 19 <= int(answer.headers["Retry-After"]) <= 20


async def test_a_repetition_is_no_new_turn(api):
    session = await open_session(api, agents=1)
    path = f"/api/v1/sessions/{session['id']}/turns"
    headers = {"Idempotency-Key": "once"}
    first = await api.client.post(path, json={"input": "Hello"}, headers=headers)
    for _ in range(2):
        await ask(api, await open_session(api, agents=1))
    other = await open_session(api, agents=1)
    refused = await api.client.post(
        f"/api/v1/sessions/{other['id']}/turns", json={"input": "More"}, headers=headers
    )
    problem(refused, 429, "too_many_turns")
    again = await api.client.post(path, json={"input": "Hello"}, headers=headers)
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])


async def test_a_new_try_is_a_turn_too(api, worker):
    session = await open_session(api, agents=1)
    wait = {"Prefer": "wait=20"}
    turn = (
        await api.client.post(
            f"/api/v1/sessions/{session['id']}/turns", json={"input": "x"}, headers=wait
        )
    ).json()
    for _ in range(2):
        waited = await api.client.post(f"/api/v1/turns/{turn['id']}/rerun", headers=wait)
        assert (waited.status_code, waited.json()["status"]) == (201, "completed"), waited.text
    problem(await api.client.post(f"/api/v1/turns/{turn['id']}/rerun"), 429, "too_many_turns")


async def test_what_is_refused_for_another_reason_is_not_counted(api):
    async with api.db.transaction(api.who.workspace_id) as conn:
        session = await make_session(conn, api.who)
    for _ in range(5):
        answer = await api.client.post(
            f"/api/v1/sessions/{session['id']}/turns", json={"input": "x", "mode": "nothing"}
        )
        problem(answer, 422, "validation_error")
    await ask(api, await open_session(api, agents=1))


async def test_a_chat_completion_is_a_turn_too(api, worker):
    """OpenAI's way in counts with all others, and is refused as they are."""
    session = await open_session(api, agents=1)
    body = {
        "model": f"room:{session['room_id']}",
        "messages": [{"role": "user", "content": "Hello"}],
    }
    for _ in range(2):
        answer = await api.client.post("/v1/chat/completions", json=body)
        assert answer.status_code == 200, answer.text
    await ask(api, session)
    refused = await api.client.post("/v1/chat/completions", json={**body, "stream": True})
    problem(refused, 429, "too_many_turns")
    assert int(refused.headers["Retry-After"]) <= 20
