"""Reading the frames of chat completion streams."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantheon.providers import chat_frames
from pantheon.providers.chat_frames import Frames, read_usage
from pantheon.providers.types import TokenUsage

TEXT = 'a é 😀 <b>\n data: [DONE] \\ " end'


def event(data: Any) -> bytes:
    return b"data: " + json.dumps(data, ensure_ascii=False).encode() + b"\n\n"


def delta(**fields: Any) -> bytes:
    return event({"id": "c1", "choices": [{"index": 0, "delta": fields}]})


def finish(reason: str | None) -> bytes:
    return event({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})


STREAM = (
    b": hello\n\nevent: message\n"
    + delta(role="assistant", content="")
    + b"".join(delta(content=c) for c in TEXT)
    + delta(reasoning_content="why ")
    + delta(reasoning="how")
    + finish("stop")
    + event({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}})
    + b"data: [DONE]\n\n"
)


@given(st.lists(st.integers(0, len(STREAM)), max_size=30))
def test_a_stream_that_is_split_anywhere_says_the_same(cuts):
    edges = [0, *sorted(cuts), len(STREAM)]
    frames = Frames()
    text = ""
    for start, end in pairwise(edges):
        frames.feed(STREAM[start:end])
        text += frames.take_text()
    assert text == TEXT
    assert frames.take_reasoning() == "why how"
    assert (frames.finish_reason, frames.done, frames.id) == ("stop", True, "c1")
    assert frames.usage == TokenUsage(3, 0, 4, 0)
    assert (frames.dropped, frames.malformed, frames.error) == (0, None, None)


def test_lines_may_end_with_a_carriage_return_and_lack_the_space():
    frames = Frames()
    frames.feed(
        delta(content="a").replace(b"\n", b"\r\n") + delta(content="b").replace(b": ", b":")
    )
    assert frames.take_text() == "ab"


@pytest.mark.parametrize(
    "frame",
    [
        b"data: 17\n",
        b"data: [1, 2]\n",
        b"data: {}\n",
        b'data: {"choices": 3}\n',
        b'data: {"choices": [3]}\n',
        b'data: {"choices": [{}]}\n',
        b'data: {"choices": [{"delta": {"content": ["a"]}}]}\n',
        b'data: {"choices": [{"delta": {"content": 7}}]}\n',
        b'data: {"object": "something.new", "data": {"text": "a"}}\n',
        b"what: is this\n",
        b"<html>\n",
    ],
)
def test_what_is_no_part_of_an_answer_is_dropped_and_counted(frame):
    frames = Frames()
    frames.feed(frame + delta(content="after"))
    assert (frames.dropped, frames.take_text()) == (1, "after")
    assert frames.malformed is None


@pytest.mark.parametrize("payload", [b"{", b'{"choices":', b"not json", b"[" * 100_000, b"\xff"])
def test_a_frame_that_is_no_json_ends_the_reading(payload):
    frames = Frames()
    frames.feed(delta(content="before") + b"data: " + payload + b"\n\n" + delta(content="after"))
    assert frames.take_text() == "before"
    assert frames.malformed == "A frame of the stream is no JSON."


def test_a_line_without_an_end_is_not_kept_for_ever(monkeypatch):
    monkeypatch.setattr(chat_frames, "LONGEST_LINE", 1_000)
    frames = Frames()
    for _ in range(3):
        frames.feed(b"data: " + b"x" * 400)
    assert frames.malformed == "A line of the stream has no end."


def test_nul_and_lone_surrogates_are_replaced():
    frames = Frames()
    frames.feed(b'data: {"choices":[{"delta":{"content":"a\\u0000b\\ud800c"}}]}\n\n')
    assert frames.take_text() == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c"


def test_an_error_is_kept_for_whoever_reads():
    frames = Frames()
    frames.feed(delta(content="a") + event({"error": {"message": "no"}}))
    assert (frames.take_text(), frames.error) == ("a", {"message": "no"})


@pytest.mark.parametrize(
    ("told", "usage"),
    [
        ({"prompt_tokens": 5, "completion_tokens": 7}, TokenUsage(5, 0, 7, 0)),
        (
            {
                "prompt_tokens": 5,
                "completion_tokens": 7,
                "total_tokens": 12,
                "prompt_tokens_details": {"cached_tokens": 4},
                "completion_tokens_details": {"reasoning_tokens": 6},
            },
            TokenUsage(5, 4, 7, 6),
        ),
        # DeepSeek's name for cached tokens.
        (
            {"prompt_tokens": 5, "completion_tokens": 7, "prompt_cache_hit_tokens": 3},
            TokenUsage(5, 3, 7, 0),
        ),
        # Reasoning that only the total counts, as xAI and Gemini do it.
        (
            {
                "prompt_tokens": 5,
                "completion_tokens": 7,
                "total_tokens": 22,
                "completion_tokens_details": {"reasoning_tokens": 10},
            },
            TokenUsage(5, 0, 17, 10),
        ),
        # More cached than read, more reasoning than written: never more than the whole.
        (
            {
                "prompt_tokens": 5,
                "completion_tokens": 7,
                "prompt_tokens_details": {"cached_tokens": 50},
                "completion_tokens_details": {"reasoning_tokens": 70},
            },
            TokenUsage(5, 5, 7, 7),
        ),
        (
            {"prompt_tokens": 5, "completion_tokens": 7, "prompt_tokens_details": None},
            TokenUsage(5, 0, 7, 0),
        ),
        ({"prompt_tokens": 5}, None),
        ({"prompt_tokens": -1, "completion_tokens": 7}, None),
        ({"prompt_tokens": "5", "completion_tokens": 7}, None),
        ({"prompt_tokens": True, "completion_tokens": 7}, None),
        ({"prompt_tokens": 2**40, "completion_tokens": 7}, None),
    ],
)
def test_usage_is_read_in_the_shapes_that_servers_use(told, usage):
    assert read_usage(told) == usage


def test_the_last_usage_counts():
    frames = Frames()
    for written in (1, 2):
        usage = {"prompt_tokens": 1, "completion_tokens": written}
        frames.feed(event({"choices": [], "usage": usage}))
    frames.feed(event({"choices": [], "usage": {"prompt_tokens": None}}))
    assert frames.usage == TokenUsage(1, 0, 2, 0)


def test_the_arguments_of_a_forced_tool_are_the_text():
    """A structured answer comes in pieces of one call, whose name and id are nobody's text."""
    frames = Frames()
    head = {"index": 0, "id": "call_1", "type": "function"}
    for call in (
        {**head, "function": {"name": "decision", "arguments": ""}},
        {"index": 0, "function": {"arguments": '{"action":'}},
        {"index": 0, "function": {"arguments": ' "finish"}'}},
    ):
        frames.feed(delta(role="assistant", content=None, tool_calls=[call]))
    frames.feed(finish("tool_calls"))
    assert frames.take_text() == '{"action": "finish"}'
    assert (frames.finish_reason, frames.dropped, frames.malformed) == ("tool_calls", 0, None)


@pytest.mark.parametrize("calls", [3, {}, [3], [{}], [{"function": "x"}], "decision"])
def test_calls_that_are_none_say_nothing(calls):
    frames = Frames()
    frames.feed(delta(tool_calls=calls) + delta(content="after"))
    assert frames.take_text() == "after"
    assert frames.malformed is None
