"""`/messages`: pins and what is taken back, over HTTP."""

from pantheon.base import ids
from tests.api.checks import problem
from tests.api.conftest import open_session


async def asked(api) -> tuple[str, str]:
    """Ask something; return the session and the question's message, when the turn is over."""
    session = await open_session(api, agents=1)
    base = f"/api/v1/sessions/{session['id']}"
    await api.client.post(
        f"{base}/turns", json={"input": "Never on Fridays."}, headers={"Prefer": "wait=20"}
    )
    listed = (await api.client.get(f"{base}/messages")).json()["items"]
    return base, listed[0]["id"]


async def test_a_pin_is_told_to_every_agent(api, worker):
    base, message_id = await asked(api)
    pinned = await api.client.put(f"/api/v1/messages/{message_id}/pin")
    assert (pinned.status_code, pinned.json()["pinned"]) == (200, True)
    listed = (await api.client.get(f"{base}/messages")).json()["items"]
    assert [item["pinned"] for item in listed] == [True, False]
    assert (await api.client.delete(f"/api/v1/messages/{message_id}/pin")).status_code == 204
    problem(await api.client.put(f"/api/v1/messages/{ids.new()}/pin"), 404, "not_found")


async def test_a_message_is_taken_back(api, worker):
    base, message_id = await asked(api)
    assert (await api.client.delete(f"/api/v1/messages/{message_id}")).status_code == 204
    problem(await api.client.delete(f"/api/v1/messages/{message_id}"), 404, "not_found")
    problem(await api.client.put(f"/api/v1/messages/{message_id}/pin"), 404, "not_found")
    timeline = await api.client.get(f"{base}/timeline")
    assert timeline.json()["items"][0]["input"] == ""
    listed = (await api.client.get(f"{base}/messages")).json()["items"]
    assert [item["role"] for item in listed] == ["agent"]
    step = timeline.json()["items"][0]["steps"][0]
    told = (await api.client.get(f"/api/v1/steps/{step['id']}/context")).json()
    assert told["exact"] is False
    problem(await api.client.get(f"/api/v1/steps/{step['id']}/request"), 409, "request_changed")


async def test_a_deletion_is_undone(api, worker):
    base, message_id = await asked(api)
    await api.client.put(f"/api/v1/messages/{message_id}/pin")
    before = (await api.client.get(f"{base}/timeline")).json()
    assert before["items"][0]["input_message_id"] == message_id
    assert before["pinned"] == [message_id]
    await api.client.delete(f"/api/v1/messages/{message_id}")
    assert (await api.client.get(f"{base}/timeline")).json()["pinned"] == []
    for _ in range(2):
        restored = await api.client.post(f"/api/v1/messages/{message_id}/restore")
        assert restored.status_code == 200
        assert (restored.json()["content"], restored.json()["pinned"]) == (
            "Never on Fridays.",
            True,
        )
    assert (await api.client.get(f"{base}/timeline")).json() == before
    step = before["items"][0]["steps"][0]
    assert (await api.client.get(f"/api/v1/steps/{step['id']}/context")).json()["exact"] is True
    problem(await api.client.post(f"/api/v1/messages/{ids.new()}/restore"), 404, "not_found")
