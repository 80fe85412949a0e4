"""Credentials: remembered for a second, and no longer."""

import pytest

from pantheon.accounts import keys
from pantheon.accounts.credentials import (
    LONGEST_TOKEN,
    REMEMBERED_SECONDS,
    CredentialKind,
    Credentials,
    resolve,
)
from pantheon.accounts.roles import Who
from tests.make import make_user

KEY = CredentialKind.api_key


@pytest.fixture
async def token(db, who):
    async with db.transaction(who.workspace_id) as conn:
        return (await keys.create_key(conn, who, "ci", ["read"]))[0]


async def revoke_all(db, who):
    async with db.transaction(who.workspace_id) as conn:
        await conn.execute("UPDATE api_keys SET revoked_at = now()")


async def test_a_key_revoked_elsewhere_is_refused_a_second_later(db, who, token):
    now = 100.0
    credentials = Credentials(db, clock=lambda: now)
    first = await credentials.resolve(KEY, token)
    await revoke_all(db, who)
    now += REMEMBERED_SECONDS - 0.001
    assert await credentials.resolve(KEY, token) == first
    now += 0.001
    assert await credentials.resolve(KEY, token) is None
    assert await credentials.resolve(KEY, token) is None


async def test_a_key_revoked_here_is_refused_at_once(db, who, token):
    credentials = Credentials(db)
    assert await credentials.resolve(KEY, token) is not None
    await revoke_all(db, who)
    credentials.forget()
    assert await credentials.resolve(KEY, token) is None


async def test_what_is_unknown_is_not_remembered(db, token):
    credentials = Credentials(db)
    assert await credentials.resolve(CredentialKind.login, token) is None
    assert await credentials.resolve(KEY, token + "x") is None
    assert await credentials.resolve(KEY, "x" * (LONGEST_TOKEN + 1)) is None
    found = await credentials.resolve(KEY, token)
    assert found is not None
    assert found == await resolve(db, KEY, token)


async def test_a_key_may_no_more_than_its_user(db, who):
    async with db.transaction(who.workspace_id) as conn:
        member = await make_user(conn, who, role="member")
        token, _ = await keys.create_key(conn, member, "ci", ["read", "write", "admin"])
    found = await resolve(db, KEY, token)
    assert found is not None
    assert found.who == Who(
        who.workspace_id, member.user_id, "member", frozenset({"read", "write"})
    )
