"""Any OpenAI-compatible model server, by OpenAI's own client library and its raw streams.

The library authenticates, builds the request and sends it; the frames that come back are read
here, because its typed stream costs eight times as much (docs/decisions/0011).
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

from pantheon.base import http
from pantheon.base.metrics import EVENTS_DROPPED
from pantheon.base.text import sanitise
from pantheon.providers import catalog, failures
from pantheon.providers.catalog import Facts
from pantheon.providers.chat_frames import Frames
from pantheon.providers.structured import Form, Structure
from pantheon.providers.types import (
    Failure,
    Finished,
    Model,
    ModelRequest,
    ReasoningDelta,
    Role,
    StreamEvent,
    TextDelta,
)

if TYPE_CHECKING:
    from openai import AsyncOpenAI

SILENCE_SECONDS = 300.0
LIST_SECONDS = 10.0
LIMIT_FIELD = "max_tokens"
CACHED = {"type": "ephemeral"}
DRAIN_SECONDS = 0.5
LONGEST_ANSWER = 16_000_000

# After a stream's first reads, text is late by this at most, and costs a quarter less.
GATHER_SECONDS = 0.025


class OpenAIProvider:
    """A server that speaks OpenAI's chat completions.

    `assumed` says what holds for models of which nothing else is known; those whose name begins
    with `marked` want to be told what to cache. `silence_seconds` is the longest time without a
    byte.
    """

    kind = "openai"

    def __init__(
        self,
        name: str,
        base_url: str,
        *,
        api_key: str | None = None,
        organization: str | None = None,
        project: str | None = None,
        assumed: Facts | None = None,
        marked: str | None = None,
        silence_seconds: float = SILENCE_SECONDS,
    ) -> None:
        self.name = name
        self._base_url = base_url.rstrip("/")
        self._where = _without_login(base_url)
        self._api_key = api_key
        self._organization = organization
        self._project = project
        self._assumed = assumed or Facts()
        self._marked = marked
        self._client = http.open_client(
            [base_url], read_seconds=silence_seconds, gather_seconds=GATHER_SECONDS
        )
        self._sdk: AsyncOpenAI | None = None
        self._limit = _limit_field(base_url)

    def encode(self, request: ModelRequest) -> bytes:
        """Return the body of the request: JSON, the same bytes for the same request."""
        marked = self._marked is not None and request.model.startswith(self._marked)
        return encode_chat(request, self._limit, marked=marked)

    async def stream(self, body: bytes, request_id: str) -> AsyncGenerator[StreamEvent, None]:
        """Send the body and yield one delta per read of the socket, then how it ended."""
        response = await self._send(body, request_id)
        if isinstance(response, Failure):
            yield response
            return
        frames = Frames()
        failure: Failure | None = None
        length = 0
        try:
            async with aclosing(response.aiter_raw()) as reads:
                async for data in reads:
                    frames.feed(data)
                    if thought := frames.take_reasoning():
                        yield ReasoningDelta(thought)
                    if text := frames.take_text():
                        length += len(text)
                        yield TextDelta(text)
                    if length > LONGEST_ANSWER:
                        detail = f"It was stopped at {LONGEST_ANSWER} characters."
                        failure = replace(failures.TOO_LONG, detail=detail)
                    if frames.malformed is not None:
                        detail = f"{self.name}: {frames.malformed}"
                        failure = replace(failures.MALFORMED, detail=detail)
                    if failure or frames.done or frames.error is not None:
                        break
                if frames.done:
                    await _drain(reads)
        except http.TransportError as error:
            # An answer that has its finish reason is whole, whatever became of the connection.
            failure = None if frames.finish_reason else self._broken(error)
        finally:
            await response.aclose()
            if frames.dropped:
                EVENTS_DROPPED.labels(self.name).inc(frames.dropped)
        yield self._ending(frames, failure, _request_id(response) or frames.id)

    async def list_models(self) -> list[Model] | Failure:
        """Ask the server for its models."""
        headers = {"Authorization": f"Bearer {self._api_key}"} if self._api_key else {}
        url = f"{self._base_url}/models"
        try:
            status, body = await http.fetch(
                self._client, url, headers=headers, seconds=LIST_SECONDS
            )
        except http.TransportError as error:
            return self._broken(error)
        if status != 200:
            return failures.of_status(self.name, status, {}, body, self._api_key)
        try:
            told = orjson.loads(body)["data"]
            listed = {item["id"]: item for item in told if isinstance(item["id"], str)}
        except (orjson.JSONDecodeError, KeyError, TypeError):
            detail = f"{self._where}/models is no list as OpenAI's. Name the models in 'models'."
            return replace(failures.MALFORMED, detail=detail)
        # The price list, when it is needed, takes 0.3 s to load.
        return await asyncio.to_thread(self._models, listed)

    def unlisted(self, name: str) -> Model:
        """Return what is assumed of a model that the server did not list."""
        return self.model(name, Facts())

    def model(self, name: str, told: Facts) -> Model:
        """Return a model of which `told` is known, and more perhaps by the price list."""
        listed = catalog.from_price_list(self._base_url, name)
        return catalog.make_model(f"{self.name}/{name}", (told, listed, self._assumed))

    async def prepare(self) -> None:
        """Load the client library, 0.4 s and 15 MB, so that no answer has to wait for it.

        The price list as well, where it knows the server, so that no look-up does.
        """
        if self._sdk is None:
            await asyncio.to_thread(import_module, "openai")
            await asyncio.to_thread(catalog.from_price_list, self._base_url, "")
            self._sdk = self._open()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _open(self) -> "AsyncOpenAI":
        from openai import AsyncOpenAI

        sdk = AsyncOpenAI(
            api_key=self._api_key or "none",
            base_url=self._base_url,
            http_client=self._client,
            timeout=self._client.timeout,
            max_retries=0,
        )
        # The library fills these in from the process's environment, whatever server it is for.
        sdk.admin_api_key = None
        sdk.organization = self._organization
        sdk.project = self._project
        return sdk

    async def _send(self, body: bytes, request_id: str) -> http.Response | Failure:
        await self.prepare()
        from openai import APIConnectionError, APIStatusError, omit

        assert self._sdk is not None
        headers: dict[str, Any] = {
            "X-Client-Request-Id": request_id,
            "X-Stainless-Raw-Response": "stream",
            "Accept": "text/event-stream",
        }
        if not self._api_key:
            headers["Authorization"] = omit
        try:
            response = await self._sdk.post(
                "/chat/completions",
                cast_to=http.Response,
                content=body,
                options={"headers": headers},
            )
        except APIStatusError as error:
            answer = error.response
            return failures.of_status(
                self.name, answer.status_code, answer.headers, answer.content, self._api_key
            )
        except APIConnectionError as error:
            return self._broken(error.__cause__ or error)
        except http.TransportError as error:
            return self._broken(error)
        found = response.headers.get("content-type", "")
        if not found.startswith("text/event-stream"):
            await response.aclose()
            detail = f"{self._where} answered with '{found}'. Check the base URL of {self.name}."
            return replace(failures.NOT_A_STREAM, detail=detail)
        return response

    def _ending(
        self, frames: Frames, failure: Failure | None, request_id: str | None
    ) -> Finished | Failure:
        if frames.error is not None:
            failure = failures.of_frame(self.name, frames.error, self._api_key)
        elif failure is None and frames.finish_reason is None:
            failure = failures.INCOMPLETE
        if failure is not None:
            return replace(failure, usage=frames.usage, provider_request_id=request_id)
        assert frames.finish_reason is not None
        return Finished(frames.finish_reason, frames.usage, request_id)

    def _broken(self, error: BaseException) -> Failure:
        """Return the failure that a broken connection means."""
        if http.never_left(error):
            detail = f"{self.name} does not answer at {self._where}: {error} Is it running?"
            return replace(failures.UNREACHABLE, detail=detail)
        if http.timed_out(error):
            return replace(failures.SILENT, detail=f"{self.name}: {error}")
        return replace(failures.DROPPED, detail=f"{self.name} hung up: {error}")

    def _models(self, listed: dict[str, dict[str, Any]]) -> list[Model]:
        return [
            self.model(sanitise(name), catalog.from_server(told, self.name))
            for name, told in sorted(listed.items())
            if catalog.chats(self._base_url, name)
        ]


def encode_chat(request: ModelRequest, limit_field: str, *, marked: bool = False) -> bytes:
    """Return the body of a chat completion; `limit_field` names the longest answer.

    `marked`: it says up to where the provider shall cache it, as Anthropic's models want it:
    behind the system message and behind the last two of the user's, where the next request of
    this conversation begins to differ.
    """
    messages: list[dict[str, Any]] = [
        {"role": message.role.value, "content": message.content} for message in request.messages
    ]
    if marked and request.structure is None:
        system = [at for at, said in enumerate(request.messages) if said.role is Role.system]
        users = [at for at, said in enumerate(request.messages) if said.role is Role.user]
        for at in (*system[:1], *users[-2:]):
            part = {"type": "text", "text": messages[at]["content"], "cache_control": CACHED}
            messages[at]["content"] = [part]
    body: dict[str, Any] = {
        "model": request.model,
        "messages": messages,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if request.max_output_tokens is not None:
        body[limit_field] = request.max_output_tokens
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if request.reasoning_effort is not None:
        body["reasoning_effort"] = request.reasoning_effort
    if request.structure is not None:
        body |= _structured(request.structure)
    return orjson.dumps(body)


def _structured(structure: Structure) -> dict[str, Any]:
    """Return the fields that hold a model to a schema, as far as the form can."""
    if structure.form is Form.json_schema:
        told = {"name": structure.name, "strict": True, "schema": structure.schema}
        return {"response_format": {"type": "json_schema", "json_schema": told}}
    if structure.form is Form.tool:
        function = {"name": structure.name, "parameters": structure.schema}
        choice = {"type": "function", "function": {"name": structure.name}}
        return {"tools": [{"type": "function", "function": function}], "tool_choice": choice}
    if structure.form is Form.json_object:
        return {"response_format": {"type": "json_object"}}
    return {}


async def _drain(reads: AsyncIterator[bytes]) -> None:
    """Read the end of the body, so that the connection can be used again; not at any price."""
    with suppress(TimeoutError, http.TransportError):
        async with asyncio.timeout(DRAIN_SECONDS):
            async for _ in reads:
                continue


def _request_id(response: http.Response) -> str | None:
    told = response.headers.get("x-request-id")
    return sanitise(told[:200]) if told else None


def _limit_field(base_url: str) -> str:
    """Return how the server calls the longest answer: OpenAI has renamed it, others have not."""
    host = urlsplit(base_url).hostname or ""
    if host == catalog.OPENAI_HOST or host.endswith(".openai.azure.com"):
        return "max_completion_tokens"
    return LIMIT_FIELD


def _without_login(base_url: str) -> str:
    parts = urlsplit(base_url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
