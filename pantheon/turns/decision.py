"""The manager's decision: its schema for a roster, and reading one from what a model wrote."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from pantheon.base.text import first_words
from pantheon.providers.structured import NotJson, extract_json

NAME = "decision"
LONGEST_BRIEF = 8_000
LONGEST_WHY = 1_000

Text = Annotated[str, Field(max_length=100_000)]
# The roster is shown as people write it, with an @.
Key = Annotated[str, AfterValidator(lambda key: key.removeprefix("@"))]


class _Assignment(BaseModel):
    model_config = ConfigDict(extra="forbid")

    agent: Key
    brief: Annotated[str, Field(min_length=1, max_length=LONGEST_BRIEF)]


class _Decision(BaseModel):
    model_config = ConfigDict(extra="forbid")

    action: Literal["delegate", "finish"]
    assignments: Annotated[list[_Assignment], Field(max_length=200)] = Field(default_factory=list)
    answer: Text | None = None
    reason: Text = ""


class InvalidDecision(Exception):
    """What a model wrote is no decision; the text says why, in words that help it to mend it."""

    def __init__(self, why: str) -> None:
        # It may quote the model, who may have written anything.
        super().__init__(first_words(why, LONGEST_WHY))


def decision_schema(keys: Sequence[str]) -> dict[str, Any]:
    """Return the JSON schema of a decision about these agents, as strict providers want it."""
    text = {"type": "string"}
    assignment = {
        "type": "object",
        "properties": {"agent": {"type": "string", "enum": list(keys)}, "brief": text},
        "required": ["agent", "brief"],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {
            "reason": text,
            "action": {"type": "string", "enum": ["delegate", "finish"]},
            "assignments": {"type": "array", "items": assignment},
            "answer": {"type": ["string", "null"]},
        },
        "required": ["reason", "action", "assignments", "answer"],
        "additionalProperties": False,
    }


def read_decision(text: str, finish_reason: str, keys: Sequence[str]) -> dict[str, Any]:
    """Return the decision in a model's reply, checked against the roster.

    Raises InvalidDecision: cut at the length limit, no JSON, not of the schema, an agent that is
    not there, or an action that its assignments contradict.
    """
    if finish_reason == "length":
        raise InvalidDecision("It was cut at the length limit. Write shorter briefs.")
    try:
        decision = _Decision.model_validate(extract_json(text))
    except NotJson as error:
        raise InvalidDecision(str(error)) from error
    except ValidationError as error:
        told = error.errors(include_url=False, include_input=False)[:5]
        lines = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in told]
        raise InvalidDecision("; ".join(lines)) from error
    wrong = sorted({item.agent for item in decision.assignments} - set(keys))
    if wrong:
        raise InvalidDecision(f"There is no agent {', '.join(wrong)}. Valid: {', '.join(keys)}.")
    if decision.action == "delegate" and not decision.assignments:
        raise InvalidDecision("'delegate' needs at least one assignment.")
    if decision.action == "finish" and decision.assignments:
        raise InvalidDecision("'finish' has no assignments: delegate, or leave them out.")
    if any(not item.brief.strip() for item in decision.assignments):
        raise InvalidDecision("Every assignment needs a brief.")
    return decision.model_dump()
