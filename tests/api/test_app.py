"""The app: who may call what, for every route there is."""

import re

import pytest

from pantheon.api.app import routes_only
from pantheon.api.deps import SAFE_METHODS
from pantheon.api.document import OPEN_PATHS, describe
from pantheon.base import ids
from tests.api.checks import problem

OPERATIONS = [
    (method.upper(), path)
    for path, methods in describe(routes_only())["paths"].items()
    for method in methods
]
ADMINS_ONLY = ("/api/v1/keys", "/api/v1/admin", "/api/v1/providers/{name}/key")
ADMINS_CHANGE = ("/api/v1/budgets", "/api/v1/usage/invoice")
# Whoever may write may top it up.
ADMINS_WALLET = ("PATCH", "/api/v1/wallet")


def needed(method: str, path: str) -> set[str]:
    scopes = {"read" if method in SAFE_METHODS else "write"}
    places = ADMINS_ONLY if method in SAFE_METHODS else (*ADMINS_ONLY, *ADMINS_CHANGE)
    admins = path.startswith(places) or (method, path) == ADMINS_WALLET
    return scopes | ({"admin"} if admins else set())


def test_the_matrix_has_the_routes_in_it():
    assert ("POST", "/api/v1/sessions/{session_id}/turns") in OPERATIONS
    assert len(OPERATIONS) > 30


@pytest.mark.parametrize("scopes", [None, "read", "write", "read admin", "write admin"])
async def test_every_route_asks_for_its_scopes(api, anonymous, scopes):
    headers = {} if scopes is None else await api.new_key(*scopes.split())
    for method, path in OPERATIONS:
        if path in OPEN_PATHS:
            continue
        address = re.sub(r"\{\w+\}", str(ids.new()), path)
        # A body that no route takes: whoever gets through is told so, and changes nothing.
        answer = await anonymous.request(method, address, headers=headers, json={"?": "?"})
        place = f"{method} {path} with {scopes}: {answer.text}"
        if scopes is None:
            assert answer.status_code == 401, place
            problem(answer, 401, "unauthenticated")
        elif needed(method, path) <= set(scopes.split()):
            assert answer.status_code not in (401, 403, 405, 500), place
        else:
            assert answer.status_code == 403, place
            problem(answer, 403, "forbidden")


async def test_open_paths_are_the_ones_that_are_meant():
    assert {path for _, path in OPERATIONS} & set(OPEN_PATHS) == set(OPEN_PATHS)
