"""The fake model server keeps to what its docstring says."""

import hashlib
import json
import re
import urllib.error
import urllib.request
from uuid import uuid4

import pytest

import tests.fakes as package
from tests.fakes import process
from tests.fakes.openai import BY_NAME, SPECIAL


def post(url: str, model: str, *, system: str = "", user: str = "Hello?", **more):
    """Return status, headers and body of a chat request."""
    messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
    headers = more.pop("headers", {})
    body = json.dumps({"model": model, "messages": messages, **more}).encode()
    request = urllib.request.Request(f"{url}/chat/completions", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def text(url: str, model: str, **more) -> str:
    """Return the text of an answer that is not streamed."""
    _, _, body = post(url, model, **more)
    return json.loads(body)["choices"][0]["message"]["content"]


def test_every_model_is_documented():
    rows = "".join(re.findall(r"^\| `.*", package.__doc__, re.MULTILINE))
    documented = {name.split("-")[0] if name in BY_NAME else name
                  for name in re.findall(r"`([a-z]+(?:-[a-z]+)*)", rows)}  # fmt: skip
    assert {*BY_NAME, *SPECIAL, "flaky", "scripted"} <= documented


def test_the_system_prompt_can_say_the_answer(fakes):
    assert text(fakes, "scripted", system="You are wise.\nsay: forty-two") == "forty-two"
    assert text(fakes, "scripted", system="as: echo", user="me") == "me"
    assert post(fakes, "scripted", system="as: status-503-2")[0] == 503
    assert post(fakes, "scripted", system="nothing")[0] == 400


def test_it_can_tell_all_that_it_was_sent(fakes):
    heard = json.loads(text(fakes, "echo-all", system="S", user="U"))
    assert [message["content"] for message in heard] == ["S", "U"]


def test_a_header_chooses_the_answer_whatever_the_model(fakes):
    status, headers, _ = post(fakes, "ok", headers={"X-Fake-Model": "status-429-3"})
    assert (status, headers["Retry-After"]) == (429, "3")


def test_the_log_tells_each_request(fakes):
    request_id = uuid4().hex
    post(fakes, "ok-3", headers={"X-Client-Request-Id": request_id}, stream=True)
    (entry,) = process.requests(fakes, request_id, settled_seconds=5)
    assert (entry["model"], entry["outcome"], entry["tokens"]) == ("ok-3", "completed", 3)
    assert (entry["status"], entry["streamed"]) == (200, True)
    body = b'{"model": "ok-3", "messages": [{"role": "system", "content": ""}, '
    body += b'{"role": "user", "content": "Hello?"}], "stream": true}'
    assert entry["sha256"] == hashlib.sha256(body).hexdigest()


def test_flaky_counts_by_name(fakes):
    model = f"flaky-2-{uuid4().hex}"
    assert [post(fakes, model)[0] for _ in range(4)] == [503, 503, 200, 200]


def test_usage_is_told_to_whoever_asks(fakes):
    _, _, without = post(fakes, "ok", stream=True)
    _, _, with_usage = post(fakes, "ok", stream=True, stream_options={"include_usage": True})
    assert b"completion_tokens" not in without
    assert b'"completion_tokens":20' in with_usage


def test_a_gated_answer_goes_on_when_its_gate_is_opened(fakes):
    request = urllib.request.Request(
        f"{fakes}/chat/completions",
        json.dumps({"model": "gated-8-71", "messages": [], "stream": True}).encode(),
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        before = [response.readline() for _ in range(11)]
        assert b'" w4"' in b"".join(before)
        process.open_gate(fakes, 71)
        after = response.read()
    assert b"w4" not in after
    assert b'" w5"' in after
    assert b"[DONE]" in after
    # It stays open, also for who asks without streaming.
    assert text(fakes, "gated-8-71").endswith("w5 w6 w7")


def test_reset_forgets_all():
    with process.running() as url:
        post(url, "flaky-1")
        assert post(url, "flaky-1")[0] == 200
        process.reset(url)
        assert process.requests(url) == []
        assert post(url, "flaky-1")[0] == 503


@pytest.mark.parametrize("body", [b"", b"no json", b"[]", b'{"model": "ok"}'])
def test_a_body_that_is_no_request_is_refused(fakes, body):
    request = urllib.request.Request(f"{fakes}/chat/completions", body, method="POST")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=5)
    assert refused.value.code == 400
