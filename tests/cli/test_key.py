"""API keys: shown once and alone, listed without themselves, worthless when revoked."""

import time
from urllib.error import HTTPError

import pytest

from tests.cli.commands import Commands, Up


def refused_within(up: Up, key: str, *, seconds: float) -> bool:
    """Tell whether the server refuses the key by then: it remembers a good one for a second."""
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at:
        try:
            up.get("/info", key)
        except HTTPError as error:
            return error.code == 401
    return False


def test_a_key_lives_and_dies(commands: Commands, up: Up) -> None:
    """Created beside the running server, used, listed, revoked, refused."""
    made = commands.run("key", "create", "--name", "robot", "--scope", "read")
    assert made.code == 0, made.err
    key = made.out.strip()
    assert made.out == f"{key}\n"
    assert key.startswith("pan_")
    assert "'robot' may read" in made.err
    assert key not in made.err
    assert up.get("/info", key)["workspace"]

    rows = [line.split() for line in commands.run("key", "list").out.splitlines()]
    (row,) = [row for row in rows if row[-1] == "robot"]
    assert row[1:3] == ["read", f"…{key[-4:]}"]

    assert commands.run("key", "revoke", row[0]).code == 0
    assert refused_within(up, key, seconds=10)
    again = commands.run("key", "revoke", row[0])
    assert again.code == 1
    assert row[0] in again.err


@pytest.mark.parametrize(
    ("words", "scopes"),
    [
        ((), "read,write"),
        (("--scope", "write", "--scope", "read"), "read,write"),
        (("--scope", "read, admin", "--scope", "write"), "admin,read,write"),
    ],
)
def test_scopes_come_with_commas_or_one_by_one(
    commands: Commands, words: tuple[str, ...], scopes: str
) -> None:
    """Given twice, both count."""
    key = commands.run("key", "create", "--name", "many", *words).out.strip()
    rows = [line.split() for line in commands.run("key", "list").out.splitlines()]
    assert [row[1] for row in rows if row[2] == f"…{key[-4:]}"] == [scopes]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("create", "--name", " "), "1 to 100 characters"),
        (("create", "--name", "x", "--scope", "fly"), "read, write, admin"),
        (("create", "--name", "x", "--scope", ","), "given: none"),
        (("revoke", "me"), "'me' is not the id of a key"),
        (("create",), "--name"),
    ],
)
def test_what_makes_no_sense_is_refused(
    commands: Commands, words: tuple[str, ...], told: str
) -> None:
    """In words, with nothing on stdout."""
    result = commands.run("key", *words)
    assert result.code != 0
    assert told in result.err
    assert result.out == ""
