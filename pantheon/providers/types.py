"""What every provider speaks: requests, the closed set of stream events, usage, failure."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from pantheon.providers.structured import Structure


class Role(StrEnum):
    """Who speaks in a message of a request."""

    system = "system"
    user = "user"
    assistant = "assistant"


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message of a request."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """What is asked of a model. `model` is the provider's own name, without our prefix.

    `structure`: the answer is one JSON object of this schema.
    """

    model: str
    messages: tuple[ChatMessage, ...]
    max_output_tokens: int | None = None
    temperature: float | None = None
    reasoning_effort: str | None = None
    structure: Structure | None = None


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Tokens of one request. Cached ones are part of the input, reasoning of the output.

    So are those that were written to the provider's cache. `tool_calls` are calls of tools at the
    provider's, which some charge for.
    """

    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    cache_write_tokens: int = 0
    tool_calls: int = 0


@dataclass(frozen=True, slots=True)
class TextDelta:
    """Text of the answer; all that one read of the socket brought, not one token."""

    text: str


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """Text of the model's reasoning."""

    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The stream ended with a finish reason. `usage` is `None` where the provider left it out."""

    finish_reason: str
    usage: TokenUsage | None
    provider_request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed request, as a value. `sent` is false if nothing can have reached the provider."""

    code: str
    title: str
    detail: str
    retryable: bool
    retry_after_seconds: float | None = None
    sent: bool = True
    usage: TokenUsage | None = None
    provider_request_id: str | None = None


StreamEvent = TextDelta | ReasoningDelta | Finished | Failure
"""The closed set. A stream ends with exactly one `Finished` or `Failure`; it never raises."""


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens; `version` names the price list that it comes from.

    What is `None` costs what it is a part of: input or output. `request` and `tool_call` are US
    dollars for each.
    """

    input: Decimal
    output: Decimal
    cached_input: Decimal | None = None
    version: str = "config"
    cache_write: Decimal | None = None
    reasoning: Decimal | None = None
    request: Decimal = Decimal(0)
    tool_call: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Model:
    """A model that can be asked for. `id` is `provider/model`; `price` `None` = unpriced."""

    id: str
    context_window: int
    max_output_tokens: int
    capabilities: frozenset[str] = field(default_factory=frozenset)
    price: Price | None = None
    available: bool = True
    reason: str | None = None


class Provider(Protocol):
    """A configured model provider."""

    name: str
    kind: str

    def encode(self, request: ModelRequest) -> bytes:
        """Return the exact body that `stream` will send; pure."""
        ...

    def stream(self, body: bytes, request_id: str) -> AsyncGenerator[StreamEvent]:
        """Send `body` once, its id as `X-Client-Request-Id`, and yield what comes back.

        Closing the iterator (or cancelling the task) closes the upstream connection.
        Our own retries are the caller's: a provider sends one request and no more.
        """
        ...

    async def list_models(self) -> list[Model] | Failure:
        """Return the models that this provider offers now, or why it cannot be asked."""
        ...

    def unlisted(self, name: str) -> Model:
        """Return what is assumed of a model that the provider did not list."""
        ...

    async def aclose(self) -> None:
        """Close connections and child processes."""
        ...
