"""A session as a document: Markdown to read, JSON to keep. The same session is the same bytes.

What people and models wrote stands inside of code fences that it cannot close: whatever it holds,
no reader of the document takes it for a heading, a link, an image or HTML.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import orjson

from pantheon.base.money import MICRO, credits_text, usd_text

FORM = "pantheon-session/1"

_BACKTICKS = re.compile(r"`+")
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_COUNTS = (
    "input_tokens", "cached_input_tokens", "output_tokens", "reasoning_tokens", "calls",
    "unpriced_calls",
)  # fmt: skip


def total_usage(usages: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the sum of some `Usage`s of the HTTP contract, as one."""
    given = list(usages)
    counts = {name: sum(int(usage[name]) for usage in given) for name in _COUNTS}
    costs = [Decimal(usage["cost_usd"]) for usage in given if usage["cost_usd"] is not None]
    known = bool(costs) or not given
    credits = sum((Decimal(usage["credits"]) for usage in given), Decimal(0))
    return {
        **counts,
        "cost_usd": usd_text(sum(costs, Decimal(0))) if known else None,
        "credits": credits_text(int(credits * MICRO)),
        "estimated": any(usage["estimated"] for usage in given),
    }


def json_head(session: Mapping[str, Any]) -> bytes:
    """Return what stands before the turns, each of which is followed by a comma but the last."""
    return b'{"format":"%s","session":%s,"turns":[' % (FORM.encode(), orjson.dumps(session))


def json_foot(usage: Mapping[str, Any]) -> bytes:
    """Return what stands behind the turns."""
    return b'],"usage":%s}\n' % orjson.dumps(usage)


def markdown_head(session: Mapping[str, Any], place: str) -> str:
    """Return the document's title and what the session is. `place` names its room or agent."""
    where = "Room" if session["room_id"] else "Agent"
    lines = [
        f"# {_inline(session['name'] or 'Unnamed session')}",
        "",
        f"{where}: {_inline(place)}  ",
        f"Begun: {session['created_at']}  ",
        f"Session: `{session['id']}`",
    ]
    return "\n".join(lines) + "\n"


def markdown_turn(turn: Mapping[str, Any]) -> str:
    """Return a turn: the question, who answered what, and what it cost."""
    parts = [
        f"## {turn['index']} · {turn['mode']}, {_status(turn)}",
        f"{turn['created_at']} · {_usage_words(turn['usage'])}",
        "### You",
        fenced(turn["input"]),
        *(part for step in turn["steps"] for part in _step(step)),
    ]
    if turn["error"] is not None:
        parts.append(f"Failed: {_inline(turn['error']['detail'])}")
    return "\n" + "\n\n".join(parts) + "\n"


def markdown_foot(usage: Mapping[str, Any], turns: int) -> str:
    """Return the document's last line: how many turns, and what all of them used."""
    return f"\n---\n\n{turns} turns · {_usage_words(usage)}\n"


def fenced(text: str) -> str:
    """Return a text inside of a code fence that is longer than any in it."""
    longest = max((len(run) for run in _BACKTICKS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def _step(step: Mapping[str, Any]) -> Iterator[str]:
    who = step["agent"]
    name = f"{_inline(who['name'])} ({_inline(who['model'])})" if who else "You"
    titles = {"route": "decides", "approval": "were asked", "synthesis": "sums up"}
    title = f"### {name}" + (f" {titles[step['kind']]}" if step["kind"] in titles else "")
    notes = [] if step["status"] == "completed" else [step["status"]]
    notes += ["based on an older answer"] if step["stale"] else []
    notes += [_usage_words(step["usage"])] if step["usage"]["calls"] else []
    yield title
    if notes:
        yield " · ".join(notes)
    if step["decision"] is not None:
        yield fenced("\n".join(_decision(step["decision"])))
    if step["message"] is not None and step["message"]["content"]:
        yield fenced(step["message"]["content"])
    if step["error"] is not None:
        yield f"Failed ({step['error']['code']}): {_inline(step['error']['detail'])}"


def _decision(decision: Mapping[str, Any]) -> Sequence[str]:
    """Return a manager's decision, or the user's word on one, in lines."""
    lines = [str(decision.get("action", "no word yet"))]
    lines += [str(decision[name]) for name in ("reason", "note") if decision.get(name)]
    asked = decision.get("assignments") or ()
    return [*lines, *(f"@{item['agent']}: {item['brief']}" for item in asked)]


def _status(turn: Mapping[str, Any]) -> str:
    reason = turn["stop_reason"]
    return f"{turn['status']} ({reason})" if reason else str(turn["status"])


def _usage_words(usage: Mapping[str, Any]) -> str:
    cost = "unpriced" if usage["cost_usd"] is None else f"${usage['cost_usd']}"
    about = "≈ " if usage["estimated"] else ""
    calls = f"{usage['calls']} calls" if usage["calls"] != 1 else "1 call"
    return (
        f"{calls}, {about}{usage['input_tokens']} tokens in, {usage['output_tokens']} out, {cost}"
    )


def _inline(text: str) -> str:
    """Return a name or a line as plain text of Markdown: no sign in it means anything."""
    return _PUNCTUATION.sub(r"\\\1", " ".join(text.split()))
