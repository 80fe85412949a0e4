"""A model that keeps minutes: asked for a summary it gives one of what it was shown, else it talks.

`minutes-empty` leaves every list empty, `minutes-wrong` makes a figure up in each of its facts,
`minutes-once-empty` does the first only until it is told what is wrong.
"""

import json
import re
from typing import Any

TURN = re.compile(r'<turn number="(\d+)">\n<message from="user">\n(.*?)\n</message>', re.DOTALL)
ASKED = "You keep the minutes"
LONGEST = 80


def reply(asked: dict[str, Any], kind: str) -> str:
    """Return what the model says."""
    messages = [str(message["content"]) for message in asked["messages"]]
    if not messages[0].startswith(ASKED):
        return f"Noted, {len(messages)} messages. " + "Let us go on with this, step by step. " * 3
    facts = [
        {"text": f"Asked: {text.strip()[:LONGEST]}", "turns": [int(turn)]}
        for turn, text in TURN.findall(messages[1])[-3:]
    ]
    if kind == "wrong":
        facts = [{"text": f"It costs {4711 + at} EUR.", "turns": [1]} for at in range(3)]
    empty = kind == "empty" or (kind == "once-empty" and len(messages) == 2)
    lists = dict.fromkeys(
        ("decisions", "open_questions", "action_items", "figures_and_names"), [] if empty else None
    )
    told = {"summary": "They talk on.", "key_facts": [] if empty else facts, **lists}
    return json.dumps(told, ensure_ascii=False)
