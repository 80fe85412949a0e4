"""Structured output: how a model is asked for JSON, by what it declares, and reading the reply."""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

LONGEST_REPLY = 200_000
FENCE = re.compile(r"```[a-zA-Z]*\s*\n(.*?)```", re.DOTALL)
THOUGHT = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)
TRAILING_COMMA = re.compile(r",(?=\s*[}\]])")


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

    Trailing commas are forgiven; what is cut or empty is not. Raises NotJson.
    """
    if len(text) > LONGEST_REPLY:
        raise NotJson(f"The reply has {len(text)} characters; an object has far fewer.")
    text = THOUGHT.sub("", text).strip()
    if not text:
        raise NotJson("The reply is empty.")
    fenced = FENCE.search(text)
    found = _objects(fenced.group(1)) if fenced else []
    found = found or _objects(text)
    if not found:
        raise NotJson("There is no complete JSON object in the reply.")
    return found[0]


def _objects(text: str) -> list[dict[str, Any]]:
    """Return the first JSON object that begins anywhere in the text, as a list of one or none."""
    for candidate in (text, TRAILING_COMMA.sub("", text)):
        decoder = json.JSONDecoder()
        start = candidate.find("{")
        tries = 0
        while start >= 0 and tries < 50:
            try:
                value, _ = decoder.raw_decode(candidate, start)
            except (ValueError, RecursionError):
                value = None
            if isinstance(value, dict):
                return [value]
            tries += 1
            start = candidate.find("{", start + 1)
    return []
