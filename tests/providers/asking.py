"""Asking a provider and gathering what comes back."""

import asyncio
from dataclasses import dataclass, field
from uuid import uuid4

from pantheon.providers.types import (
    ChatMessage,
    Failure,
    Finished,
    ModelRequest,
    Provider,
    ReasoningDelta,
    Role,
    StreamEvent,
    TextDelta,
)
from tests.fakes import process

QUESTION = "What is wise? Is é?"


@dataclass
class Answer:
    """All events of one request."""

    events: list[StreamEvent] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, TextDelta))

    @property
    def reasoning(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, ReasoningDelta))

    @property
    def end(self) -> Finished | Failure:
        """The last event; it is the only end."""
        *before, end = self.events
        assert not [event for event in before if isinstance(event, Finished | Failure)]
        assert isinstance(end, Finished | Failure)
        return end


def request(
    model: str, question: str = QUESTION, *, system: str = "You are wise.", **more: object
) -> ModelRequest:
    """Return a request of a role prompt and a question."""
    messages = (ChatMessage(Role.system, system), ChatMessage(Role.user, question))
    return ModelRequest(model, messages, **more)  # type: ignore[arg-type]


async def ask(provider: Provider, asked: ModelRequest, *, request_id: str | None = None) -> Answer:
    """Send a request and read the answer to its end, 60 s at most."""
    answer = Answer()
    async with asyncio.timeout(60):
        stream = provider.stream(provider.encode(asked), request_id or uuid4().hex)
        async for event in stream:
            answer.events.append(event)
    return answer


async def logged(url: str, request_id: str) -> dict:
    """Return the one request of that id in the fake's log, once it has an outcome."""
    found = await asyncio.to_thread(process.requests, url, request_id, settled_seconds=10)
    (entry,) = found
    return entry


async def arrived(url: str, request_id: str) -> None:
    """Wait until the fake has a request of that id."""
    assert await asyncio.to_thread(process.requests, url, request_id, arrived_seconds=10)
