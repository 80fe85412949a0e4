"""`/summaries`: read, edited, undone, over HTTP."""

import pytest

from tests.api.checks import problem
from tests.api.conftest import open_session
from tests.context.test_summaries import FACT, summarise


@pytest.fixture
async def made(api, worker):
    """A session's address and the id of its one summary."""
    session = await open_session(api, agents=1)
    base = f"/api/v1/sessions/{session['id']}"
    turn = await api.client.post(
        f"{base}/turns", json={"input": "What now?"}, headers={"Prefer": "wait=20"}
    )
    async with api.runtime.db.transaction(api.who.workspace_id) as conn:
        return base, str(await summarise(conn, api.who, turn.json()))


async def test_versions_are_listed_edited_and_undone(api, made):
    base, summary_id = made
    (told,) = (await api.client.get(f"{base}/summaries")).json()["items"]
    assert (told["id"], told["state"], told["version"]) == (summary_id, "current", 1)
    assert told["tokens"] > 0
    edited = await api.client.patch(
        f"/api/v1/summaries/{summary_id}",
        json={"summary": "Mine.", "decisions": [FACT]},
        headers={"If-Match": '"1"'},
    )
    assert (edited.status_code, edited.headers["ETag"]) == (200, '"2"')
    assert edited.json()["content"]["decisions"] == [FACT]
    assert edited.json()["tokens"] > told["tokens"]
    assert edited.json()["content"]["key_facts"] == told["content"]["key_facts"]
    problem(await api.client.post(f"/api/v1/summaries/{summary_id}/undo"), 409, "stale_version")
    undone = await api.client.post(f"/api/v1/summaries/{edited.json()['id']}/undo")
    assert undone.json()["state"] == "undone"
    states = [s["state"] for s in (await api.client.get(f"{base}/summaries")).json()["items"]]
    assert states == ["undone", "current"]


@pytest.mark.parametrize(
    "body",
    [{"key_facts": []}, {"decisions": []}, {"summary": ""}, {"key_facts": None}, {"mood": "x"}],
)
async def test_an_edit_without_content_is_refused(api, made, body):
    _, summary_id = made
    answer = await api.client.patch(f"/api/v1/summaries/{summary_id}", json=body)
    problem(answer, 422, "validation_error")
