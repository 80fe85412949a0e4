"""API keys: shown once, scoped, revoked."""

from uuid import UUID

import pytest
from psycopg.errors import ForeignKeyViolation

from pantheon.accounts import keys
from pantheon.accounts.credentials import CredentialKind, resolve
from pantheon.accounts.roles import Who
from pantheon.base import ids
from pantheon.base.errors import Problem
from tests.make import make_workspace


async def test_a_key_stands_for_its_maker_with_its_scopes(db, who):
    async with db.transaction(who.workspace_id) as conn:
        token, row = await keys.create_key(conn, who, "ci", ["write", "read"])
    assert token.startswith("pan_")
    assert (row["name"], row["scopes"], row["last4"]) == ("ci", ["read", "write"], token[-4:])
    found = await resolve(db, CredentialKind.api_key, token)
    assert found is not None
    assert found.who == Who(who.workspace_id, who.user_id, "owner", frozenset({"read", "write"}))
    assert str(found.id) == row["id"]
    assert await resolve(db, CredentialKind.login, token) is None
    async with db.transaction(who.workspace_id) as conn:
        stored = await (await conn.execute("SELECT k::text FROM api_keys k")).fetchone()
    assert stored is not None
    assert token[4:] not in stored[0]


async def test_a_revoked_key_stands_for_nobody(db, who):
    async with db.transaction(who.workspace_id) as conn:
        token, row = await keys.create_key(conn, who, "ci", ["read"])
        await keys.revoke_key(conn, who, UUID(row["id"]))
    assert await resolve(db, CredentialKind.api_key, token) is None
    async with db.transaction(who.workspace_id) as conn:
        assert await keys.list_keys(conn, who) == {"items": [], "next_cursor": None}
        for again in (keys.revoke_key, keys.get_key):
            with pytest.raises(Problem, match="not_found"):
                await again(conn, who, UUID(row["id"]))


async def test_another_workspace_sees_and_revokes_no_key(db, who):
    other = await make_workspace(db)
    async with db.transaction(who.workspace_id) as conn:
        token, row = await keys.create_key(conn, who, "ci", ["read"])
    async with db.transaction(other.workspace_id) as conn:
        assert (await keys.list_keys(conn, other))["items"] == []
        with pytest.raises(Problem, match="not_found"):
            await keys.revoke_key(conn, other, UUID(row["id"]))
    assert await resolve(db, CredentialKind.api_key, token) is not None


async def test_keys_are_listed_in_pages(conn, who):
    made = [(await keys.create_key(conn, who, f"k{i}", ["read"]))[1]["id"] for i in range(5)]
    first = await keys.list_keys(conn, who, limit=3)
    rest = await keys.list_keys(conn, who, limit=3, cursor=first["next_cursor"])
    assert [key["id"] for key in first["items"] + rest["items"]] == made
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    ("name", "scopes", "code"),
    [
        ("", ["read"], "validation_error"),
        ("x" * 101, ["read"], "validation_error"),
        ("ci", [], "validation_error"),
        ("ci", ["read", "root"], "validation_error"),
        ("ci", ["admin"], "forbidden"),
    ],
)
async def test_a_key_needs_a_name_and_scopes_of_its_maker(conn, who, name, scopes, code):
    maker = Who(who.workspace_id, who.user_id, "owner", frozenset({"read", "write"}))
    with pytest.raises(Problem, match=f"^{code}:"):
        await keys.create_key(conn, maker, name, scopes)
    assert (await keys.list_keys(conn, who))["items"] == []


async def test_a_key_is_of_a_user_that_there_is(db, who):
    stranger = Who(who.workspace_id, ids.new(), "member", frozenset({"read"}))
    with pytest.raises(ForeignKeyViolation):
        async with db.transaction(who.workspace_id) as conn:
            await keys.create_key(conn, stranger, "ci", ["read"])
