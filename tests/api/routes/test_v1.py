"""`/v1`: OpenAI's own client talks to rooms and agents; the turns are like all others."""

import asyncio
from collections.abc import AsyncIterator

import openai
import pytest

from tests.api.checks import problem
from tests.api.conftest import Api, open_session
from tests.make import make_agent, make_room

CHAT = "/v1/chat/completions"


@pytest.fixture
async def client(api: Api) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(
        base_url=f"{api.url}/v1", api_key=api.key, max_retries=0, timeout=20
    ) as client:
        yield client


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


async def agent(api: Api, key: str, model: str = "demo/fast") -> str:
    async with api.db.transaction(api.who.workspace_id) as conn:
        await make_agent(conn, api.who, key, model=model)
    return f"agent:{key}"


async def room(api: Api, *models: str, **given) -> str:
    async with api.db.transaction(api.who.workspace_id) as conn:
        agents = [
            await make_agent(conn, api.who, f"a{i}", model=model) for i, model in enumerate(models)
        ]
        made = await make_room(conn, api.who, agents=agents, **{"mode": "roundtable", **given})
    return f"room:{made['id']}"


async def sessions(api: Api) -> list[dict]:
    return (await api.client.get("/api/v1/sessions")).json()["items"]


async def test_rooms_and_agents_are_models(api, client):
    names = {await agent(api, "critic"), await room(api, "demo/fast")}
    listed = (await client.models.list()).data
    assert names <= {model.id for model in listed}
    assert {model.owned_by for model in listed} == {"pantheon"}


async def test_an_agent_answers_and_a_turn_is_kept(api, client, worker):
    model = await agent(api, "critic")
    answer = await client.chat.completions.create(model=model, messages=[user("Well?")])
    text = answer.choices[0].message.content
    turn = (await api.client.get(f"/api/v1/turns/{answer.id.removeprefix('chatcmpl-')}")).json()
    assert turn["steps"][0]["message"]["content"] == text
    assert (turn["input"], turn["mode"]) == ("Well?", "direct")
    assert answer.usage.total_tokens == (
        turn["usage"]["input_tokens"] + turn["usage"]["output_tokens"]
    )
    assert (answer.model, answer.choices[0].finish_reason) == (model, "stop")


async def test_a_conversation_that_comes_back_goes_on_in_its_session(api, client, worker):
    model = await agent(api, "critic")
    said = [user("One?")]
    for question in ("Two?", "Three?"):
        answer = await client.chat.completions.create(model=model, messages=said)
        said += [
            {"role": "assistant", "content": answer.choices[0].message.content}, user(question),
        ]  # fmt: skip
    (session,) = await sessions(api)
    assert session["turns"] == 2
    # Said otherwise on the way: a fork, which leaves the first alone.
    changed = await client.chat.completions.create(model=model, messages=[*said[:2], user("Or?")])
    turn = (await api.client.get(f"/api/v1/turns/{changed.id.removeprefix('chatcmpl-')}")).json()
    assert (turn["input"], turn["index"]) == ("Or?", 2)
    assert len(await sessions(api)) == 2
    # What was never said here is told as text.
    await client.chat.completions.create(
        model=model, messages=[user("A?"), {"role": "assistant", "content": "B."}, user("C?")]
    )
    newest = (await sessions(api))[0]
    (told,) = (await api.client.get(f"/api/v1/sessions/{newest['id']}/turns")).json()["items"]
    assert told["input"] == "What was said before:\n\n```text\nuser: A?\n\nassistant: B.\n```\n\nC?"


async def test_a_stream_is_the_same_text_in_pieces(api, client, worker):
    model = await room(api, "demo/fast", "demo/failing", "demo/fast")
    stream = await client.chat.completions.create(
        model=model, messages=[user("Well?")], stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    turn = (await api.client.get(f"/api/v1/turns/{chunks[0].id.removeprefix('chatcmpl-')}")).json()
    assert turn["status"] == "partial"
    blocks = text.split("**A")
    assert [block[:1] for block in blocks] == ["", "0", "1", "2"]
    assert turn["steps"][0]["message"]["content"] in blocks[1]
    assert "could not answer" in blocks[2]
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert chunks[-1].usage.completion_tokens == turn["usage"]["output_tokens"]
    # And it goes on from there.
    said = [user("Well?"), {"role": "assistant", "content": text}, user("And?")]
    await client.chat.completions.create(model=model, messages=said)
    (session,) = await sessions(api)
    assert session["turns"] == 2


async def test_the_mode_of_a_room_can_be_named(api, client, worker):
    model = await room(api, "demo/fast", "demo/fast")
    answer = await client.chat.completions.create(
        model=f"{model}/manual", messages=[user("@a1 well?")]
    )
    turn = (await api.client.get(f"/api/v1/turns/{answer.id.removeprefix('chatcmpl-')}")).json()
    assert [seat["key"] for seat in turn["roster"]] == ["a1"]


async def test_where_nobody_answers_it_is_an_error(api, client, worker):
    model = await agent(api, "broken", "demo/failing")
    with pytest.raises(openai.APIStatusError) as caught:
        await client.chat.completions.create(model=model, messages=[user("Well?")])
    assert caught.value.status_code == 502
    assert caught.value.response.json()["code"] == "turn_failed"
    stream = await client.chat.completions.create(
        model=model, messages=[user("Well?")], stream=True
    )
    with pytest.raises(openai.APIError):
        async for _ in stream:
            pass


async def test_what_is_sent_twice_with_a_key_is_one_turn(api, worker):
    body = {"model": await agent(api, "critic"), "messages": [user("Well?")]}
    answers = await asyncio.gather(
        *(api.client.post(CHAT, json=body, headers={"Idempotency-Key": "k"}) for _ in range(3))
    )
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(await sessions(api)) == 1


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"model": "gpt-4o"}, 404, "not_found"),
        ({"model": "agent:nobody"}, 404, "not_found"),
        ({"model": "room:0197c0de-0000-7000-8000-000000000001"}, 404, "not_found"),
        ({"messages": []}, 422, "validation_error"),
        ({"messages": [{"role": "assistant", "content": "Hi"}]}, 422, "validation_error"),
        ({"messages": [{"role": "tool", "content": "Hi"}]}, 422, "validation_error"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, 422, None),
        ({"messages": [{"role": "user", "content": " "}]}, 422, "validation_error"),
        ({"n": 2}, 422, "validation_error"),
        ({"tools": [{"type": "function"}]}, 422, "validation_error"),
    ],
)
async def test_what_cannot_be_asked_is_refused(api, change, status, code):
    body = {"model": await agent(api, "critic"), "messages": [user("Well?")], "temperature": 0.1}
    answer = await api.client.post(CHAT, json={**body, **change})
    problem(answer, status, code or "validation_error")
    assert await sessions(api) == []


async def test_another_users_conversation_is_none_of_ones_own(api, anonymous):
    session = await open_session(api, agents=1)
    answer = await anonymous.post(CHAT, json={"model": f"room:{session['room_id']}"})
    problem(answer, 401, "unauthenticated")
