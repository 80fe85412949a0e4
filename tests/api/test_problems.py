"""Problems: every error has the form of RFC 9457, and gives away nothing."""

import psycopg
import pytest
import structlog
from fastapi import APIRouter

from pantheon.api.app import create_app
from pantheon.base.errors import STALE_VERSION
from tests.api.checks import problem
from tests.api.conftest import client_of

KEYS = "/api/v1/keys"
NO_TEXT = "A text holds NUL or a lone surrogate, which cannot be stored."


@pytest.fixture
async def broken(runtime):
    """A client of an app with routes that fail, each in its way."""
    router = APIRouter()

    @router.get("/lost")
    async def lost():
        raise psycopg.OperationalError("the connection to postgresql://user:secret@host is lost")

    @router.get("/closed")
    async def closed():
        raise psycopg.InterfaceError("the connection is closed")

    @router.get("/bug")
    async def bug():
        raise RuntimeError("a secret is in the message")

    @router.get("/stale")
    async def stale():
        raise STALE_VERSION("Read it again.", headers={"X-More": "1"}, current=4)

    app = create_app(runtime)
    app.include_router(router)
    async with client_of(app) as client:
        yield client


@pytest.mark.parametrize("path", ["/lost", "/closed"])
async def test_a_database_that_is_away_is_told_with_when_to_come_again(broken, path):
    answer = await broken.get(path)
    document = problem(answer, 503, "unavailable")
    assert answer.headers["retry-after"] == "2"
    assert "secret" not in str(document)


async def test_a_bug_is_told_without_its_words_and_logged(broken):
    with structlog.testing.capture_logs() as lines:
        document = problem(await broken.get("/bug"), 500, "internal_error")
    assert "secret" not in str(document)
    assert "RuntimeError" not in str(document)
    assert [(line["event"], line["error_id"]) for line in lines] == [
        ("request failed", document["error_id"])
    ]


async def test_a_problem_tells_what_it_was_given(broken):
    answer = await broken.get("/stale")
    document = problem(answer, 409, "stale_version")
    assert (document["detail"], document["current"]) == ("Read it again.", 4)
    assert answer.headers["x-more"] == "1"


async def test_unknown_paths_and_methods(api):
    problem(await api.client.get("/api/v1/nothing"), 404, "not_found")
    problem(await api.client.post("/nothing"), 404, "not_found")
    for path, methods in (("/info", "GET"), ("/keys", "GET, POST")):
        refused = await api.client.put(f"/api/v1{path}")
        problem(refused, 405, "method_not_allowed")
        assert refused.headers["allow"] == methods


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (b"{", [{"pointer": "#", "detail": "This is no JSON: Expecting property name enclosed in "
          "double quotes."}]),
        (b"[]", None),
        (b"", [{"pointer": "#", "detail": "Field required."}]),
        (b'{"name": "", "scopes": ["read"]}',
         [{"pointer": "#/name", "detail": "String should have at least 1 character."}]),
        (b'{"name": "a", "scopes": ["root"], "a/b~": 1}',
         [{"pointer": "#/scopes/0", "detail": "Input should be 'read', 'write' or 'admin'."},
          {"pointer": "#/a~1b~0", "detail": "Extra inputs are not permitted."}]),
        (b'{"name": ' + b"[" * 900 + b"]" * 900 + b"}",
         [{"pointer": "#", "detail": "It is nested too deeply."}]),
        (b'{"name": "a\\u0000", "scopes": ["read"]}',
         [{"pointer": "#", "detail": NO_TEXT}]),
        (b'{"name": "\\ud800", "scopes": ["read"]}',
         [{"pointer": "#", "detail": NO_TEXT}]),
    ],
)  # fmt: skip
async def test_what_is_wrong_with_a_body_is_named_by_place(api, body, errors):
    headers = {"Content-Type": "application/json"}
    answer = await api.client.post(KEYS, content=body, headers=headers)
    document = problem(answer, 422, "validation_error")
    if errors is not None:
        assert document["errors"] == errors
    assert document["errors"][0]["detail"] in document["detail"]


async def test_a_body_that_only_wants_to_exhaust_the_parser_is_refused(api):
    content = b"[" * 200_000
    answer = await api.client.post(
        KEYS, content=content, headers={"Content-Type": "application/json"}
    )
    problem(answer, 400, "bad_request")


async def test_what_was_given_is_not_repeated(api):
    body = {"name": "a", "scopes": ["read"], "api_key": "canary"}
    document = problem(await api.client.post(KEYS, json=body), 422, "validation_error")
    assert "canary" not in str(document)


async def test_a_thousand_errors_are_told_in_short(api):
    body = {"name": "a", "scopes": ["read"], **{f"x{i}": 1 for i in range(1000)}}
    document = problem(await api.client.post(KEYS, json=body), 422, "validation_error")
    assert len(document["errors"]) == 20
    assert document["detail"].endswith("(and 999 more)")


async def test_wrong_parameters_are_named(api):
    document = problem(await api.client.get(KEYS, params={"limit": "x"}), 422, "validation_error")
    assert document["errors"][0]["parameter"] == "limit"
    document = problem(await api.client.get(f"{KEYS}/x"), 422, "validation_error")
    assert document["errors"][0]["parameter"] == "key_id"
