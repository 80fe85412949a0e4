"""Reading the frames of OpenAI's chat completion streams, a whole read of the socket at a time."""

import json
from typing import Any, TypeGuard

import orjson

from pantheon.base.text import sanitise
from pantheon.providers.types import TokenUsage

LONGEST_LINE = 32 * 1024 * 1024


class Frames:
    """What a stream has said so far; text and reasoning until they are taken.

    Server-sent events: each `data:` line is one JSON document, or `[DONE]`. Everything that is no
    part of an answer is counted in `dropped` and has no other effect. Nothing raises: `malformed`
    says what cannot be read, and nothing after that is.
    """

    def __init__(self) -> None:
        self.finish_reason: str | None = None
        self.usage: TokenUsage | None = None
        self.id: str | None = None
        self.error: Any = None
        self.malformed: str | None = None
        self.done = False
        self.dropped = 0
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._rest: list[bytes] = []
        self._rest_size = 0

    def feed(self, data: bytes) -> None:
        """Read what has come."""
        end = data.rfind(b"\n")
        if end < 0:
            self._keep(data)
            return
        lines = data[:end].split(b"\n")
        if self._rest:
            lines[0] = b"".join((*self._rest, lines[0]))
            self._rest.clear()
            self._rest_size = 0
        self._keep(data[end + 1 :])
        for line in lines:
            if self.malformed is not None:
                return
            if line.startswith(b"data:"):
                self._read(line[5:].strip())
            elif line.strip() and not line.startswith((b":", b"event:", b"id:", b"retry:")):
                self.dropped += 1

    def take_text(self) -> str:
        """Return the text that has come since the last time, sanitised."""
        return _take(self._text)

    def take_reasoning(self) -> str:
        """Return the reasoning that has come since the last time, sanitised."""
        return _take(self._reasoning)

    def _keep(self, data: bytes) -> None:
        if data:
            self._rest.append(data)
            self._rest_size += len(data)
            if self._rest_size > LONGEST_LINE:
                self.malformed = "A line of the stream has no end."

    def _read(self, payload: bytes) -> None:
        if payload == b"[DONE]":
            self.done = True
            return
        try:
            frame = orjson.loads(payload)
        except orjson.JSONDecodeError:
            try:
                # Texts with lone surrogates, which orjson refuses.
                frame = json.loads(payload)
            except (ValueError, RecursionError):
                self.malformed = "A frame of the stream is no JSON."
                return
        if type(frame) is not dict:
            self.dropped += 1
            return
        choices = frame.get("choices")
        known = False
        if type(choices) is list and choices:
            known = self._read_choice(choices[0])
        usage = frame.get("usage")
        if type(usage) is dict:
            self.usage = read_usage(usage) or self.usage
            known = True
        if frame.get("error"):
            self.error = frame["error"]
            known = True
        if self.id is None and type(frame.get("id")) is str:
            self.id = sanitise(frame["id"][:200])
        if not known:
            self.dropped += 1

    def _read_choice(self, choice: Any) -> bool:
        if type(choice) is not dict:
            return False
        known = False
        delta = choice.get("delta")
        if type(delta) is dict:
            content = delta.get("content")
            if type(content) is str:
                self._text.append(content)
                known = True
            # DeepSeek and vLLM call it reasoning_content, OpenRouter and Ollama reasoning.
            thought = delta.get("reasoning_content") or delta.get("reasoning")
            if type(thought) is str:
                self._reasoning.append(thought)
                known = True
            # The one tool that is ever forced is the schema of a structured answer.
            calls = delta.get("tool_calls")
            for call in calls if type(calls) is list else ():
                known = self._read_call(call) or known
            known = known or not content
        reason = choice.get("finish_reason")
        if type(reason) is str and reason:
            self.finish_reason = sanitise(reason[:100])
            known = True
        return known

    def _read_call(self, call: Any) -> bool:
        function = call.get("function") if type(call) is dict else None
        arguments = function.get("arguments") if type(function) is dict else None
        if type(arguments) is not str:
            return type(function) is dict
        self._text.append(arguments)
        return True


def read_usage(told: dict[str, Any]) -> TokenUsage | None:
    """Return the tokens of a `usage` object, `None` if it tells none."""
    read, written = told.get("prompt_tokens"), told.get("completion_tokens")
    if not _is_count(read) or not _is_count(written):
        return None
    total = told.get("total_tokens")
    if _is_count(total):
        # Some servers count the reasoning in the total only.
        written = max(written, total - read)
    cached = _detail(told.get("prompt_tokens_details"), "cached_tokens")
    if cached is None:
        cached = told.get("prompt_cache_hit_tokens")
    cached = min(cached, read) if _is_count(cached) else 0
    stored = _detail(told.get("prompt_tokens_details"), "cache_write_tokens")
    reasoning = _detail(told.get("completion_tokens_details"), "reasoning_tokens")
    return TokenUsage(
        input_tokens=read,
        cached_input_tokens=cached,
        output_tokens=written,
        reasoning_tokens=min(reasoning, written) if _is_count(reasoning) else 0,
        cache_write_tokens=min(stored, read - cached) if _is_count(stored) else 0,
        tool_calls=_tool_calls(told.get("server_tool_use")),
    )


def _tool_calls(told: Any) -> int:
    """Return how often the provider's own tools ran, as OpenRouter counts them by kind."""
    counts = told.values() if type(told) is dict else ()
    return min(sum(count for count in counts if _is_count(count)), 2**31 - 1)


def _detail(details: Any, name: str) -> Any:
    return details.get(name) if type(details) is dict else None


def _is_count(value: Any) -> TypeGuard[int]:
    return type(value) is int and 0 <= value < 2**31


def _take(parts: list[str]) -> str:
    if not parts:
        return ""
    text = parts[0] if len(parts) == 1 else "".join(parts)
    parts.clear()
    return sanitise(text)
