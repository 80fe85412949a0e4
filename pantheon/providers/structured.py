"""Structured output: how a model is asked for JSON, by what it declares, and reading the reply."""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pantheon.base.text import sanitise

LONGEST_REPLY = 200_000
MOST_TRIES = 200
FENCE = re.compile(r"```[a-zA-Z]*[^\S\n]*\n(.*?)```", re.DOTALL)
TRAILING_COMMA = re.compile(r",(?=\s*[}\]])")
THOUGHT, THOUGHT_END = "<think>", "</think>"

# Line breaks inside of strings are what small models write: `strict` would refuse them.
DECODER = json.JSONDecoder(strict=False)


class Form(StrEnum):
    """How a schema travels: by the provider's own means, or in the prompt."""

    json_schema = "json_schema"
    tool = "tool"
    json_object = "json_object"
    text = "text"


@dataclass(frozen=True, slots=True)
class Structure:
    """The JSON that is wanted: a name, its JSON schema, and the form it is asked for in."""

    name: str
    schema: Mapping[str, Any]
    form: Form

    @property
    def in_prompt(self) -> bool:
        """Whether the prompt has to tell the schema."""
        return self.form in (Form.json_object, Form.text)


class NotJson(ValueError):
    """No JSON object can be read from a text; says why."""


def best_form(capabilities: Collection[str]) -> Form:
    """Return the strictest form that a model declares it can; never found out by trying."""
    if "structured_outputs" in capabilities:
        return Form.json_schema
    if "tools" in capabilities:
        return Form.tool
    if "json_mode" in capabilities:
        return Form.json_object
    return Form.text


def extract_json(text: str) -> dict[str, Any]:
    """Return the JSON object in a reply: alone, fenced, among prose, after a `<think>` block.

    Trailing commas and line breaks in strings are forgiven; what is cut or empty is not, nor is a
    part of it read in its place. Its texts are sanitised: an escape can hide what no text may
    hold. Raises NotJson.
    """
    if len(text) > LONGEST_REPLY:
        raise NotJson(f"The reply has {len(text)} characters; an object has far fewer.")
    text = _after_thought(text).strip()
    if not text:
        raise NotJson("The reply is empty.")
    pieces = [text]
    # Of a reply that begins with its object, a fence could only be a part.
    if not text.startswith("{") and (fenced := FENCE.search(text)):
        pieces.insert(0, fenced.group(1))
    for piece in pieces:
        for candidate in (piece, TRAILING_COMMA.sub("", piece)):
            found = _first_object(candidate)
            if found is not None:
                return found
    raise NotJson("There is no complete JSON object in the reply.")


def _after_thought(text: str) -> str:
    """Return what follows the thinking. Some servers keep back its opening tag."""
    _, ended, rest = text.partition(THOUGHT_END)
    if ended:
        return rest
    if text.lstrip().startswith(THOUGHT):
        raise NotJson("The reply is a thought that has no end.")
    return text


def _first_object(text: str) -> dict[str, Any] | None:
    """Return the first JSON object that begins anywhere in the text."""
    start = text.find("{")
    for _ in range(MOST_TRIES):
        if start < 0:
            return None
        try:
            found: dict[str, Any] = _sanitised(DECODER.raw_decode(text, start)[0])
            return found
        except json.JSONDecodeError as error:
            if error.msg.startswith("Unterminated string"):
                return None
            # What lies between belongs to the object that is broken here.
            start = text.find("{", max(error.pos, start + 1))
        except (ValueError, RecursionError):
            # A number of thousands of digits, or thousands of brackets.
            return None
    return None


def _sanitised(value: Any) -> Any:
    if isinstance(value, str):
        return sanitise(value)
    if isinstance(value, list):
        return [_sanitised(item) for item in value]
    if isinstance(value, dict):
        return {sanitise(key): _sanitised(item) for key, item in value.items()}
    return value
