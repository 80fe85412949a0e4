"""The manager's decision: what it may be, and that a broken one says what is wrong with it."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantheon.turns.decision import (
    LONGEST_BRIEF,
    LONGEST_WHY,
    InvalidDecision,
    decision_schema,
    read_decision,
)

KEYS = ("ann", "bob")
ASKED = [{"agent": "ann", "brief": "Check it."}, {"agent": "bob", "brief": "Price it."}]
DELEGATE = {"action": "delegate", "assignments": ASKED, "answer": None, "reason": "Views."}
FINISH = {"action": "finish", "assignments": [], "answer": "Hi.", "reason": "A greeting."}


def read(value: Any, finish_reason: str = "stop") -> dict[str, Any]:
    """Read a decision from its JSON."""
    return read_decision(orjson.dumps(value).decode(), finish_reason, KEYS)


@pytest.mark.parametrize("decision", [DELEGATE, FINISH, {**FINISH, "answer": None}])
@pytest.mark.parametrize("finish_reason", ["stop", "tool_calls"])
def test_a_decision_is_read_as_it_was_made(decision: dict[str, Any], finish_reason: str) -> None:
    assert read(decision, finish_reason) == decision


def test_what_is_left_out_has_a_default() -> None:
    assert read({"action": "finish"}) == {
        "action": "finish", "assignments": [], "answer": None, "reason": "",
    }  # fmt: skip


def test_an_agent_may_be_named_as_people_do() -> None:
    named = [{**item, "agent": f"@{item['agent']}"} for item in ASKED]
    assert read({**DELEGATE, "assignments": named}) == DELEGATE


@pytest.mark.parametrize(
    ("decision", "why"),
    [
        ({}, "action: Field required"),
        ({"action": "think"}, "action: Input should be 'delegate' or 'finish'"),
        ({"action": None}, "action"),
        ({**FINISH, "assignments": ASKED}, "'finish' has no assignments"),
        ({**DELEGATE, "assignments": []}, "at least one assignment"),
        ({**DELEGATE, "assignments": None}, "assignments: Input should be a valid list"),
        ({**DELEGATE, "assignments": "ann"}, "assignments: Input should be a valid list"),
        ({**DELEGATE, "assignments": ["ann"]}, "assignments.0"),
        ({**DELEGATE, "assignments": [{"agent": "ann"}]}, "assignments.0.brief: Field required"),
        ({**DELEGATE, "assignments": [{**ASKED[0], "brief": ""}]}, "assignments.0.brief"),
        ({**DELEGATE, "assignments": [{**ASKED[0], "brief": " \n"}]}, "needs a brief"),
        ({**DELEGATE, "assignments": [{**ASKED[0], "brief": "x" * 8_001}]}, "8000 characters"),
        ({**DELEGATE, "assignments": [{**ASKED[0], "to": "x"}]}, "assignments.0.to"),
        ({**DELEGATE, "assignments": ASKED * 101}, "at most 200 items"),
        ({**DELEGATE, "assignments": [{**ASKED[0], "agent": "zoe"}]}, "no agent zoe. Valid: ann"),
        ({**DELEGATE, "assignments": [{**ASKED[0], "agent": "Ann"}]}, "no agent Ann"),
        ({**DELEGATE, "assignments": [{**ASKED[0], "agent": "all"}]}, "no agent all"),
        ({**FINISH, "next": "ann"}, "next: Extra inputs"),
        ({**FINISH, "answer": 17}, "answer: Input should be a valid string"),
        ({"decision": FINISH}, "action: Field required"),
    ],
)
def test_what_is_no_decision_says_why(decision: Any, why: str) -> None:
    with pytest.raises(InvalidDecision) as refused:
        read(decision)
    assert why in str(refused.value)


def test_a_reply_that_was_cut_is_refused_even_if_it_looks_whole() -> None:
    with pytest.raises(InvalidDecision, match="length limit"):
        read(FINISH, "length")


def test_a_reply_without_json_says_so() -> None:
    with pytest.raises(InvalidDecision, match="no complete JSON object"):
        read_decision("I would ask Ann.", "stop", KEYS)


@pytest.mark.parametrize(
    "decision",
    [
        {"x" * 150_000: 1},
        {"a\x00b": 1, "action": "finish"},
        {**DELEGATE, "assignments": [{"agent": "z" * 9_999, "brief": "x"}] * 20},
        {**DELEGATE, "assignments": [{"agent": f"z{i}", "brief": "x"} for i in range(200)]},
        {**DELEGATE, "assignments": [{"agent": "zo\x00e", "brief": "x"}]},
        {str(i): i for i in range(1_000)},
    ],
)
def test_whatever_a_model_writes_the_reason_is_short_and_can_be_stored(decision: Any) -> None:
    with pytest.raises(InvalidDecision) as refused:
        read(decision)
    why = str(refused.value)
    assert 0 < len(why) <= LONGEST_WHY
    assert "\x00" not in why


def test_what_a_text_cannot_hold_is_replaced() -> None:
    hidden = r'{"action": "delegate", "assignments": [{"agent": "ann", "brief": "a\u0000b\ud800"}]}'
    assert read_decision(hidden, "stop", KEYS)["assignments"][0]["brief"] == "a�b�"


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1)
briefs = texts.filter(lambda text: bool(text.strip()))
asked = st.fixed_dictionaries({"agent": st.sampled_from(KEYS), "brief": briefs})


@given(st.lists(asked, min_size=1, max_size=200), texts)
def test_any_assignments_of_the_roster_pass(assignments: Any, reason: str) -> None:
    decision = {**DELEGATE, "assignments": assignments, "reason": reason}
    assert read(decision) == decision


def test_the_longest_brief_passes() -> None:
    brief = "x" * LONGEST_BRIEF
    assert read({**DELEGATE, "assignments": [{"agent": "ann", "brief": brief}]})


def test_the_schema_is_one_that_strict_providers_take() -> None:
    """Every object is closed and needs all its fields; the agents are those of the roster."""
    schema = decision_schema(KEYS)
    assignment = schema["properties"]["assignments"]["items"]
    assert assignment["properties"]["agent"] == {"type": "string", "enum": ["ann", "bob"]}
    for told in (schema, assignment):
        assert told["additionalProperties"] is False
        assert set(told["required"]) == set(told["properties"])
    assert set(schema["properties"]) == set(DELEGATE)
    # The reason comes first: who writes it has thought before it decides.
    assert next(iter(schema["properties"])) == "reason"
