"""`/steps/{id}/context`: what was sent, for who may see the session."""

from pantheon.base import ids
from tests.api.checks import problem
from tests.api.conftest import open_session


async def test_what_was_sent_is_shown_by_origin(api, worker):
    session = await open_session(api, agents=2)
    answer = await api.client.post(
        f"/api/v1/sessions/{session['id']}/turns",
        json={"input": "What now?"},
        headers={"Prefer": "wait=20"},
    )
    first, second = answer.json()["steps"]
    sent = (await api.client.get(f"/api/v1/steps/{first['id']}/context")).json()
    assert sent["model"] == "demo/fast"
    assert len(sent["request_sha256"]) == 64
    assert "What now?" in " ".join(section["text"] for section in sent["sections"])
    later = (await api.client.get(f"/api/v1/steps/{second['id']}/context")).json()
    assert first["message"]["content"] in " ".join(s["text"] for s in later["sections"])


async def test_before_the_first_attempt_nothing_was_sent(api):
    session = await open_session(api, agents=1)
    answer = await api.client.post(
        f"/api/v1/sessions/{session['id']}/turns", json={"input": "What now?"}
    )
    step = answer.json()["steps"][0]
    problem(await api.client.get(f"/api/v1/steps/{step['id']}/context"), 404, "not_found")
    problem(await api.client.get(f"/api/v1/steps/{ids.new()}/context"), 404, "not_found")


async def test_an_attempt_that_no_step_can_have_is_refused(api, worker):
    session = await open_session(api, agents=1)
    answer = await api.client.post(
        f"/api/v1/sessions/{session['id']}/turns",
        json={"input": "What now?"},
        headers={"Prefer": "wait=20"},
    )
    path = f"/api/v1/steps/{answer.json()['steps'][0]['id']}/request"
    problem(await api.client.get(path, params={"attempt": 2**31 - 1}), 404, "not_found")
    problem(await api.client.get(path, params={"attempt": 2**31}), 422, "validation_error")
