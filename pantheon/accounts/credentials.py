"""Credentials: a cookie or a key becomes the user behind it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from pantheon.accounts import tokens
from pantheon.accounts.roles import Who, allowed
from pantheon.db.pool import Database

LONGEST_TOKEN = 200
REMEMBERED_SECONDS = 1.0
REMEMBERED_COUNT = 10_000


class CredentialKind(StrEnum):
    """What a token is: an API key, a signed-in browser's cookie, or a login link."""

    api_key = "api_key"
    login = "login"
    login_link = "login_token"


@dataclass(frozen=True, slots=True)
class Resolved:
    """A valid credential: its user, and its own row."""

    who: Who
    id: UUID


async def resolve(db: Database, kind: CredentialKind, token: str) -> Resolved | None:
    """Return whom a token stands for, or `None` where it is unknown, revoked, used or too old."""
    if len(token) > LONGEST_TOKEN:
        return None
    async with db.transaction(None) as conn:
        cursor = await conn.execute(
            """
            SELECT workspace_id, user_id, role, scopes, credential_id
            FROM resolve_credential(%(kind)s, %(sha256)s)
            """,
            {"kind": kind, "sha256": tokens.digest(token)},
        )
        row = await cursor.fetchone()
    if row is None:
        return None
    workspace_id, user_id, role, scopes, credential_id = row
    return Resolved(Who(workspace_id, user_id, role, allowed(role, scopes)), credential_id)


class Credentials:
    """Credentials of requests, remembered for a second: a client's next request comes at once."""

    def __init__(self, db: Database, clock: Callable[[], float] = time.monotonic) -> None:
        """Resolve by `db`; `clock` counts seconds."""
        self._db = db
        self._clock = clock
        self._known: dict[tuple[CredentialKind, bytes], tuple[float, Resolved]] = {}

    async def resolve(self, kind: CredentialKind, token: str) -> Resolved | None:
        """As `resolve` does, or from memory: what was revoked elsewhere is refused after 1 s."""
        key = (kind, tokens.digest(token))
        now = self._clock()
        known = self._known.get(key)
        if known is not None and known[0] > now:
            return known[1]
        found = await resolve(self._db, kind, token)
        if found is None:
            self._known.pop(key, None)
            return None
        if len(self._known) >= REMEMBERED_COUNT:
            self._known.clear()
        # From before the question: the answer may be as old as that.
        self._known[key] = (now + REMEMBERED_SECONDS, found)
        return found

    def forget(self) -> None:
        """Ask the database again for everything: a credential was revoked by this process."""
        self._known.clear()
