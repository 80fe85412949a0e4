"""The adapter for OpenAI-compatible servers: what leaves, and what is made of a server's list."""

import asyncio
import json
from contextlib import suppress
from decimal import Decimal

import orjson
import pytest

from pantheon.providers.catalog import Facts
from pantheon.providers.openai import OpenAIProvider
from pantheon.providers.structured import Form, Structure
from pantheon.providers.types import ChatMessage, Failure, ModelRequest, Price, Role
from tests.base.servers import plain, read_head, serving
from tests.providers.asking import ask, request


def test_a_request_is_encoded_to_the_same_bytes_each_time():
    provider = OpenAIProvider("lab", "http://127.0.0.1:1/v1")
    asked = request("m", "é", max_output_tokens=5, temperature=0.5, reasoning_effort="low")
    assert provider.encode(asked) == provider.encode(asked)
    assert orjson.loads(provider.encode(asked)) == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "You are wise."},
            {"role": "user", "content": "é"},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 5,
        "temperature": 0.5,
        "reasoning_effort": "low",
    }


def test_what_is_not_set_is_not_sent():
    sent = orjson.loads(OpenAIProvider("lab", "http://127.0.0.1:1").encode(request("m")))
    assert set(sent) == {"model", "messages", "stream", "stream_options"}


def test_what_is_to_be_cached_is_marked_where_the_model_wants_it():
    talk = tuple(
        ChatMessage(Role(role), text)
        for role, text in (
            ("system", "Be wise."), ("user", "1?"), ("assistant", "1."), ("user", "2?"),
            ("assistant", "2."), ("user", "3?"),
        )
    )  # fmt: skip
    provider = OpenAIProvider("router", "http://127.0.0.1:1/v1", marked="anthropic/")

    def told(asked: ModelRequest) -> list[object]:
        return [m["content"] for m in orjson.loads(provider.encode(asked))["messages"]]

    def cached(text: str) -> list[dict[str, object]]:
        return [{"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}]

    plain = ["Be wise.", "1?", "1.", "2?", "2.", "3?"]
    wanted = [cached("Be wise."), "1?", "1.", cached("2?"), "2.", cached("3?")]
    assert told(ModelRequest("anthropic/claude", talk)) == wanted
    assert told(ModelRequest("openai/gpt", talk)) == plain
    # What is asked once, in a form of its own, is not asked for again.
    structure = Structure("minutes", {"type": "object"}, Form.text)
    assert told(ModelRequest("anthropic/claude", talk, structure=structure)) == plain


@pytest.mark.parametrize(
    ("base_url", "field"),
    [
        ("https://api.openai.com/v1", "max_completion_tokens"),
        ("https://team.openai.azure.com/openai/v1", "max_completion_tokens"),
        ("https://openrouter.ai/api/v1", "max_tokens"),
        ("http://127.0.0.1:8001/v1", "max_tokens"),
    ],
)
def test_the_longest_answer_has_the_name_that_the_server_knows(base_url, field):
    provider = OpenAIProvider("lab", base_url)
    assert orjson.loads(provider.encode(request("m", max_output_tokens=7)))[field] == 7


async def heads(monkeypatch, **options) -> tuple[list[str], list[str]]:
    """Return the header lines of a chat request and of a request for the models."""
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, f"canary-{name}")
    got = []

    async def talk(reader, writer):
        got.append((await read_head(reader)).decode().lower().split("\r\n"))
        writer.write(plain(b'{"data": []}', "Content-Type: application/json"))
        await writer.drain()

    async with serving(talk) as port:
        provider = OpenAIProvider("lab", f"http://localhost:{port}/v1", **options)
        await ask(provider, request("m"), request_id="attempt-1")
        await provider.list_models()
        await provider.aclose()
    return got[0], got[1]


async def test_the_key_and_the_attempts_id_are_sent_and_nothing_of_the_environment(monkeypatch):
    chat, models = await heads(monkeypatch, api_key="key-1")
    assert chat[0] == "post /v1/chat/completions http/1.1"
    assert models[0] == "get /v1/models http/1.1"
    assert "authorization: bearer key-1" in chat
    assert "authorization: bearer key-1" in models
    assert "x-client-request-id: attempt-1" in chat
    assert "content-type: application/json" in chat
    assert "accept-encoding: identity" in chat
    assert "canary" not in str(chat + models)


async def test_without_a_key_no_authorization_is_sent(monkeypatch):
    chat, models = await heads(monkeypatch)
    assert "authorization" not in str(chat + models)


async def test_organization_and_project_are_sent_where_they_are_configured(monkeypatch):
    chat, _ = await heads(monkeypatch, api_key="k", organization="org-1", project="proj-1")
    assert "openai-organization: org-1" in chat
    assert "openai-project: proj-1" in chat


async def listed(answer: bytes, **options):
    """Return what is made of a server's answer to the question for its models."""

    async def talk(reader, writer):
        await read_head(reader)
        writer.write(answer)
        await writer.drain()

    async with serving(talk) as port:
        provider = OpenAIProvider("lab", f"http://localhost:{port}/v1", **options)
        found = await provider.list_models()
        await provider.aclose()
    return found


async def test_a_list_tells_windows_and_prices_in_the_shapes_that_servers_use():
    models = [
        {"id": "vllm", "max_model_len": 16_384},
        {"id": "llama.cpp", "meta": {"n_ctx_train": 4_096}},
        {
            "id": "maker/router",
            "context_length": 200_000,
            "top_provider": {"max_completion_tokens": 64_000},
            "pricing": {
                "prompt": "0.000003",
                "completion": "0.000015",
                "input_cache_read": "0.0000003",
            },
            "supported_parameters": ["tools", "reasoning", "seed"],
        },
        {"id": "plain"},
    ]
    found = await listed(plain(json.dumps({"data": models}).encode()))
    by_id = {model.id: model for model in found}
    assert by_id["lab/vllm"].context_window == 16_384
    assert by_id["lab/llama.cpp"].context_window == 4_096
    router = by_id["lab/maker/router"]
    assert (router.context_window, router.max_output_tokens) == (200_000, 64_000)
    assert router.price == Price(Decimal(3), Decimal(15), Decimal("0.3"), "lab")
    assert router.capabilities == {"tools", "reasoning"}
    assert (by_id["lab/plain"].context_window, by_id["lab/plain"].price) == (8_192, None)


async def test_what_is_assumed_counts_where_the_server_says_nothing():
    body = b'{"data": [{"id": "a"}, {"id": "b", "max_model_len": 32768}]}'
    found = await listed(plain(body), assumed=Facts(context_window=4_096))
    assert [model.context_window for model in found] == [4_096, 32_768]


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"data": 1}', b'{"data": [1]}', b'{"data": [{"id": 1}]}x']
)
async def test_what_is_no_list_is_a_failure(body):
    found = await listed(plain(body))
    assert isinstance(found, Failure)
    assert found.code == "malformed_answer"
    assert "Name the models" in found.detail


async def test_a_status_of_the_list_is_a_failure():
    found = await listed(plain(b"", status="401 Unauthorized"))
    assert isinstance(found, Failure)
    assert found.code == "key_refused"


async def test_a_password_in_the_address_is_not_told(unused_tcp_port):
    provider = OpenAIProvider("lab", f"http://user:canary@127.0.0.1:{unused_tcp_port}/v1")
    answer = await ask(provider, request("m"))
    assert "canary" not in answer.end.detail
    assert f"http://127.0.0.1:{unused_tcp_port}/v1" in answer.end.detail
    await provider.aclose()


async def test_a_connection_is_used_again_although_the_end_of_the_body_is_late():
    """The answer is there with `[DONE]`; the end of the body is read all the same."""
    connections = 0
    frame = (
        b'data: {"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
    )
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    )

    async def talk(reader, writer):
        nonlocal connections
        connections += 1
        with suppress(asyncio.IncompleteReadError):
            while True:
                asked = (await read_head(reader)).lower()
                await reader.readexactly(int(asked.split(b"content-length: ")[1].split()[0]))
                writer.write(head + b"%x\r\n%b\r\n" % (len(frame), frame))
                await writer.drain()
                await asyncio.sleep(0.02)
                writer.write(b"0\r\n\r\n")

    async with serving(talk) as port:
        provider = OpenAIProvider("lab", f"http://localhost:{port}/v1")
        for _ in range(3):
            assert (await ask(provider, request("m"))).text == "a"
        assert connections == 1
        await provider.aclose()


async def test_a_finish_reason_counts_although_the_connection_breaks_after_it():
    frame = b'data: {"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}\n\n'

    async def talk(reader, writer):
        await read_head(reader)
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n" % (len(frame), frame)
        )
        await writer.drain()

    async with serving(talk) as port:
        provider = OpenAIProvider("lab", f"http://localhost:{port}/v1")
        answer = await ask(provider, request("m"))
        assert (answer.text, answer.end.finish_reason, answer.end.usage) == ("a", "stop", None)
        await provider.aclose()
