"""`/turns`: read, followed, cancelled, tried again."""

import asyncio

import pytest

from pantheon.accounts import keys
from pantheon.base import ids
from tests.api.checks import events_of, problem
from tests.api.conftest import ask, open_session
from tests.make import make_user

WAIT = {"Prefer": "wait=20"}
MANAGED = {"modes": ("orchestrator",), "goal": "Ship.", "approve": "plan"}


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


async def waiting(api, **room):
    """Return a turn that waits for its user: by default for a word on its manager's plan."""
    mode = room.pop("mode", "orchestrator")
    session = await open_session(api, agents=["ann", "bob"], mode=mode, **(room or MANAGED))
    turn = await ask_and_wait(api, session)
    assert turn["status"] == "awaiting_input"
    return turn


def word(turn, action="approve", **given):
    """Return the body of the user's word."""
    return {"id": turn["approval"]["id"], "action": action, **given}


async def decide(api, turn, body):
    return await api.client.post(f"/api/v1/turns/{turn['id']}/approval", json=body)


async def over(api, turn):
    """Return a turn once it is over."""
    async with api.client.stream("GET", f"/api/v1/turns/{turn['id']}/events") as stream:
        *_, last = [event async for event in events_of(stream)]
    return last.data["turn"]


async def test_a_plan_is_changed_and_goes_on(api, worker):
    turn = await waiting(api)
    asked = turn["approval"]
    assert (asked["kind"], len(asked["proposal"]["assignments"])) == ("assignments", 2)
    changed = [{"agent": "bob", "brief": "Only the price."}]
    body = word(turn, assignments=changed, note="Mind the budget.")
    answer = await decide(api, turn, body)
    assert answer.status_code == 202
    assert answer.headers["etag"] == f'"{answer.json()["version"]}"'
    assert answer.json()["status"] in ("queued", "running")
    assert answer.json()["approval"] is None
    ended = await over(api, turn)
    assert ended["status"] == "completed"
    keys = [step["key"] for step in ended["steps"]]
    assert keys == ["route1", "approve1", "r1.1:bob", "route2", "synth"]
    kept = ended["steps"][1]["decision"]
    assert (kept["assignments"], kept["note"]) == (changed, "Mind the budget.")
    assert kept["proposal"] == asked["proposal"]


async def test_a_plan_is_stopped(api, worker):
    turn = await waiting(api)
    assert (await decide(api, turn, word(turn, "stop"))).status_code == 202
    ended = await over(api, turn)
    assert (ended["status"], ended["stop_reason"]) == ("completed", "stopped")


async def test_of_many_words_one_is_heard(api, worker):
    turn = await waiting(api)
    answers = await asyncio.gather(*(decide(api, turn, word(turn)) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [202] + [409] * 5
    for answer in answers:
        if answer.status_code == 409:
            problem(answer, 409, "approval_closed")
    assert (await over(api, turn))["status"] == "completed"


async def test_a_round_table_is_asked_agent_by_agent(api, worker):
    turn = await waiting(api, mode="roundtable", approve="each_agent")
    assert turn["approval"]["proposal"] == {"kind": "next_agent", "agent": "bob"}
    assert (await decide(api, turn, word(turn, note="Shorter."))).status_code == 202
    assert [s["status"] for s in (await over(api, turn))["steps"]] == ["completed"] * 3


async def test_whose_word_is_not_asked_for(api, worker):
    turn = await waiting(api)
    nowhere = {**turn, "id": str(ids.new())}
    problem(await decide(api, nowhere, word(turn)), 404, "not_found")
    for other in (str(ids.new()), turn["steps"][0]["id"]):
        problem(await decide(api, turn, {"id": other, "action": "stop"}), 404, "not_found")
    async with api.db.transaction(api.who.workspace_id) as conn:
        colleague = await make_user(conn, api.who)
        key, _ = await keys.create_key(conn, colleague, "theirs", colleague.scopes)
    path = f"/api/v1/turns/{turn['id']}/approval"
    theirs = {"Authorization": f"Bearer {key}"}
    problem(await api.client.post(path, json=word(turn), headers=theirs), 404, "not_found")
    reader = await api.new_key("read")
    problem(await api.client.post(path, json=word(turn), headers=reader), 403, "forbidden")
    assert (await api.client.get(f"/api/v1/turns/{turn['id']}")).json() == turn


@pytest.mark.parametrize(
    "body",
    [
        {"action": "maybe"},
        {"action": None},
        {"assignments": []},
        {"assignments": [{"agent": "zoe", "brief": "x"}]},
        {"assignments": [{"agent": "ann", "brief": ""}]},
        {"assignments": [{"agent": "ann", "brief": " "}]},
        {"assignments": [{"agent": "ann", "brief": "x" * 8_001}]},
        {"assignments": [{"agent": "ann"}]},
        {"assignments": [{"agent": "ann", "brief": "x", "tool": "y"}]},
        {"action": "stop", "assignments": [{"agent": "ann", "brief": "x"}]},
        {"note": "x" * 20_001},
        {"note": "a\x00b"},
        {"id": "none"},
        {"version": 1},
    ],
)
async def test_a_word_that_cannot_be_changes_nothing(api, worker, body):
    turn = await waiting(api)
    problem(await decide(api, turn, word(turn) | body), 422, "validation_error")
    assert (await api.client.get(f"/api/v1/turns/{turn['id']}")).json() == turn
