"""The OpenAPI document: printed, checked in, current, served."""

import subprocess
import sys

import orjson
import pytest

from pantheon.api.app import routes_only
from pantheon.api.document import describe
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


async def test_the_document_is_served_to_everybody(anonymous, document):
    assert (await anonymous.get("/api/v1/openapi.json")).json() == document
