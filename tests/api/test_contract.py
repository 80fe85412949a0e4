"""The contract: real answers are what the document says, and no input breaks a route."""

import asyncio
import copy
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from pantheon.api.app import routes_only
from pantheon.api.document import OPEN_PATHS, describe
from tests.api.conftest import Api, open_session

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    allow_header_conformance,
    unsupported_method,
]
ENDLESS = "/api/v1/sessions/{session_id}/events"
QUERIES = {
    "/api/v1/search": {"q": "what"},
    "/api/v1/sessions/{session_id}/export": {"format": "json"},
}
EXAMPLES = 12
SEED = 2026


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return describe(routes_only())


def closed(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with every shape closed: a field that it does not name is an error."""
    document = copy.deepcopy(document)
    for schema in document["components"]["schemas"].values():
        if "properties" in schema:
            schema["additionalProperties"] = False
    return document


async def test_real_answers_have_the_documented_fields_and_no_others(
    api: Api, worker: None, document: dict[str, Any]
) -> None:
    agents = [
        (await api.client.post("/api/v1/agents", json={"key": k, "name": k, "model": m})).json()
        for k, m in (("good", "demo/fast"), ("bad", "demo/failing"))
    ]
    session = await open_session(api, agents=agents)
    asked = await api.client.post(
        f"/api/v1/sessions/{session['id']}/turns",
        json={"input": "What now? @nobody"},
        headers={"Prefer": "wait=20"},
    )
    turn = asked.json()
    keys = (await api.client.get("/api/v1/keys")).json()["items"]
    day = {"scope": "workspace", "period": "day", "limit": "5"}
    budget = (await api.client.post("/api/v1/budgets", json=day)).json()
    price = {"model": "demo/fast", "input": "1", "output": "4"}
    books = "/api/v1/admin/price-books"
    book = (await api.client.post(books, json={"prices": [price]})).json()
    credits = {"credits": "5", "reason": "Start"}
    assert (await api.client.post("/api/v1/admin/grants", json=credits)).status_code == 201
    ids = {
        "agent_id": agents[0]["id"],
        "room_id": session["room_id"],
        "session_id": session["id"],
        "turn_id": turn["id"],
        "step_id": turn["steps"][0]["id"],
        "key_id": keys[0]["id"],
        "budget_id": budget["id"],
        "book_id": book["id"],
    }
    whole = closed(document)
    seen = 0
    for path, methods in whole["paths"].items():
        content = methods.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema")
        if not schema:
            continue
        answer = await api.client.get(path.format(**ids), params=QUERIES.get(path))
        assert answer.status_code == 200, (path, answer.text)
        rules = {**schema, "components": whole["components"]}
        errors = [str(e) for e in jsonschema_rs.validator_for(rules).iter_errors(answer.json())]
        assert errors == [], path
        seen += 1
    assert seen > 15
    rules = {"$ref": "#/components/schemas/Turn", "components": whole["components"]}
    assert [str(e) for e in jsonschema_rs.validator_for(rules).iter_errors(turn)] == []


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
async def test_no_input_breaks_a_route(api: Api, document: dict[str, Any], method: str) -> None:
    schema = schemathesis.openapi.from_dict(copy.deepcopy(document))
    operations = [
        found.ok()
        for found in schema.get_all_operations()
        if found.ok().method == method and found.ok().path not in (ENDLESS, *OPEN_PATHS)
    ]
    assert operations
    headers = {"Authorization": f"Bearer {api.key}"}
    for operation in operations:

        @seed(SEED)
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def run(case: Any) -> None:
            case.call_and_validate(base_url=api.url, headers=headers, checks=CHECKS, timeout=20)

        await asyncio.to_thread(run)
