"""A structured summary: its schema, reading one from a model's reply, and its wording for agents.

A field has items or is null, never an empty list: an empty list does not say whether there was
nothing or whether it was forgotten.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pantheon.base.text import first_words
from pantheon.context import tokens
from pantheon.providers.structured import NotJson, extract_json

NAME = "summary"
LISTS = {
    "key_facts": "Facts",
    "decisions": "Decisions",
    "open_questions": "Open questions",
    "action_items": "To do",
    "figures_and_names": "Figures and names",
}
REQUIRED = "key_facts"
LONGEST_ITEM = 600
LONGEST_SUMMARY = 20_000
MOST_ITEMS = 200
MOST_TURNS = 50
LONGEST_WHY = 1_000

ItemText = Annotated[str, Field(min_length=1, max_length=LONGEST_ITEM, pattern=r"\S")]
Turns = Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=1, max_length=MOST_TURNS)]


class Item(BaseModel):
    """One thing that was said, and the turns that it comes from (by their index)."""

    model_config = ConfigDict(extra="forbid")

    text: ItemText
    turns: Turns


Items = Annotated[list[Item], Field(min_length=1, max_length=MOST_ITEMS)]


class Digest(BaseModel):
    """A structured summary."""

    model_config = ConfigDict(extra="forbid")

    summary: Annotated[str, Field(min_length=1, max_length=LONGEST_SUMMARY, pattern=r"\S")]
    key_facts: Items
    decisions: Items | None = None
    open_questions: Items | None = None
    action_items: Items | None = None
    figures_and_names: Items | None = None

    def lists(self) -> dict[str, list[Item]]:
        """Return the items by field, those without any left out."""
        found = {name: getattr(self, name) for name in LISTS}
        return {name: items for name, items in found.items() if items}


class InvalidDigest(Exception):
    """What a model wrote is no summary; the text says why, in words that help it to mend it."""

    def __init__(self, why: str) -> None:
        # It may quote the model, who may have written anything.
        super().__init__(first_words(why, LONGEST_WHY))


def digest_schema() -> dict[str, Any]:
    """Return the JSON schema of a summary, as strict providers want it."""
    item = {
        "type": "object",
        "properties": {
            "text": {"type": "string"},
            "turns": {"type": "array", "items": {"type": "integer"}, "minItems": 1},
        },
        "required": ["text", "turns"],
        "additionalProperties": False,
    }
    lists = {
        name: {
            "type": "array" if name == REQUIRED else ["array", "null"],
            "items": item,
            "minItems": 1,
        }
        for name in LISTS
    }
    return {
        "type": "object",
        "properties": {"summary": {"type": "string"}, **lists},
        "required": ["summary", *LISTS],
        "additionalProperties": False,
    }


def read_digest(text: str, finish_reason: str) -> Digest:
    """Return the summary in a model's reply, as it stands; its figures are not checked yet.

    Raises InvalidDigest: cut at the length limit, no JSON, not of the schema.
    """
    if finish_reason == "length":
        raise InvalidDigest("It was cut at the length limit. Write fewer and shorter items.")
    try:
        return load_digest(extract_json(text))
    except NotJson as error:
        raise InvalidDigest(str(error)) from error


def load_digest(content: Mapping[str, Any]) -> Digest:
    """Return a summary from its JSON. Raises InvalidDigest."""
    try:
        return Digest.model_validate(content)
    except ValidationError as error:
        told = error.errors(include_url=False, include_input=False)[:5]
        lines = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in told]
        raise InvalidDigest("; ".join(lines)) from error


def render(digest: Digest) -> str:
    """Write a summary as agents are sent it: prose, then the items with their turns."""
    lines = [digest.summary.strip()]
    for name, items in digest.lists().items():
        lines.append(f"{LISTS[name]}:")
        lines.extend(f"- {item.text.strip()} ({_turns(item.turns)})" for item in items)
    return "\n".join(lines)


def size(digest: Digest) -> int:
    """Return the tokens of a summary as agents are sent it, by the estimate."""
    return tokens.estimate(render(digest))


def _turns(turns: list[int]) -> str:
    named = ", ".join(map(str, turns))
    return f"turn {named}" if len(turns) == 1 else f"turns {named}"
