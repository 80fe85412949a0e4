"""The structured summary: a field has items or is null, and nothing else is one."""

import json

import pytest

from pantheon.context.digest import (
    LISTS,
    Digest,
    InvalidDigest,
    digest_schema,
    load_digest,
    read_digest,
    render,
    size,
)

FACT = {"text": "The budget is 48,250 EUR.", "turns": [3]}
WHOLE = {
    "summary": "They plan Helios.",
    "key_facts": [FACT],
    "decisions": [{"text": "Ship on Friday.", "turns": [4, 5]}],
    "open_questions": None,
    "action_items": None,
    "figures_and_names": [FACT],
}


def test_a_reply_becomes_a_summary() -> None:
    digest = read_digest(f"Here it is:\n```json\n{json.dumps(WHOLE)}\n```", "stop")
    assert digest.model_dump() == WHOLE
    assert list(digest.lists()) == ["key_facts", "decisions", "figures_and_names"]
    assert render(digest) == (
        "They plan Helios.\nFacts:\n- The budget is 48,250 EUR. (turn 3)\nDecisions:\n"
        "- Ship on Friday. (turns 4, 5)\nFigures and names:\n"
        "- The budget is 48,250 EUR. (turn 3)"
    )
    assert 20 < size(digest) < 100


@pytest.mark.parametrize("field", LISTS)
def test_an_empty_list_is_refused(field: str) -> None:
    with pytest.raises(InvalidDigest, match=f"{field}: List should have at least 1 item"):
        load_digest({**WHOLE, field: []})


@pytest.mark.parametrize("field", LISTS)
def test_the_schema_asks_for_items_or_null(field: str) -> None:
    told = digest_schema()
    assert told["properties"][field]["minItems"] == 1
    assert ("null" in told["properties"][field]["type"]) == (field != "key_facts")
    assert told["required"] == ["summary", *LISTS]
    assert told["properties"][field]["items"]["properties"]["turns"]["minItems"] == 1


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"key_facts": None}, "key_facts"),
        ({"summary": "  "}, "summary"),
        ({"key_facts": [{"text": "No turn.", "turns": []}]}, "key_facts.0.turns"),
        ({"key_facts": [{"text": " ", "turns": [1]}]}, "key_facts.0.text"),
        ({"key_facts": ["plain"]}, "key_facts.0"),
        ({"mood": "good"}, "mood"),
    ],
)
def test_what_is_no_summary_says_why(changed: dict, why: str) -> None:
    with pytest.raises(InvalidDigest, match=why.replace(".", r"\.")):
        load_digest({**WHOLE, **changed})


@pytest.mark.parametrize(
    ("text", "reason", "why"),
    [("{}", "length", "cut at the length limit"), ("Sorry.", "stop", "no complete JSON")],
)
def test_a_reply_that_is_cut_or_no_json(text: str, reason: str, why: str) -> None:
    with pytest.raises(InvalidDigest, match=why):
        read_digest(text, reason)


def test_its_schema_takes_what_the_model_takes() -> None:
    assert set(digest_schema()["properties"]) == set(Digest.model_fields)
