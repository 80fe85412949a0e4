"""An orchestrated turn's plan on the terminal: who is asked what, why, and what the user said."""

from collections.abc import Mapping
from typing import Any

from rich.text import Text

from pantheon.base.text import first_words
from pantheon.cli.pen import inert

LONGEST = 300

WORDS = {"approve": "approved", "stop": "stopped", "expire": "nobody answered in time"}
CALLS = {"route": "decisions", "answer": "answers", "synthesis": "synthesis"}


def head(step: Mapping[str, Any]) -> Text:
    """Return the first line of a decision, or of a question to the user."""
    agent = step["agent"]
    if step["kind"] == "approval":
        return Text("? ", "bold yellow").append("Your word is asked for", "bold yellow")
    line = Text("◆ ", "white").append(f"Round {step['round']}", "bold")
    return line.append(inert(f"  @{agent['key']} · {agent['model']}") if agent else "", "dim")


def lines(step: Mapping[str, Any]) -> list[Text]:
    """Return what was decided: by a manager, the reason and who is asked what; or by the user."""
    decision = step["decision"] or {}
    told = []
    if step["kind"] == "approval":
        word = WORDS.get(decision.get("action", ""))
        if word:
            told.append(Text(f"  {word}", "yellow"))
        if decision.get("note"):
            told.append(Text(inert(f"  note: {first_words(decision['note'], LONGEST)}")))
    else:
        if decision.get("reason"):
            told.append(Text(inert(f"  {first_words(decision['reason'], LONGEST)}")))
        if decision.get("action") == "finish":
            told.append(Text("  → the answer", "dim"))
    return told + [
        Text("  → ", "dim")
        .append(inert(f"@{item['agent']}"), "bold")
        .append(inert(f"  {first_words(item['brief'], LONGEST)}"))
        for item in decision.get("assignments") or ()
    ]


def calls(turn: Mapping[str, Any]) -> str:
    """Say what an orchestrated turn's calls were for."""
    counted = {
        word: sum(step["usage"]["calls"] for step in turn["steps"] if step["kind"] == kind)
        for kind, word in CALLS.items()
    }
    told = ", ".join(f"{count} {word}" for word, count in counted.items() if count)
    return f"calls: {told or 'none'}"
