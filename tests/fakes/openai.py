"""OpenAI's wire: what the fake answers to a request, as a script of timed writes."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from tests.fakes import minutes

Part = tuple[float, bytes]
"""Seconds to wait, or GATE for the answer's gate to open, then bytes of the body to send."""

GATE = math.inf
GATED_AFTER = 5

# The chunk that tells the usage is shorter.
TAIL_BYTES = 600
MODELS = ("ok", "echo", "scripted", "ok-100", "paced-50-5-100", "status-500")


@dataclass(frozen=True)
class Answer:
    """What to send: parts of a body, and how it ends: end, reset, cut or hang."""

    parts: tuple[Part, ...] = ()
    ending: str = "end"
    status: int = 200
    content_type: str = "text/event-stream"
    headers: tuple[tuple[str, str], ...] = ()
    tokens: int = 0
    gate: int | None = None


def answer(asked: dict[str, Any], count: Callable[[str], int]) -> Answer:
    """Return the answer to a request body. `count` tells how often a model was asked before."""
    model = asked["model"]
    if model == "scripted":
        said = _scripted(asked["messages"])
        if said is None:
            return refusal(400, "The system prompt has no line 'say: …' or 'as: …'.")
        kind, rest = said
        if kind == "hold":
            return Answer(((0, frame({"role": "assistant", "content": rest})),), "hang", tokens=1)
        if kind in ("say", "cut"):
            return _said(asked, rest, "stop" if kind == "say" else "length")
        model = rest
    name, *numbers = model.split("-")
    if name == "wobbly":
        if count(model) % int(numbers[0]) == 0:
            return refusal(503, "Once more.", headers=(("Retry-After", "0"),))
        name, numbers = "ok", []
    if name == "flaky":
        if count(model) < int(numbers[0]):
            return refusal(503, "Not yet.")
        name, numbers = "ok", []
    special = SPECIAL.get(model)
    if special is not None:
        return special(asked)
    numeric = BY_NAME.get(name)
    if numeric is None or not all(number.replace(".", "").isdigit() for number in numbers):
        return refusal(404, f"The model '{model}' does not exist.", "model_not_found")
    return numeric(asked, *map(float, numbers))


def refusal(
    status: int, message: str, code: str | None = None, headers: tuple[tuple[str, str], ...] = ()
) -> Answer:
    """Return an error in OpenAI's shape."""
    body = {"error": {"message": message, "type": "fake_error", "param": None, "code": code}}
    return Answer(((0, json.dumps(body).encode()),), "end", status, "application/json", headers)


def whole(asked: dict[str, Any], streamed: Answer) -> Answer:
    """Return the same answer without streaming."""
    if streamed.status != 200 or streamed.ending != "end":
        return streamed
    lines = b"".join(data for _, data in streamed.parts).split(b"\n\n")
    frames = [json.loads(line[6:]) for line in lines if line.startswith(b"data: {")]
    content = "".join(
        choice["delta"].get("content") or "" for frame in frames for choice in frame["choices"]
    )
    reasons = [choice["finish_reason"] for frame in frames for choice in frame["choices"]]
    usage = [frame["usage"] for frame in frames if frame.get("usage")]
    body = {
        "id": "chatcmpl-fake",
        "object": "chat.completion",
        "created": 0,
        "model": asked["model"],
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": content},
                "finish_reason": next((reason for reason in reasons if reason), None),
            }
        ],
        "usage": usage[0] if usage else None,
    }
    seconds = sum(delay for delay, _ in streamed.parts)
    parts = ((seconds, json.dumps(body).encode()),)
    return replace(streamed, parts=parts, content_type="application/json")


def reported(sent: Answer) -> dict[str, int] | None:
    """Return the usage that an answer reports at its end, flat; `None` where it leaves it out."""
    tail = b""
    for _, data in reversed(sent.parts):
        tail = data + tail
        if len(tail) >= TAIL_BYTES:
            break
    _, found, rest = tail.rpartition(b'"usage":')
    if not found:
        return None
    usage, _ = json.JSONDecoder().raw_decode(rest.decode(errors="replace").lstrip())
    if usage is None:
        return None
    return {
        "prompt_tokens": usage["prompt_tokens"],
        "completion_tokens": usage["completion_tokens"],
        "cached_tokens": usage["prompt_tokens_details"]["cached_tokens"],
        "reasoning_tokens": usage["completion_tokens_details"]["reasoning_tokens"],
    }


def listing() -> bytes:
    """Return what `GET /models` tells."""
    data = [{"id": name, "object": "model", "owned_by": "fake"} for name in MODELS]
    data[0]["max_model_len"] = 16_384
    return json.dumps({"object": "list", "data": data}).encode()


def frame(delta: dict[str, Any], finish_reason: str | None = None) -> bytes:
    """Return one chunk of a stream."""
    return _event(
        {
            "id": "chatcmpl-fake",
            "object": "chat.completion.chunk",
            "created": 0,
            "model": "fake",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}],
            "usage": None,
        }
    )


def usage_frame(asked: dict[str, Any], tokens: int, reasoning: int = 0) -> bytes:
    """Return the chunk that tells the usage, if it was asked for."""
    if asked.get("stream") and not (asked.get("stream_options") or {}).get("include_usage"):
        return b""
    read = read_tokens(asked)
    return _event(
        {
            "id": "chatcmpl-fake",
            "object": "chat.completion.chunk",
            "created": 0,
            "model": "fake",
            "choices": [],
            "usage": {
                "prompt_tokens": read,
                "completion_tokens": tokens + reasoning,
                "total_tokens": read + tokens + reasoning,
                "prompt_tokens_details": {"cached_tokens": read // 2},
                "completion_tokens_details": {"reasoning_tokens": reasoning},
            },
        }
    )


def read_tokens(asked: dict[str, Any]) -> int:
    """Return how many tokens the fake counts in what it is asked: a token for four characters."""
    return sum(len(str(message["content"])) for message in asked["messages"]) // 4 + 1


DONE = b"data: [DONE]\n\n"


@cache
def words(count: int) -> tuple[bytes, ...]:
    """Return the frames of `count` tokens: "w0", " w1", " w2" …"""
    first = frame({"role": "assistant", "content": ""})
    tokens = [frame({"content": f"{' ' if at else ''}w{at}"}) for at in range(count)]
    return (first + tokens[0], *tokens[1:]) if tokens else (first,)


def _event(data: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(data, separators=(",", ":")).encode() + b"\n\n"


def _scripted(messages: list[dict[str, Any]]) -> tuple[str, str] | None:
    last = str(messages[-1]["content"])
    for message in messages:
        if message["role"] == "system":
            for line in message["content"].splitlines():
                if line.startswith("on "):
                    needle, arrow, line = line[3:].partition(" => ")
                    if not arrow or needle not in last:
                        continue
                kind, colon, rest = line.partition(": ")
                if colon and kind in ("say", "as", "cut", "hold"):
                    return kind, rest.strip()
    return None


def _said(asked: dict[str, Any], text: str, reason: str = "stop") -> Answer:
    tokens = max(1, len(text.split()))
    end = frame({}, reason) + usage_frame(asked, tokens) + DONE
    return Answer(((0, frame({"role": "assistant", "content": text}) + end),), tokens=tokens)


def _ok(asked: dict[str, Any], count: float = 20) -> Answer:
    tokens = int(count)
    frames = (*words(tokens), frame({}, "stop"), usage_frame(asked, tokens) + DONE)
    return Answer(tuple((0, data) for data in frames), tokens=tokens)


def _paced(asked: dict[str, Any], first: float, each: float, count: float) -> Answer:
    *head, last = words(int(count))
    last += frame({}, "stop") + usage_frame(asked, int(count)) + DONE
    delays = [first / 1000, *[each / 1000] * len(head)]
    return Answer(tuple(zip(delays, (*head, last), strict=True)), tokens=int(count))


def _gated(asked: dict[str, Any], count: float, gate: float) -> Answer:
    parts = list(_ok(asked, count).parts)
    parts[GATED_AFTER] = (GATE, parts[GATED_AFTER][1])
    return Answer(tuple(parts), tokens=int(count), gate=int(gate))


def _echo(asked: dict[str, Any]) -> Answer:
    said = [message["content"] for message in asked["messages"] if message["role"] == "user"]
    return _said(asked, said[-1] if said else "")


def _huge(asked: dict[str, Any], megabytes: float = 10) -> Answer:
    piece = frame({"content": "0123456789abcde\n" * 4096})
    count = int(megabytes * 16)
    end = frame({}, "stop") + usage_frame(asked, count) + DONE
    return Answer((*((0.0, piece),) * count, (0.0, end)), tokens=count)


def _hostile(asked: dict[str, Any]) -> Answer:
    text = "a\x00b\ud800c\udfff <script>alert(1)</script><img src=x onerror=alert(1)> é 😀"
    body = (
        b": a comment\n\n"
        b"event: message\nid: 7\nretry: 10\ndata: {\"object\":\"unheard.of\",\"choices\":17}\n\n"
        b"data: [1,2]\n\ndata: {\"choices\":[{\"delta\":{\"content\":[\"no text\"]}}]}\n\n"
        b"nonsense without a colon\n\n"
        + frame({"role": "assistant", "content": text}).replace(b"\n\n", b"\r\n\r\n")
        + "data: {\"choices\":[{\"delta\":{\"content\":\" – 😀\"}}]}\n\n".encode()
        + frame({}, "stop") + usage_frame(asked, 9) + DONE
    )  # fmt: skip
    return Answer(tuple((0.0005, body[at : at + 3]) for at in range(0, len(body), 3)), tokens=9)


def _drip(asked: dict[str, Any], each: float) -> Answer:
    body = b"".join(data for _, data in _ok(asked, 5).parts)
    parts = tuple((each / 1000, body[at : at + 1]) for at in range(len(body)))
    return Answer(parts, tokens=5)


def _reasoning(asked: dict[str, Any]) -> Answer:
    thought = [frame({"role": "assistant", "reasoning_content": f"r{at} "}) for at in range(5)]
    end = frame({}, "stop") + usage_frame(asked, 20, reasoning=5) + DONE
    return Answer(tuple((0, data) for data in (*thought, *words(20), end)), tokens=25)


def _limit(asked: dict[str, Any], most: float) -> Answer:
    if read_tokens(asked) > most:
        return refusal(400, f"At most {most:g} tokens fit.", "context_length_exceeded")
    return _ok(asked)


def _length(asked: dict[str, Any]) -> Answer:
    end = frame({}, "length") + usage_frame(asked, 20) + DONE
    return Answer(tuple((0, data) for data in (*words(20), end)), tokens=20)


def _status(_: dict[str, Any], status: float, retry_after: float | None = None) -> Answer:
    headers = () if retry_after is None else (("Retry-After", f"{retry_after:g}"),)
    return refusal(int(status), f"The fake answers {int(status):d}.", headers=headers)


def _broken(ending: str, *more: bytes) -> Callable[[dict[str, Any]], Answer]:
    parts = tuple((0.0, data) for data in (*words(3), *more))
    return lambda _: Answer(parts, ending, tokens=3)


BY_NAME: dict[str, Callable[..., Answer]] = {
    "ok": _ok,
    "paced": _paced,
    "gated": _gated,
    "huge": _huge,
    "drip": _drip,
    "status": _status,
    "limit": _limit,
}

SPECIAL: dict[str, Callable[[dict[str, Any]], Answer]] = {
    "minutes": lambda asked: _said(asked, minutes.reply(asked, "")),
    "minutes-empty": lambda asked: _said(asked, minutes.reply(asked, "empty")),
    "minutes-once-empty": lambda asked: _said(asked, minutes.reply(asked, "once-empty")),
    "minutes-wrong": lambda asked: _said(asked, minutes.reply(asked, "wrong")),
    "echo": _echo,
    "echo-all": lambda asked: _said(asked, json.dumps(asked["messages"])),
    "reasoning": _reasoning,
    "length": _length,
    "empty": lambda asked: Answer(((0, frame({}, "stop") + usage_frame(asked, 0) + DONE),)),
    "no-usage": lambda asked: replace(_ok(asked), parts=(*_ok(asked).parts[:-1], (0, DONE))),
    "hostile": _hostile,
    "quota": lambda _: refusal(429, "You have no credit left.", "insufficient_quota"),
    "too-long": lambda _: refusal(400, "Too many tokens.", "context_length_exceeded"),
    "html": lambda _: Answer(
        ((0, b"<!doctype html><title>Hello</title>"),), content_type="text/html"
    ),
    "whole": lambda asked: whole(asked, _ok(asked)),
    "reset-before": lambda _: Answer((), "reset", status=0),
    "reset-mid": _broken("reset"),
    "cut": _broken("cut"),
    "stall": lambda _: Answer((), "hang", status=0),
    "stall-mid": _broken("hang"),
    "no-finish": _broken("end", DONE),
    "malformed": _broken("hang", b'data: {"choices":[{"delta":\n\n'),
    "error-frame": _broken("hang", _event({"error": {"message": "Overloaded.", "code": 502}})),
}
