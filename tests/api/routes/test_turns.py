"""`/turns`: read, followed, cancelled, tried again."""

import pytest

from pantheon.base import ids
from tests.api.checks import events_of, problem
from tests.api.conftest import ask, open_session

WAIT = {"Prefer": "wait=20"}


async def ask_and_wait(api, session):
    answer = await api.client.post(
        f"/api/v1/sessions/{session['id']}/turns", json={"input": "What now?"}, headers=WAIT
    )
    return answer.json()


async def test_a_turn_that_nobody_may_see_is_not_there(api):
    path = f"/api/v1/turns/{ids.new()}"
    problem(await api.client.get(path), 404, "not_found")
    problem(await api.client.get(f"{path}/events"), 404, "not_found")
    for what in ("cancel", "retry", "rerun"):
        problem(await api.client.post(f"{path}/{what}"), 404, "not_found")


async def test_a_running_turn_is_cancelled_and_keeps_what_was_said(api, worker):
    session = await open_session(api, agents=2, model="demo/analyst")
    turn = await ask(api, session)
    async with api.client.stream("GET", f"/api/v1/turns/{turn['id']}/events") as stream:
        events = events_of(stream)
        while (await anext(events)).name != "step.delta":
            pass
        cancelled = await api.client.post(
            f"/api/v1/turns/{turn['id']}/cancel", json={"when": "now"}
        )
        assert cancelled.status_code == 202
        assert cancelled.json()["id"] == turn["id"]
        last = [event async for event in events][-1]
    assert (last.name, last.data["turn"]["status"]) == ("turn.completed", "cancelled")
    steps = last.data["turn"]["steps"]
    assert [step["status"] for step in steps] == ["cancelled", "cancelled"]
    assert steps[0]["message"]["content"]
    again = await api.client.post(f"/api/v1/turns/{turn['id']}/cancel")
    problem(again, 409, "already_terminal")


@pytest.mark.parametrize("body", [{"when": "later"}, {"when": None}, {"now": True}, []])
async def test_when_to_cancel_is_now_or_after_the_step(api, body):
    turn = await ask(api, await open_session(api, agents=1))
    answer = await api.client.post(f"/api/v1/turns/{turn['id']}/cancel", json=body)
    problem(answer, 422, "validation_error")


async def test_a_failed_step_is_tried_again_beside_the_one_that_is_there(api, worker):
    agents = [
        (await api.client.post("/api/v1/agents", json={"key": k, "name": k, "model": m})).json()
        for k, m in (("good", "demo/fast"), ("bad", "demo/failing"))
    ]
    session = await open_session(api, agents=agents)
    old = await ask_and_wait(api, session)
    assert old["status"] == "partial"
    retried = await api.client.post(f"/api/v1/turns/{old['id']}/retry", headers=WAIT)
    new = retried.json()
    assert (retried.status_code, new["retry_of"], new["index"]) == (201, old["id"], 2)
    assert [step["source_step_id"] for step in new["steps"]] == [old["steps"][0]["id"], None]
    refused = await api.client.post(f"/api/v1/turns/{old['id']}/retry")
    problem(refused, 409, "turn_not_last")


async def test_a_turn_with_all_its_answers_has_nothing_to_retry(api, worker):
    turn = await ask_and_wait(api, await open_session(api, agents=1))
    path = f"/api/v1/turns/{turn['id']}/retry"
    problem(await api.client.post(path), 422, "nothing_to_retry")
    for steps in ([], ["x"], [str(ids.new())]):
        problem(await api.client.post(path, json={"steps": steps}), 422, "validation_error")


async def test_a_rerun_with_a_key_is_made_once(api, worker):
    turn = await ask_and_wait(api, await open_session(api, agents=1))
    path, headers = f"/api/v1/turns/{turn['id']}/rerun", {"Idempotency-Key": "k", **WAIT}
    body = {"input": "And then?"}
    first = await api.client.post(path, json=body, headers=headers)
    again = await api.client.post(path, json=body, headers=headers)
    assert first.json()["input"] == "And then?"
    assert again.json() == first.json()


async def test_a_rerun_can_be_followed_from_its_first_event(api, worker):
    turn = await ask_and_wait(api, await open_session(api, agents=1))
    path = f"/api/v1/turns/{turn['id']}/rerun"
    headers = {"Accept": "text/event-stream"}
    async with api.client.stream("POST", path, json={}, headers=headers) as stream:
        events = [event async for event in events_of(stream)]
    assert (events[0].id, events[-1].data["turn"]["retry_of"]) == ("2.1", turn["id"])


@pytest.mark.parametrize(
    ("last_id", "first"), [("0.0", "1.1"), ("1.1", "1.2"), ("0.9", "1.1"), ("2.1", None)]
)
async def test_events_go_on_after_the_last_one_that_was_read(api, worker, last_id, first):
    turn = await ask_and_wait(api, await open_session(api, agents=1))
    answer = await api.client.get(
        f"/api/v1/turns/{turn['id']}/events", headers={"Last-Event-ID": last_id}
    )
    if first is None:
        assert answer.status_code == 204
    else:
        assert answer.text.startswith(f"id: {first}\n")
