"""Logins: a link that works once becomes a signed-in browser."""

from datetime import timedelta
from uuid import UUID

from pantheon.accounts import tokens
from pantheon.accounts.credentials import CredentialKind, resolve
from pantheon.accounts.roles import ALL_SCOPES, Who, allowed
from pantheon.base import ids
from pantheon.base.errors import Problem, ProblemType
from pantheon.db.pool import Connection, Database

UNAUTHENTICATED = ProblemType("unauthenticated", 401, "Not signed in")

TOKEN_LIFE = timedelta(minutes=10)
LOGIN_LIFE = timedelta(days=30)
SESSION_COOKIE = "pantheon_session"


async def create_login_token(conn: Connection, who: Who) -> str:
    """Return a token for a login link of `who`; it works once, within ten minutes."""
    await conn.execute(
        "DELETE FROM login_tokens WHERE workspace_id = %s AND expires_at < now()",
        (who.workspace_id,),
    )
    token = tokens.new()
    await conn.execute(
        """
        INSERT INTO login_tokens (workspace_id, id, user_id, token_sha256, expires_at)
        VALUES (%s, %s, %s, %s, now() + %s)
        """,
        (who.workspace_id, ids.new(), who.user_id, tokens.digest(token), TOKEN_LIFE),
    )
    return token


async def create_login(conn: Connection, who: Who) -> str:
    """Sign `who` in; return the cookie's value, which is good for thirty days."""
    await conn.execute(
        "DELETE FROM logins WHERE workspace_id = %s AND expires_at < now()", (who.workspace_id,)
    )
    cookie = tokens.new()
    await conn.execute(
        """
        INSERT INTO logins (workspace_id, id, user_id, token_sha256, expires_at)
        VALUES (%s, %s, %s, %s, now() + %s)
        """,
        (who.workspace_id, ids.new(), who.user_id, tokens.digest(cookie), LOGIN_LIFE),
    )
    return cookie


async def redeem(db: Database, token: str) -> tuple[str, Who]:
    """Use a login link's token up; return the cookie's value and who is signed in by it.

    Raises `unauthenticated` for a token that is unknown, used or too old.
    """
    found = await resolve(db, CredentialKind.login_link, token)
    if found is None:
        raise _spent()
    async with db.transaction(found.who.workspace_id) as conn:
        used = await conn.execute(
            """
            UPDATE login_tokens SET used_at = now()
            WHERE workspace_id = %(workspace)s AND id = %(id)s AND used_at IS NULL
            """,
            {"workspace": found.who.workspace_id, "id": found.id},
        )
        if used.rowcount == 0:
            raise _spent()
        who = found.who
        who = Who(who.workspace_id, who.user_id, who.role, allowed(who.role, ALL_SCOPES))
        return await create_login(conn, who), who


async def end_login(conn: Connection, who: Who, login_id: UUID) -> None:
    """Sign a browser out: its cookie is worth nothing any more."""
    await conn.execute(
        "DELETE FROM logins WHERE workspace_id = %(workspace)s AND id = %(id)s",
        {"workspace": who.workspace_id, "id": login_id},
    )


def _spent() -> Problem:
    return UNAUTHENTICATED(
        "This login link is unknown, was used already, or is older than ten minutes."
        " Run 'pantheon open' for a fresh one."
    )
