"""What tests of routes look at: problems, and events of a stream."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx2
import orjson


def problem(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """Return the problem document of an answer, after a look at its form."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    document = orjson.loads(answer.content)
    assert (answer.status_code, document["status"], document["code"]) == (status, status, code)
    assert document["type"] == f"urn:pantheon:problem:{code}"
    assert document["instance"] == answer.url.path
    assert document["title"]
    assert document["detail"]
    return document


@dataclass(frozen=True)
class Event:
    """One event of a stream."""

    id: str | None
    name: str
    data: dict[str, Any]


async def events_of(stream: httpx2.Response) -> AsyncIterator[Event | None]:
    """Yield a stream's events as they come; `None` is a comment, the sign of life."""
    assert stream.headers["content-type"] == "text/event-stream; charset=utf-8"
    fields: dict[str, str] = {}
    async for line in stream.aiter_lines():
        if line.startswith(":"):
            yield None
        elif line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif fields:
            yield Event(fields.get("id"), fields["event"], orjson.loads(fields["data"]))
            fields = {}
