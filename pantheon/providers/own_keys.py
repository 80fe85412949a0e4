"""The provider keys that workspaces have entered: sealed in the database, opened by a key file.

A change has a new version, which statements that are made anyway bring along: so every process
takes it up with the next turn. A key that is replaced or removed leaves no ciphertext.
"""

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import structlog

from pantheon.accounts.roles import Who
from pantheon.base import crypto, ids
from pantheon.base.errors import NOT_FOUND, Problem
from pantheon.base.log import hide
from pantheon.db.pool import Connection
from pantheon.providers.registry import OwnKey, Providers

NOT_OPENED = (
    "Its key was sealed with another key file than this process has. Enter it again, or give all"
    " processes the same PANTHEON_KEY_FILE."
)

log = structlog.get_logger()


async def providers_of(
    conn: Connection, providers: Providers, workspace_id: UUID, version: int | None = None
) -> Providers:
    """Return the providers as a workspace has them, with the keys that it has entered.

    `version` is that of its keys where a statement has brought it along (`place`, `run`); nothing
    is read then, unless they have changed since this process has read them.
    """
    if version is None:
        version = await _version(conn, workspace_id)
    known = providers.of(workspace_id, version)
    if known is not None:
        return known
    keys = await load_keys(conn, workspace_id, providers.key_file)
    return providers.with_keys(workspace_id, version, keys)


async def load_keys(
    conn: Connection, workspace_id: UUID, key_file: Path | None
) -> Sequence[OwnKey]:
    """Return the keys that a workspace has entered. They are kept out of logs from here on."""
    cursor = await conn.execute(
        """
        SELECT id, provider, sealed FROM provider_keys
        WHERE workspace_id = %(workspace)s AND ended_at IS NULL ORDER BY provider
        """,
        {"workspace": workspace_id},
    )
    rows = await cursor.fetchall()
    if not rows:
        return ()
    try:
        file_key = crypto.read_key(key_file) if key_file is not None else None
        trouble = NOT_OPENED if file_key is None else None
    except Problem as problem:
        file_key, trouble = None, problem.detail
    return [
        _opened(file_key, trouble, workspace_id, key_id, provider, bytes(sealed))
        for key_id, provider, sealed in rows
    ]


async def store_key(
    conn: Connection, who: Who, key_file: Path, provider: str, api_key: str
) -> None:
    """Seal a key and store it for the workspace, in place of the one it had for this provider.

    Raises `key_file_unusable`.
    """
    hide(api_key)
    key_id = ids.new()
    sealed = crypto.seal(
        crypto.ensure_key(key_file), api_key, *_place(who.workspace_id, provider, key_id)
    )
    await _end(conn, who, provider)
    await conn.execute(
        """
        INSERT INTO provider_keys (workspace_id, id, provider, user_id, sealed)
        VALUES (%s, %s, %s, %s, %s)
        """,
        (who.workspace_id, key_id, provider, who.user_id, sealed),
    )


async def remove_key(conn: Connection, who: Who, provider: str) -> None:
    """Forget the workspace's own key for a provider. Raises `not_found` where there is none."""
    if not await _end(conn, who, provider):
        raise NOT_FOUND(
            f"No key was entered here for '{provider}'. One of the operator's is removed where it"
            " was set: in the environment or the settings."
        )


async def _end(conn: Connection, who: Who, provider: str) -> bool:
    # Two at once: the row of the workspace decides who comes first.
    await conn.execute(
        "SELECT FROM workspaces WHERE id = %(workspace)s FOR NO KEY UPDATE",
        {"workspace": who.workspace_id},
    )
    ended = await conn.execute(
        """
        UPDATE provider_keys SET ended_at = clock_timestamp(), sealed = NULL
        WHERE workspace_id = %(workspace)s AND provider = %(provider)s AND ended_at IS NULL
        """,
        {"workspace": who.workspace_id, "provider": provider},
    )
    return ended.rowcount == 1


async def _version(conn: Connection, workspace_id: UUID) -> int:
    cursor = await conn.execute(
        """
        SELECT count(*) + count(ended_at) FROM provider_keys
        WHERE workspace_id = %(workspace)s
        """,
        {"workspace": workspace_id},
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


def _opened(
    file_key: bytes | None,
    trouble: str | None,
    workspace_id: UUID,
    key_id: UUID,
    provider: str,
    sealed: bytes,
) -> OwnKey:
    if file_key is not None:
        try:
            api_key = crypto.unseal(file_key, sealed, *_place(workspace_id, provider, key_id))
        except crypto.SealBroken as error:
            log.warning("a provider key cannot be opened", provider=provider, why=str(error))
            trouble = NOT_OPENED
        else:
            hide(api_key)
            return OwnKey(key_id, provider, api_key)
    return OwnKey(key_id, provider, None, trouble)


def _place(workspace_id: UUID, provider: str, key_id: UUID) -> tuple[str, ...]:
    """Return what a sealed key is bound to: it opens nowhere else."""
    return str(workspace_id), provider, str(key_id)
