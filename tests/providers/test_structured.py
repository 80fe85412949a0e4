"""Reading JSON from what models write, and asking them for it in the strictest form they have."""

import json
import time
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantheon.providers.openai import encode_chat
from pantheon.providers.structured import (
    LONGEST_REPLY,
    Form,
    NotJson,
    Structure,
    best_form,
    extract_json,
)
from pantheon.providers.types import ChatMessage, ModelRequest, Role

WANTED = {"action": "delegate", "assignments": [{"agent": "a0", "brief": "Check it."}]}
JSON = json.dumps(WANTED)
SCHEMA = {"type": "object", "properties": {"action": {"type": "string"}}}

READ = {
    "alone": JSON,
    "indented": json.dumps(WANTED, indent=4),
    "blanks around": f"\n\n  {JSON}\t\n",
    "a fence": f"```json\n{JSON}\n```",
    "a fence of no language": f"```\n{JSON}\n```",
    "a fence in capitals, with blanks": f"```JSON  \n{JSON}\n```",
    "a fence on one line": f"```json {JSON}```",
    "a fence that is never closed": f"```json\n{JSON}",
    "prose before": f"Sure, here is my decision: {JSON}",
    "prose after": f"{JSON}\n\nShall I go on?",
    "prose around a fence": f"Of course!\n```json\n{JSON}\n```\nI hope it helps.",
    "an example in prose, then a fence": f'Not {{"action": "x"}} but\n```json\n{JSON}\n```',
    "braces in prose": f"As {{agent}} asked, {{…}}: no. {{ {JSON}",
    "another fence before": f"```sh\nls {{a,b}}\n```\n```json\n{JSON}\n```",
    "a thought": f"<think>Whom do I ask?</think>{JSON}",
    "a thought that drafts": f'<think>\nMaybe {{"action": "finish"}}?\n</think>\n\n{JSON}',
    "a thought whose tag the server kept": f'Maybe {{"action": "finish"}}?\n</think>\n{JSON}',
    "a thought and a fence": f"<think>Hm.</think>\n```json\n{JSON}\n```",
    "a trailing comma": JSON[:-1] + ",}",
    "a trailing comma in the list": JSON[:-2] + ",]}",
    "trailing commas everywhere": JSON.replace("}]}", ",},],}"),
    "a trailing comma and a line break": JSON[:-1] + ",\n}",
    "a second object": f'{JSON} {{"action": "finish"}}',
    "keys in another order": json.dumps(dict(reversed(WANTED.items()))),
}  # fmt: skip

REFUSED = {
    "nothing": "",
    "blanks": " \n\t ",
    "a thought alone": "<think>Whom do I ask?</think>",
    "a thought without an end": f"<think>Maybe {JSON}",
    "prose": "I would ask a0 and a1.",
    "a list": "[1, 2, 3]",
    "a text": '"delegate"',
    "a number": "17",
    "null": "null",
    "cut in a text": JSON[:-6],
    "cut behind an assignment": JSON[:-2],
    "cut behind the list": JSON[:-1],
    "cut in a name": '{"act',
    "cut at once": "{",
    "cut in a fence": f"```json\n{JSON[:-2]}\n```",
    "single quotes": "{'action': 'finish'}",
    "no quotes": "{action: finish}",
    "two commas": '{"action": "finish",,}',
    "Python": '{"action": "finish", "answer": None}',
    "deeper than any answer": '{"a":' * 60_000,
    "a number without end": '{"a": ' + "9" * 100_000 + "}",
    "half a megabyte": "x" * 500_000,
    "a megabyte around an object": "x" * 500_000 + JSON + "x" * 500_000,
    "braces alone": "{" * 100_000,
    "an endless fence": "```json" + "\n" * 190_000 + "x",
    "commas alone": "{" + ", " * 90_000 + "x",
}


@pytest.mark.parametrize("reply", READ.values(), ids=READ)
def test_the_object_in_a_reply_is_read(reply: str) -> None:
    assert extract_json(reply) == WANTED


@pytest.mark.parametrize("reply", REFUSED.values(), ids=REFUSED)
def test_what_holds_no_whole_object_is_refused_at_once(reply: str) -> None:
    before = time.process_time()
    with pytest.raises(NotJson) as refused:
        extract_json(reply)
    assert len(str(refused.value)) < 100
    assert time.process_time() - before < 1


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r'{"a": "b {c} \"d\" }"}', 'b {c} "d" }'),
        (r'{"a": "1, ] and 2, }"}', "1, ] and 2, }"),
        ('{"a": "one\ntwo\tthree"}', "one\ntwo\tthree"),
        ('{"a": "```json\n{\\"b\\": 1}\n```"}', '```json\n{"b": 1}\n```'),
        (r'{"a": "x\u0000y\ud800z"}', "x�y�z"),
        (r'{"a": "\ud83d\ude00"}', "😀"),
        (r'{"a": {"b": ["\u0000"]}}', {"b": ["�"]}),
        ('{"a": "first", "a": "last"}', "last"),
    ],
)
def test_texts_come_out_as_they_were_meant(written: str, meant: Any) -> None:
    assert extract_json(written) == {"a": meant}


def test_keys_are_sanitised_too() -> None:
    assert extract_json(r'{"\u0000": 1}') == {"�": 1}


def test_the_longest_reply_is_read() -> None:
    text = "x" * (LONGEST_REPLY - len('{"a":""}'))
    assert extract_json(f'{{"a":"{text}"}}') == {"a": text}


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(alphabet="ab{}[],"), inner),
    max_leaves=10,
)
objects = st.dictionaries(st.text(alphabet="ab{}[],"), values)


@given(objects, st.sampled_from(["{}", "Well: {}", "```json\n{}\n```", "<think>x</think>{}."]))
def test_any_object_is_read_wherever_it_stands(value: dict[str, Any], around: str) -> None:
    text = json.dumps(value)
    plain = json.loads(text.replace(r"\u0000", r"\ufffd"))
    assert extract_json(around.replace("{}", text)) == plain


@given(objects, st.integers(min_value=1))
def test_a_part_is_never_read_for_the_whole(value: dict[str, Any], left: int) -> None:
    text = json.dumps({"first": value, "last": [value]})
    with pytest.raises(NotJson):
        extract_json(text[: left % len(text)])


@pytest.mark.parametrize(
    ("capabilities", "form"),
    [
        ({"structured_outputs", "tools", "json_mode"}, Form.json_schema),
        ({"tools", "json_mode"}, Form.tool),
        ({"json_mode", "vision"}, Form.json_object),
        ({"vision"}, Form.text),
        (set(), Form.text),
    ],
)
def test_the_strictest_form_that_is_declared_is_taken(capabilities: set[str], form: Form) -> None:
    assert best_form(capabilities) is form
    # Who is not held to the schema by other means has to be told it.
    assert Structure("d", SCHEMA, form).in_prompt is (form in (Form.json_object, Form.text))


@pytest.mark.parametrize(
    ("form", "fields"),
    [
        (
            Form.json_schema,
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "decision", "strict": True, "schema": SCHEMA},
                }
            },
        ),
        (
            Form.tool,
            {
                "tools": [
                    {"type": "function", "function": {"name": "decision", "parameters": SCHEMA}}
                ],
                "tool_choice": {"type": "function", "function": {"name": "decision"}},
            },
        ),
        (Form.json_object, {"response_format": {"type": "json_object"}}),
        (Form.text, {}),
    ],
)
def test_each_form_has_its_fields(form: Form, fields: dict[str, Any]) -> None:
    said = (ChatMessage(Role.user, "Decide."),)
    plain = ModelRequest("m", said)
    asked = ModelRequest("m", said, structure=Structure("decision", SCHEMA, form))
    bodies = [orjson.loads(encode_chat(request, "max_tokens")) for request in (plain, asked)]
    assert bodies[1] == bodies[0] | fields
