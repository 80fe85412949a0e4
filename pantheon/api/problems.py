"""Problems as HTTP tells them: every error is `application/problem+json` (RFC 9457)."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from pantheon.base.errors import INVALID, NOT_FOUND, UNAVAILABLE, Problem, ProblemType

METHOD_NOT_ALLOWED = ProblemType("method_not_allowed", 405, "Not with this method")
TOO_LARGE = ProblemType("too_large", 413, "The request is too large")
BAD_REQUEST = ProblemType("bad_request", 400, "The request cannot be read")
INTERNAL_ERROR = ProblemType("internal_error", 500, "Something went wrong in Pantheon")

MEDIA_TYPE = "application/problem+json"
MOST_ERRORS = 20
RETRY_AFTER_SECONDS = "2"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def problem_document(problem: Problem, instance: str) -> dict[str, Any]:
    """Return the members of RFC 9457, the stable `code`, and what the problem has beside them."""
    return {
        "type": f"urn:pantheon:problem:{problem.kind.code}",
        "title": problem.kind.title,
        "status": problem.kind.status,
        "detail": problem.detail,
        "code": problem.kind.code,
        "instance": instance,
        **problem.extra,
    }


def problem_response(problem: Problem, instance: str) -> Response:
    """Render a problem; `instance` is the path that was asked for."""
    return Response(
        orjson.dumps(problem_document(problem, instance)),
        problem.kind.status,
        problem.headers,
        MEDIA_TYPE,
    )


def database_away() -> Problem:
    """Return the problem of a database that cannot be reached, or broke off."""
    return UNAVAILABLE(
        "The database does not answer. Try again in a few seconds.",
        headers={"Retry-After": RETRY_AFTER_SECONDS},
    )


def handle_problems(app: FastAPI) -> None:
    """Make `app` answer every kind of error as a problem."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(psycopg.OperationalError, _on_database)
    app.add_exception_handler(psycopg.InterfaceError, _on_database)


async def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return problem_response(error, request.url.path)


async def _on_database(request: Request, _: Exception) -> Response:
    return problem_response(database_away(), request.url.path)


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    path = request.url.path
    known = {
        404: NOT_FOUND(f"There is nothing at {path}."),
        405: METHOD_NOT_ALLOWED(f"{path} does not take {request.method}."),
        413: TOO_LARGE("The request is larger than this server reads."),
    }
    problem = known.get(error.status_code, BAD_REQUEST(str(error.detail)))
    if error.status_code == 405:
        problem.headers["Allow"] = ", ".join(_allowed_methods(request))
    return problem_response(problem, path)


def _allowed_methods(request: Request) -> list[str]:
    """Return what a path takes, by all routes of that path and not only the first of them."""
    routes = request.app.router.routes
    return [
        method
        for method in METHODS
        if any(r.matches({**request.scope, "method": method})[0] is Match.FULL for r in routes)
    ]


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return problem_response(_invalid(error.errors()), request.url.path)


def _invalid(found: Sequence[Mapping[str, Any]]) -> Problem:
    """Say what is wrong and where; what was given is not repeated, it may be long or secret."""
    errors = [_error(item) for item in found[:MOST_ERRORS]]
    first = errors[0]
    place = first.get("pointer", first.get("parameter", ""))
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    where = f"{place}: " if place else ""
    return INVALID(f"{where}{first['detail']}{more}", errors=errors)


def _error(item: Mapping[str, Any]) -> dict[str, str]:
    where, *path = item["loc"]
    if item["type"] == "json_invalid":
        return {"pointer": "#", "detail": f"This is no JSON: {item['ctx']['error']}."}
    detail = str(item["msg"]).removeprefix("Value error, ").rstrip(".") + "."
    if where == "body":
        pointer = "".join(f"/{str(p).replace('~', '~0').replace('/', '~1')}" for p in path)
        return {"pointer": f"#{pointer}", "detail": detail}
    return {"parameter": str(path[0]) if path else str(where), "detail": detail}
