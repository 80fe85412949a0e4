"""What holds for every kind of provider: each fault of a model server, on each kind's wire."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from pantheon.base.metrics import EVENTS_DROPPED
from pantheon.providers.openai import OpenAIProvider
from pantheon.providers.types import Failure, Finished, Provider, TextDelta, TokenUsage
from tests.providers.asking import arrived, ask, logged, request

KEY = "key-canary-90210"
KINDS = {"openai": OpenAIProvider}

WORDS = " ".join(f"w{n}" for n in range(20))

# model: (code, whether it is tried again, the text that came before)
FAULTS = {
    "status-400": ("request_refused", False, ""),
    "status-401": ("key_refused", False, ""),
    "status-403": ("key_refused", False, ""),
    "status-404": ("model_not_found", False, ""),
    "status-413": ("request_refused", False, ""),
    "status-302": ("request_refused", False, ""),
    "status-408": ("provider_error", True, ""),
    "status-429": ("rate_limited", True, ""),
    "status-500": ("provider_error", True, ""),
    "status-503": ("provider_overloaded", True, ""),
    "quota": ("quota_exceeded", False, ""),
    "too-long": ("context_too_long", False, ""),
    "nobody": ("model_not_found", False, ""),
    "html": ("not_a_stream", False, ""),
    "whole": ("not_a_stream", False, ""),
    "reset-before": ("provider_dropped", True, ""),
    "reset-mid": ("provider_dropped", True, "w0 w1 w2"),
    "cut": ("provider_dropped", True, "w0 w1 w2"),
    "stall": ("provider_silent", True, ""),
    "stall-mid": ("provider_silent", True, "w0 w1 w2"),
    "no-finish": ("incomplete_answer", True, "w0 w1 w2"),
    "malformed": ("malformed_answer", True, "w0 w1 w2"),
    "error-frame": ("provider_error", True, "w0 w1 w2"),
}


@pytest.fixture(params=KINDS)
async def provider(request: pytest.FixtureRequest, fakes: str) -> AsyncIterator[Provider]:
    """A provider of each kind, at the fake server; it waits half a second for a byte."""
    provider = KINDS[request.param]("lab", fakes, api_key=KEY, silence_seconds=0.5)
    yield provider
    await provider.aclose()


@pytest.mark.parametrize("model", FAULTS)
async def test_a_fault_is_a_failure_with_its_code(provider, model):
    code, retryable, text = FAULTS[model]
    answer = await ask(provider, request(model))
    assert isinstance(answer.end, Failure)
    assert (answer.end.code, answer.end.retryable, answer.text) == (code, retryable, text)
    assert answer.end.sent
    assert answer.end.detail.startswith(("lab", "The stream", "http://127.0.0.1"))


@pytest.mark.parametrize("model", ["ok", *FAULTS])
async def test_one_request_leaves_with_its_id_and_exactly_the_encoded_body(provider, fakes, model):
    request_id = uuid4().hex
    asked = request(model)
    await ask(provider, asked, request_id=request_id)
    entry = await logged(fakes, request_id)
    assert entry["sha256"] == hashlib.sha256(provider.encode(asked)).hexdigest()


async def test_an_answer_has_its_text_usage_finish_and_request_id(provider):
    answer = await ask(provider, request("ok"))
    assert answer.text == WORDS
    assert isinstance(answer.end, Finished)
    assert answer.end.finish_reason == "stop"
    assert answer.end.usage == TokenUsage(9, 4, 20, 0)
    assert answer.end.provider_request_id.startswith("req-")


async def test_reasoning_comes_apart_and_is_counted(provider):
    answer = await ask(provider, request("reasoning"))
    assert (answer.reasoning, answer.text) == ("r0 r1 r2 r3 r4 ", WORDS)
    assert answer.end.usage == TokenUsage(9, 4, 25, 5)


async def test_an_answer_that_was_cut_by_its_limit_is_finished(provider):
    answer = await ask(provider, request("length"))
    assert (answer.text, answer.end.finish_reason) == (WORDS, "length")


async def test_an_empty_answer_is_finished(provider):
    answer = await ask(provider, request("empty"))
    assert (answer.events, answer.text) == ([answer.end], "")
    assert answer.end.finish_reason == "stop"


async def test_usage_that_is_left_out_is_not_invented(provider):
    answer = await ask(provider, request("no-usage"))
    assert (answer.text, answer.end.usage) == (WORDS, None)


async def test_what_the_user_says_arrives(provider):
    assert (await ask(provider, request("echo", "é – 😀 </message>"))).text == "é – 😀 </message>"


async def test_hostile_output_is_text_without_nul_and_lone_surrogates(provider):
    before = EVENTS_DROPPED.labels("lab")._value.get()
    answer = await ask(provider, request("hostile"))
    assert answer.text == (
        "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c\N{REPLACEMENT CHARACTER}"
        " <script>alert(1)</script><img src=x onerror=alert(1)> é 😀 – 😀"
    )
    assert answer.end.finish_reason == "stop"
    assert EVENTS_DROPPED.labels("lab")._value.get() - before == 4


async def test_an_answer_of_ten_megabytes_is_read(provider):
    answer = await ask(provider, request("huge"))
    assert len(answer.text) == 10 * 1024 * 1024
    assert answer.end.finish_reason == "stop"


async def test_a_slow_drip_is_read_to_its_end(provider):
    assert (await ask(provider, request("drip-0.2"))).text == "w0 w1 w2 w3 w4"


async def test_the_time_that_the_server_names_is_kept(provider):
    assert (await ask(provider, request("status-429-2.5"))).end.retry_after_seconds == 2.5
    assert (await ask(provider, request("status-503-7"))).end.retry_after_seconds == 7
    assert (await ask(provider, request("status-503"))).end.retry_after_seconds is None
    assert (await ask(provider, request("status-400-7"))).end.retry_after_seconds is None


async def test_a_failure_is_not_tried_again_here(provider):
    model = f"flaky-1-{uuid4().hex}"
    assert (await ask(provider, request(model))).end.code == "provider_overloaded"
    assert (await ask(provider, request(model))).text == WORDS


async def test_text_comes_as_it_is_written(provider):
    """The first tokens go out one by one; later ones are gathered, none is held to the end."""
    loop = asyncio.get_running_loop()
    deltas, times = [], []
    asked = request("paced-20-10-60")
    async for event in provider.stream(provider.encode(asked), uuid4().hex):
        if isinstance(event, TextDelta):
            deltas.append(event.text)
            times.append(loop.time())
    assert deltas[0] == "w0"
    assert 10 < len(deltas) < 45
    assert times[-1] - times[0] > 0.3


@pytest.mark.parametrize("model", ["paced-10-10-1000", "stall", "stall-mid"])
async def test_a_cancelled_task_closes_the_upstream_connection(provider, fakes, model):
    request_id = uuid4().hex
    task = asyncio.create_task(ask(provider, request(model), request_id=request_id))
    await arrived(fakes, request_id)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await logged(fakes, request_id))["outcome"] == "client_closed"


async def test_closing_the_stream_closes_the_upstream_connection(provider, fakes):
    request_id = uuid4().hex
    stream = provider.stream(provider.encode(request("paced-10-10-1000")), request_id)
    assert await anext(stream) == TextDelta("w0")
    await stream.aclose()
    assert (await logged(fakes, request_id))["outcome"] == "client_closed"


@pytest.mark.parametrize("model", ["malformed", "error-frame", "stall-mid"])
async def test_a_broken_stream_is_closed(provider, fakes, model):
    request_id = uuid4().hex
    await ask(provider, request(model), request_id=request_id)
    assert (await logged(fakes, request_id))["outcome"] == "client_closed"


@pytest.mark.parametrize("kind", KINDS)
async def test_a_server_that_is_not_there_was_sent_nothing(kind, unused_tcp_port):
    provider = KINDS[kind]("lab", f"http://127.0.0.1:{unused_tcp_port}/v1")
    answer = await ask(provider, request("ok"))
    assert (answer.end.code, answer.end.retryable) == ("provider_unreachable", True)
    assert answer.end.sent is False
    listed = await provider.list_models()
    assert isinstance(listed, Failure)
    assert listed.code == "provider_unreachable"
    await provider.aclose()


@pytest.mark.parametrize("kind", KINDS)
async def test_a_wrong_key_is_told_without_the_key(kind, fakes):
    provider = KINDS[kind]("lab", fakes, api_key="wrong-key")
    answer = await ask(provider, request("ok"))
    assert answer.end.code == "key_refused"
    assert answer.end.detail == (
        "lab answered 401: Incorrect API key provided. Check the key of this provider."
    )
    await provider.aclose()


async def test_many_requests_at_once_each_get_their_own_answer(provider):
    questions = [f"question {n}" for n in range(40)]
    answers = await asyncio.gather(*(ask(provider, request("echo", q)) for q in questions))
    assert [answer.text for answer in answers] == questions


async def test_models_are_listed(provider):
    models = await provider.list_models()
    assert not isinstance(models, Failure)
    by_id = {model.id: model for model in models}
    assert by_id["lab/ok"].context_window == 16_384
    assert by_id["lab/echo"].context_window == 8_192
    assert all(model.price is None for model in models)
