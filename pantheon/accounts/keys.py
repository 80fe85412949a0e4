"""API keys: shown once, stored hashed, with scopes."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from pantheon.accounts import tokens
from pantheon.accounts.roles import ALL_SCOPES, FORBIDDEN, Who
from pantheon.base import cursors, ids
from pantheon.base.clock import rfc3339
from pantheon.base.errors import INVALID, NOT_FOUND
from pantheon.db.pool import Connection

LONGEST_NAME = 100


async def create_key(
    conn: Connection, who: Who, name: str, scopes: Collection[str]
) -> tuple[str, dict[str, Any]]:
    """Make an API key of `who`; return the key itself, which nobody can read again, and its row.

    Raises `validation_error`, and `forbidden` for a scope that `who` does not have.
    """
    _check(name, scopes)
    missing = sorted(set(scopes) - who.scopes)
    if missing:
        raise FORBIDDEN(f"A key cannot be given what its maker may not do: {', '.join(missing)}.")
    token = tokens.new(tokens.API_KEY_PREFIX)
    cursor = await conn.execute(
        """
        INSERT INTO api_keys (workspace_id, id, user_id, name, token_sha256, last4, scopes)
        VALUES (%s, %s, %s, %s, %s, %s, %s)
        RETURNING id, user_id, name, last4, scopes, created_at
        """,
        (
            who.workspace_id, ids.new(), who.user_id, name, tokens.digest(token), token[-4:],
            sorted(scopes),
        ),
    )  # fmt: skip
    return token, _shape(await cursor.fetchone())


async def list_keys(
    conn: Connection, who: Who, *, limit: int = 50, cursor: str | None = None
) -> dict[str, Any]:
    """Return a page of the workspace's keys that are not revoked, oldest first."""
    rows = await conn.execute(
        """
        SELECT id, user_id, name, last4, scopes, created_at FROM api_keys
        WHERE workspace_id = %(workspace)s AND revoked_at IS NULL
          AND (%(after)s::uuid IS NULL OR id > %(after)s)
        ORDER BY id LIMIT %(limit)s
        """,
        {"workspace": who.workspace_id, "after": cursors.row(cursor), "limit": limit + 1},
    )
    items = [_shape(row) for row in await rows.fetchall()]
    more = len(items) > limit
    items = items[:limit]
    return {"items": items, "next_cursor": cursors.encode(items[-1]["id"]) if more else None}


async def get_key(conn: Connection, who: Who, key_id: UUID) -> dict[str, Any]:
    """Return one key's row. Raises `not_found`, also where it is revoked."""
    rows = await conn.execute(
        """
        SELECT id, user_id, name, last4, scopes, created_at FROM api_keys
        WHERE workspace_id = %(workspace)s AND id = %(id)s AND revoked_at IS NULL
        """,
        {"workspace": who.workspace_id, "id": key_id},
    )
    row = await rows.fetchone()
    if row is None:
        raise NOT_FOUND(f"There is no API key {key_id}.")
    return _shape(row)


async def revoke_key(conn: Connection, who: Who, key_id: UUID) -> None:
    """Make a key worthless. Raises `not_found`, also where it is revoked already."""
    revoked = await conn.execute(
        """
        UPDATE api_keys SET revoked_at = now()
        WHERE workspace_id = %(workspace)s AND id = %(id)s AND revoked_at IS NULL
        """,
        {"workspace": who.workspace_id, "id": key_id},
    )
    if revoked.rowcount == 0:
        raise NOT_FOUND(f"There is no API key {key_id}.")


def _check(name: str, scopes: Collection[str]) -> None:
    if not name.strip() or len(name) > LONGEST_NAME:
        raise INVALID(f"A key's name has 1 to {LONGEST_NAME} characters.")
    wrong = sorted(set(scopes) - ALL_SCOPES)
    if wrong or not scopes:
        given = f"'{', '.join(wrong)}'" if wrong else "none"
        raise INVALID(f"A key's scopes are one or more of read, write, admin; given: {given}.")


def _shape(row: Any) -> dict[str, Any]:
    key_id, user_id, name, last4, scopes, created_at = row
    return {
        "id": str(key_id),
        "name": name,
        "scopes": scopes,
        "last4": last4,
        "user_id": str(user_id),
        "created_at": rfc3339(created_at),
    }
