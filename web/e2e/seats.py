"""Rooms that tests start from: who sits in them, and what the fake models make them say."""

from collections.abc import Mapping
from itertools import count
from typing import Any

from .server import Pantheon

_numbers = count(1)


def make_room(
    pantheon: Pantheon, says: Mapping[str, str], mode: str = "roundtable", **given: Any
) -> dict[str, Any]:
    """Make a room whose agents have these names, each with what it does.

    `say: …` and `as: …` are lines for the fakes' model `scripted`, `demo/…` and `lab/…` are models.
    The room's agents come with their keys, which no other room has.
    """
    number = next(_numbers)
    agents = []
    for name, does in says.items():
        scripted = not does.startswith(("demo/", "lab/"))
        key = f"{name.lower()}{number}"
        model = "lab/scripted" if scripted else does
        agents.append(pantheon.agent(key, model, does if scripted else "", name=name))
    return pantheon.room(given.pop("name", f"Room {number}"), agents, mode, **given)


def keys(room: Mapping[str, Any]) -> list[str]:
    """Return the keys of a room's agents, in their order."""
    return [agent["key"] for agent in room["agents"]]
