"""What goes wrong between us and a model server, as values."""

from datetime import timedelta
from email.utils import format_datetime

import orjson
import pytest

from pantheon.base import clock
from pantheon.providers import failures

SECRET = "sk-canary-0123456789"


def of(status: int, body: object = None, **headers: str):
    told = b"" if body is None else orjson.dumps(body)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return failures.of_status("lab", status, names, told, SECRET)


@pytest.mark.parametrize(
    ("status", "code", "retryable"),
    [
        (400, "request_refused", False),
        (401, "key_refused", False),
        (402, "quota_exceeded", False),
        (403, "key_refused", False),
        (404, "model_not_found", False),
        (418, "request_refused", False),
        (422, "request_refused", False),
        (429, "rate_limited", True),
        (500, "provider_error", True),
        (502, "provider_error", True),
        (503, "provider_overloaded", True),
        (529, "provider_overloaded", True),
        (599, "provider_error", True),
    ],
)
def test_a_status_has_its_code(status, code, retryable):
    failure = of(status)
    assert (failure.code, failure.retryable, failure.sent) == (code, retryable, True)
    assert failure.detail.startswith(f"lab answered {status}.")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"error": {"message": "m", "code": "context_length_exceeded"}}, "context_too_long"),
        # llama.cpp's shape.
        ({"error": {"message": "m", "code": 400, "type": "exceed_context_size_error"}},
         "context_too_long"),
        ({"error": {"message": "m", "type": "insufficient_quota"}}, "quota_exceeded"),
        ({"error": {"message": "m", "code": "model_not_found"}}, "model_not_found"),
        ({"error": "m"}, "request_refused"),
        ({"detail": "m"}, "request_refused"),
        ({"message": "m"}, "request_refused"),
        (["m"], "request_refused"),
        ({"error": {"message": {"no": "text"}, "code": ["no"]}}, "request_refused"),
    ],
)  # fmt: skip
def test_a_code_in_the_body_says_more_than_the_status(body, code):
    assert of(400, body).code == code


def test_the_servers_words_are_quoted_and_an_advice_is_added():
    failure = of(404, {"error": {"message": "No model\n 'x'"}})
    assert failure.detail == "lab answered 404: No model 'x'. Choose another model."


def test_the_key_is_not_quoted():
    failure = of(401, {"error": {"message": f"Incorrect API key provided: {SECRET}."}})
    assert SECRET not in failure.detail
    assert "Incorrect API key provided: …." in failure.detail


def test_long_and_hostile_words_are_cut_and_sanitised():
    failure = of(500, {"error": {"message": "\x00" + "x" * 10_000}})
    assert len(failure.detail) < 500
    assert "\x00" not in failure.detail


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "3"}, 3),
        ({"retry_after": "0.5"}, 0.5),
        ({"retry_after_ms": "1500", "retry_after": "9"}, 1.5),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "-3"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read(headers, seconds):
    assert of(429, **headers).retry_after_seconds == seconds


def test_retry_after_may_be_a_date():
    moment = clock.now() + timedelta(seconds=30)
    assert 28 < of(503, retry_after=format_datetime(moment, usegmt=True)).retry_after_seconds <= 30
    past = clock.now() - timedelta(seconds=30)
    assert of(503, retry_after=format_datetime(past, usegmt=True)).retry_after_seconds == 0


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ({"message": "m", "code": 502}, "provider_error"),
        ({"message": "m", "code": 429}, "rate_limited"),
        ({"message": "m", "code": "context_length_exceeded"}, "context_too_long"),
        ("m", "provider_error"),
        ({"message": "m", "type": "server_error"}, "provider_error"),
        (17, "provider_error"),
    ],
)
def test_an_error_inside_a_stream_has_its_code(error, code):
    failure = failures.of_frame("lab", error, SECRET)
    assert failure.code == code
    assert failure.detail.startswith("lab broke off with an error")
