"""The OpenAPI document: complete, and every operation of its own name."""

import pytest

from pantheon.api.app import routes_only
from pantheon.api.document import OPEN_PATHS, describe


@pytest.fixture(scope="module")
def document():
    return describe(routes_only())


def test_every_operation_has_its_own_name(document):
    names = [op["operationId"] for path in document["paths"].values() for op in path.values()]
    assert len(set(names)) == len(names)


def test_every_operation_tells_its_problems_and_who_may_call_it(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            problems = operation["responses"]["default"]["content"]
            assert list(problems) == ["application/problem+json"], (method, path)
            assert ("security" in operation) == (path not in OPEN_PATHS), (method, path)
            assert operation["description"], (method, path)


def test_what_creates_takes_an_idempotency_key(document):
    creating = [
        path
        for path, methods in document["paths"].items()
        if "201" in methods.get("post", {}).get("responses", {})
    ]
    assert "/api/v1/sessions/{session_id}/turns" in creating
    for path in creating:
        names = [p["name"] for p in document["paths"][path]["post"]["parameters"]]
        assert names.count("Idempotency-Key") == 1
