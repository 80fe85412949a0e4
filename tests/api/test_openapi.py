"""The OpenAPI document: checked in, current, served, valid."""

import subprocess
import sys

import orjson
import pytest

from pantheon.api.app import routes_only
from pantheon.api.openapi import OPEN_PATHS, describe
from tests.house import ROOT


@pytest.fixture(scope="module")
def document():
    return orjson.loads(orjson.dumps(describe(routes_only())))


def test_the_checked_in_document_is_current(document):
    """`make openapi` writes it."""
    assert orjson.loads((ROOT / "openapi.json").read_bytes()) == document


def test_the_command_prints_the_document_without_a_database(document):
    printed = subprocess.run(
        [sys.executable, "-m", "pantheon.api.openapi"], capture_output=True, check=True, timeout=60
    )
    assert orjson.loads(printed.stdout) == document
    assert printed.stdout == (ROOT / "openapi.json").read_bytes()


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


async def test_the_document_is_served_to_everybody(anonymous, document):
    assert (await anonymous.get("/api/v1/openapi.json")).json() == document
