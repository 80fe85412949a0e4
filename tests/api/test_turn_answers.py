"""A new turn's answer: at once, when it is over, or as a stream; the turn goes on in any case."""

import asyncio

import pytest

from pantheon.api.turn_answers import LONGEST_WAIT_SECONDS
from pantheon.turns import view
from tests.api.checks import events_of, problem
from tests.api.conftest import ask, open_session

BODY = {"input": "What now?"}


def path_of(session) -> str:
    return f"/api/v1/sessions/{session['id']}/turns"


async def test_at_once_the_turn_is_queued(api):
    session = await open_session(api, agents=2)
    answer = await api.client.post(path_of(session), json=BODY)
    turn = answer.json()
    assert (answer.status_code, turn["status"]) == (201, "queued")
    assert answer.headers["location"] == f"/api/v1/turns/{turn['id']}"
    assert answer.headers["etag"] == f'"{turn["version"]}"'
    assert "preference-applied" not in answer.headers


@pytest.mark.parametrize("prefer", ["wait=20", 'respond-async, Wait = "20"', "wait=20; x=1"])
async def test_whoever_waits_gets_the_whole_answer(api, worker, prefer):
    session = await open_session(api, agents=2)
    answer = await api.client.post(path_of(session), json=BODY, headers={"Prefer": prefer})
    assert (answer.status_code, answer.headers["preference-applied"]) == (201, "wait=20")
    turn = answer.json()
    assert turn["status"] == "completed"
    assert all(step["message"]["content"] for step in turn["steps"])
    assert turn == (await api.client.get(answer.headers["location"])).json()


async def test_who_waits_is_told_that_the_turn_waits_too(api, worker):
    session = await open_session(api, agents=2, approve="each_agent")
    headers = {"Prefer": "wait=20", "Idempotency-Key": "once"}
    for _ in range(2):
        # The second time the answer comes at once: the turn will not go on by itself.
        answer = await api.client.post(path_of(session), json=BODY, headers=headers)
        assert (answer.status_code, answer.json()["status"]) == (201, "awaiting_input")
        assert answer.json()["approval"]["kind"] == "next_agent"


@pytest.mark.parametrize("how", ["get", "list", "again", "again and wait", "follow"])
async def test_a_turn_that_changes_meanwhile_is_told_as_it_was_at_one_moment(
    api, worker, monkeypatch, how
):
    """Between two reads of an answer its approval is given: the turn no longer waits then."""
    session = await open_session(api, agents=2, approve="each_agent")
    again = {"Idempotency-Key": "once"}
    turn = (
        await api.client.post(path_of(session), json=BODY, headers={"Prefer": "wait=20", **again})
    ).json()
    path, load_steps = f"/api/v1/turns/{turn['id']}", view.load_steps

    async def load_late(*given):
        monkeypatch.undo()
        body = {"id": turn["approval"]["id"], "action": "stop"}
        assert (await api.client.post(f"{path}/approval", json=body)).status_code == 202
        return await load_steps(*given)

    monkeypatch.setattr(view, "load_steps", load_late)
    if how == "get":
        answer = await api.client.get(path)
    elif how == "list":
        answer = await api.client.get(path_of(session))
        assert answer.json()["items"] == [turn]
        return
    elif how == "follow":
        async with api.client.stream("GET", f"{path}/events") as stream:
            assert (await anext(events_of(stream))).name == "turn.created"
        return
    else:
        wish = {"Prefer": "wait=20"} if "wait" in how else {}
        answer = await api.client.post(path_of(session), json=BODY, headers={**again, **wish})
    assert answer.json() == turn


async def test_waiting_has_an_end(api):
    session = await open_session(api, agents=1)
    answer = await api.client.post(path_of(session), json=BODY, headers={"Prefer": "wait=0"})
    assert (answer.headers["preference-applied"], answer.json()["status"]) == ("wait=0", "queued")


async def test_nobody_waits_for_ever(api):
    session = await open_session(api, agents=1)
    headers = {"Prefer": "wait=9999999"}
    asked = asyncio.create_task(api.client.post(path_of(session), json=BODY, headers=headers))
    async with api.client.stream("GET", path_of(session).replace("turns", "events")) as stream:
        assert (await anext(events_of(stream))).name == "turn.created"
    api.closing.set()
    answer = await asyncio.wait_for(asked, 10)
    assert answer.headers["preference-applied"] == f"wait={LONGEST_WAIT_SECONDS}"
    assert answer.json()["status"] == "queued"


@pytest.mark.parametrize("prefer", ["wait", "wait=", "wait=-1", "wait=soon", "wait=1.5"])
async def test_an_unreadable_wish_is_refused_before_anything_is_stored(api, prefer):
    session = await open_session(api, agents=1)
    answer = await api.client.post(path_of(session), json=BODY, headers={"Prefer": prefer})
    problem(answer, 422, "validation_error")
    assert (await api.client.get(path_of(session))).json()["items"] == []


async def test_a_stream_is_the_turn_from_its_first_event_to_its_last(api, worker):
    session = await open_session(api, agents=2)
    headers = {"Accept": "text/event-stream"}
    async with api.client.stream("POST", path_of(session), json=BODY, headers=headers) as stream:
        assert stream.status_code == 201
        events = [event async for event in events_of(stream)]
    assert (events[0].id, events[0].name) == ("1.1", "turn.created")
    assert events[-1].name == "turn.completed"
    turn = events[-1].data["turn"]
    assert stream.headers["location"] == f"/api/v1/turns/{turn['id']}"
    assert turn == (await api.client.get(stream.headers["location"])).json()


async def test_leaving_the_stream_cancels_nothing(api, worker):
    session = await open_session(api, agents=1, model="demo/analyst")
    headers = {"Accept": "text/event-stream"}
    async with api.client.stream("POST", path_of(session), json=BODY, headers=headers) as stream:
        events = events_of(stream)
        while (await anext(events)).name != "step.delta":
            pass
    place = stream.headers["location"]
    async with api.client.stream("GET", f"{place}/events") as stream:
        names = [event.name async for event in events_of(stream)]
    assert names[-1] == "turn.completed"
    assert (await api.client.get(place)).json()["status"] == "completed"


async def test_a_refusal_is_a_problem_for_whoever_wanted_a_stream_too(api):
    session = await open_session(api, agents=1)
    await ask(api, session)
    for headers in ({"Accept": "text/event-stream"}, {"Prefer": "wait=5"}):
        again = await api.client.post(path_of(session), json=BODY, headers=headers)
        problem(again, 409, "turn_in_progress")


async def test_a_repetition_can_be_answered_in_another_way(api, worker):
    session = await open_session(api, agents=1)
    headers = {"Idempotency-Key": "k", "Prefer": "wait=20"}
    first = await api.client.post(path_of(session), json=BODY, headers=headers)
    again = await api.client.post(path_of(session), json=BODY, headers=headers)
    assert again.json() == first.json()
    headers["Accept"] = "text/event-stream"
    async with api.client.stream("POST", path_of(session), json=BODY, headers=headers) as stream:
        events = [event async for event in events_of(stream)]
    assert events[0].name == "turn.created"
    assert events[-1].data["turn"] == first.json()
