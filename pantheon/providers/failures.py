"""What goes wrong between us and a model server, as values: a code, a cause, what to do."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from pantheon.base import clock
from pantheon.base.text import sanitise
from pantheon.providers.types import Failure

LONGEST_MESSAGE = 400
SHORTEST_SECRET = 8

UNREACHABLE = Failure(
    "provider_unreachable", "The model server cannot be reached", "", retryable=True, sent=False
)
SILENT = Failure("provider_silent", "The model server went silent", "", retryable=True)
DROPPED = Failure("provider_dropped", "The connection broke", "", retryable=True)
MALFORMED = Failure("malformed_answer", "The answer cannot be read", "", retryable=True)
INCOMPLETE = Failure(
    "incomplete_answer",
    "The answer is incomplete",
    "The stream ended without a finish reason, so the answer may be cut off.",
    retryable=True,
)
TOO_LONG = Failure("answer_too_long", "The answer is too long", "", retryable=False)
NOT_A_STREAM = Failure("not_a_stream", "No stream came back", "", retryable=False)
KEY_REFUSED = Failure("key_refused", "The key was not accepted", "", retryable=False)
MODEL_NOT_FOUND = Failure("model_not_found", "No such model", "", retryable=False)
REQUEST_REFUSED = Failure("request_refused", "The request was refused", "", retryable=False)
CONTEXT_TOO_LONG = Failure("context_too_long", "Too much text for the model", "", retryable=False)
QUOTA_EXCEEDED = Failure("quota_exceeded", "No credit is left at the provider", "", retryable=False)
RATE_LIMITED = Failure("rate_limited", "Too many requests", "", retryable=True)
OVERLOADED = Failure("provider_overloaded", "The model server is overloaded", "", retryable=True)
BROKEN = Failure("provider_error", "The model server failed", "", retryable=True)

BY_STATUS = {
    401: KEY_REFUSED,
    402: QUOTA_EXCEEDED,
    403: KEY_REFUSED,
    404: MODEL_NOT_FOUND,
    408: BROKEN,
    409: BROKEN,
    425: BROKEN,
    429: RATE_LIMITED,
    503: OVERLOADED,
    529: OVERLOADED,
}
BY_CODE = {
    "context_length_exceeded": CONTEXT_TOO_LONG,
    "exceed_context_size_error": CONTEXT_TOO_LONG,
    "insufficient_quota": QUOTA_EXCEEDED,
    "model_not_found": MODEL_NOT_FOUND,
}
ADVICE = {
    "key_refused": "Check the key of this provider.",
    "model_not_found": "Choose another model.",
    "context_too_long": "Shorten the text, or choose a model with a larger window.",
    "quota_exceeded": "Add credit there, or choose a model of another provider.",
}


def of_status(
    provider: str, status: int, headers: Mapping[str, str], body: bytes, secret: str | None
) -> Failure:
    """Return the failure that an HTTP status means.

    The server's own words are quoted, without `secret`; `Retry-After` is read.
    """
    codes, message = _told(body)
    kind = _kind(codes, status)
    return _quoting(
        kind, f"{provider} answered {status}", message, secret,
        retry_after_seconds=_retry_after(headers) if kind.retryable else None,
    )  # fmt: skip


def of_frame(provider: str, error: Any, secret: str | None) -> Failure:
    """Return the failure that an error inside a stream means."""
    codes, message = _told(orjson.dumps({"error": error}))
    status = next((int(code) for code in codes if code.isdecimal()), 500)
    kind = _kind(codes, status)
    return _quoting(kind, f"{provider} broke off with an error", message, secret)


def _kind(codes: list[str], status: int) -> Failure:
    named = [BY_CODE[code] for code in codes if code in BY_CODE]
    default = BROKEN if status >= 500 else REQUEST_REFUSED
    return named[0] if named else BY_STATUS.get(status, default)


def _quoting(kind: Failure, what: str, message: str, secret: str | None, **changes: Any) -> Failure:
    if secret and len(secret) >= SHORTEST_SECRET:
        message = message.replace(secret, "…")
    quoted = sanitise(" ".join(message.split()))[:LONGEST_MESSAGE]
    detail = f"{what}: {quoted}" if quoted else f"{what}."
    if not detail.endswith((".", "!", "?")):
        detail += "."
    advice = ADVICE.get(kind.code)
    return replace(kind, detail=f"{detail} {advice}" if advice else detail, **changes)


def _told(body: bytes) -> tuple[list[str], str]:
    """Return the codes and the message of an error body, in the shapes that servers use."""
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        return [], ""
    error = told.get("error", told) if isinstance(told, dict) else told
    if not isinstance(error, dict):
        return [], error if isinstance(error, str) else ""
    codes = [
        str(error[name]) for name in ("code", "type") if isinstance(error.get(name), str | int)
    ]
    message = error.get("message") or error.get("detail") or ""
    return codes, message if isinstance(message, str) else ""


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Read `Retry-After`, seconds or a date (RFC 9110, 10.2.3), and OpenAI's `retry-after-ms`."""
    try:
        if "retry-after-ms" in headers:
            return max(0.0, float(headers["retry-after-ms"]) / 1000)
        value = headers.get("retry-after")
        if value is None:
            return None
        if value.replace(".", "", 1).isdigit():
            return float(value)
        moment: datetime = parsedate_to_datetime(value)
        return max(0.0, (moment - clock.now()).total_seconds())
    except (ValueError, TypeError):
        return None
