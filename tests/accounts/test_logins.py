"""Logins: a link works once and not for long; a login can be ended."""

import asyncio

import pytest

from pantheon.accounts import logins
from pantheon.accounts.credentials import CredentialKind, resolve
from pantheon.accounts.roles import ALL_SCOPES
from pantheon.base.errors import Problem


async def link_of(db, who):
    async with db.transaction(who.workspace_id) as conn:
        return await logins.create_login_token(conn, who)


async def test_a_link_signs_in_once(db, who):
    token = await link_of(db, who)
    cookie, signed_in = await logins.redeem(db, token)
    assert signed_in == who
    assert signed_in.scopes == ALL_SCOPES
    found = await resolve(db, CredentialKind.login, cookie)
    assert found is not None
    assert found.who == who
    with pytest.raises(Problem, match="pantheon open") as refused:
        await logins.redeem(db, token)
    assert refused.value.kind is logins.UNAUTHENTICATED


async def test_of_many_who_use_a_link_at_once_one_gets_in(db, who):
    token = await link_of(db, who)
    tries = await asyncio.gather(
        *(logins.redeem(db, token) for _ in range(8)), return_exceptions=True
    )
    assert sum(isinstance(result, tuple) for result in tries) == 1
    assert sum(isinstance(result, Problem) for result in tries) == 7


async def test_an_old_link_is_refused_and_cleared_away(db, who):
    token = await link_of(db, who)
    async with db.transaction(who.workspace_id) as conn:
        await conn.execute("UPDATE login_tokens SET expires_at = now() - interval '1 s'")
    with pytest.raises(Problem, match="unauthenticated"):
        await logins.redeem(db, token)
    await link_of(db, who)
    async with db.transaction(who.workspace_id) as conn:
        counted = await conn.execute("SELECT count(*) FROM login_tokens")
        assert await counted.fetchone() == (1,)


async def test_a_login_ends_by_request_and_by_age(db, who):
    async with db.transaction(who.workspace_id) as conn:
        ended, aged = [await logins.create_login(conn, who) for _ in range(2)]
    found = await resolve(db, CredentialKind.login, ended)
    assert found is not None
    async with db.transaction(who.workspace_id) as conn:
        await logins.end_login(conn, who, found.id)
    assert await resolve(db, CredentialKind.login, ended) is None
    assert await resolve(db, CredentialKind.login, aged) is not None
    async with db.transaction(who.workspace_id) as conn:
        await conn.execute("UPDATE logins SET expires_at = now() - interval '1 s'")
    assert await resolve(db, CredentialKind.login, aged) is None


async def test_neither_link_nor_cookie_is_stored_in_clear(db, who):
    token = await link_of(db, who)
    cookie, _ = await logins.redeem(db, token)
    async with db.transaction(who.workspace_id) as conn:
        rows = await conn.execute(
            "SELECT t::text FROM login_tokens t UNION ALL SELECT l::text FROM logins l"
        )
        stored = " ".join(row[0] for row in await rows.fetchall())
    for secret in (token, cookie):
        assert len(secret) == 43
        assert secret not in stored
        assert secret.encode().hex() not in stored
