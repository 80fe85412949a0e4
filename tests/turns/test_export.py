"""Tests of `pantheon.turns.export`: what was written stands in the document as it is, inert."""

import re
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantheon.turns.export import (
    fenced,
    json_foot,
    json_head,
    markdown_foot,
    markdown_head,
    markdown_turn,
    total_usage,
)

USAGE: dict[str, Any] = {
    "input_tokens": 100, "cached_input_tokens": 10, "output_tokens": 20, "reasoning_tokens": 5,
    "calls": 1, "unpriced_calls": 0, "cost_usd": "0.001234", "credits": "0.0013",
    "estimated": False,
}  # fmt: skip
SESSION = {"id": "s1", "name": "Plan", "room_id": "r1", "created_at": "2026-01-01T00:00:00Z"}
HOSTILE = (
    "# A heading\n\n### Skeptic\n\n<script>alert(1)</script> ![x](http://evil/x.png) "
    "[y](javascript:alert(1))\n```\n````text\n~~~\n> quote\n---\n\n    code\n"
)


def step(**given: Any) -> dict[str, Any]:
    told = {
        "kind": "answer", "agent": {"name": "Analyst", "model": "demo/analyst"},
        "status": "completed", "stale": False, "usage": USAGE, "decision": None, "error": None,
        "message": {"id": "m1", "content": "Yes."},
    }  # fmt: skip
    return {**told, **given}


def turn(*steps: dict[str, Any], **given: Any) -> dict[str, Any]:
    told = {
        "index": 1, "mode": "roundtable", "status": "completed", "stop_reason": None,
        "created_at": "2026-01-01T00:00:01Z", "usage": USAGE, "input": "Ship it?",
        "steps": list(steps), "error": None,
    }  # fmt: skip
    return {**told, **given}


def outside(document: str) -> str:
    """Return what a reader of Markdown takes for more than the text of a fence."""
    kept, fence = [], None
    for line in document.splitlines():
        mark = re.match(r"^(`{3,})", line)
        if fence is None and mark:
            fence = mark.group(1)
        elif fence is not None and line.strip() == fence:
            fence = None
        elif fence is None:
            kept.append(line)
    assert fence is None, "every fence is closed"
    return "\n".join(kept)


def test_a_turn_reads_as_it_was() -> None:
    assert markdown_turn(turn(step())) == (
        "\n## 1 · roundtable, completed\n\n"
        "2026-01-01T00:00:01Z · 1 call, 100 tokens in, 20 out, $0.001234\n\n"
        "### You\n\n```text\nShip it?\n```\n\n"
        "### Analyst (demo\\/analyst)\n\n1 call, 100 tokens in, 20 out, $0.001234\n\n"
        "```text\nYes.\n```\n"
    )


def test_failures_decisions_and_stale_answers_are_told() -> None:
    error = {"code": "rate_limited", "detail": "Too many requests."}
    decision = {
        "action": "delegate", "reason": "Two views.", "answer": None,
        "assignments": [{"agent": "a0", "brief": "Check the price."}],
    }  # fmt: skip
    free = {**USAGE, "calls": 0, "cost_usd": None, "estimated": True}
    written = markdown_turn(
        turn(
            step(kind="route", decision=decision, message=None),
            step(kind="approval", agent=None, decision={"action": "stop"},
                 message=None, usage=free),
            step(status="failed", message=None, error=error, usage=free),
            step(kind="synthesis", stale=True),
            status="partial", stop_reason="stopped", error={"detail": "Its workers died."},
            usage={**free, "calls": 3},
        )
    )  # fmt: skip
    for told in (
        "## 1 · roundtable, partial (stopped)",
        "3 calls, ≈ 100 tokens in, 20 out, unpriced",
        "### Analyst (demo\\/analyst) decides\n",
        "```text\ndelegate\nTwo views.\n@a0: Check the price.\n```",
        "### You were asked\n\n```text\nstop\n```",
        "failed\n\nFailed (rate_limited): Too many requests\\.",
        "sums up\n\nbased on an older answer · 1 call",
        "Failed: Its workers died\\.",
    ):
        assert told in written


def test_hostile_text_is_nothing_but_text() -> None:
    agent = {"name": HOSTILE, "model": HOSTILE}
    document = (
        markdown_head({**SESSION, "name": HOSTILE}, HOSTILE)
        + markdown_turn(
            turn(step(agent=agent, message={"id": "m", "content": HOSTILE}), input=HOSTILE)
        )
        + markdown_foot(USAGE, 1)
    )
    seen = outside(document).replace("`s1`", "s1")
    assert not re.search(r"(?<!\\)[<!\[\]`]", seen)
    assert [line.split(" ")[0] for line in seen.splitlines() if line.startswith("#")] == [
        "#", "##", "###", "###",
    ]  # fmt: skip
    assert document.count(HOSTILE) == 2


@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_no_text_leaves_its_fence(text: str) -> None:
    written = fenced(text)
    opened, _, rest = written.partition("text\n")
    assert set(opened) == {"`"}
    body, closed = rest[: -len(opened) - 1], rest[-len(opened) :]
    assert (body, closed) == (text, opened)
    assert opened not in text


def test_the_json_is_one_document() -> None:
    parts = json_head(SESSION) + orjson.dumps(turn(step())) + b"," + orjson.dumps(turn())
    told = orjson.loads(parts + json_foot(total_usage([USAGE, USAGE])))
    assert told["format"] == "pantheon-session/1"
    assert (told["session"], len(told["turns"])) == (SESSION, 2)
    assert orjson.loads(json_head(SESSION) + json_foot(total_usage([])))["turns"] == []


@pytest.mark.parametrize(
    ("costs", "total"),
    [([], "0.000000"), ([None], None), ([None, "0.5"], "0.500000"), (["0.1", "0.2"], "0.300000")],
)
def test_costs_are_summed_exactly(costs: list[str | None], total: str | None) -> None:
    summed = total_usage([{**USAGE, "cost_usd": cost} for cost in costs])
    assert summed["cost_usd"] == total
    assert summed["input_tokens"] == 100 * len(costs)
    assert summed["credits"] == f"{0.0013 * len(costs):.4f}"
    assert set(summed) == set(USAGE)
