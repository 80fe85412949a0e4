"""What commands share: the data directory's server, its database at head, its local owner."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pantheon.accounts import logins
from pantheon.accounts.roles import Who
from pantheon.base.settings import Settings
from pantheon.db.pool import Database
from pantheon.ops import schema, server_file
from pantheon.ops.embedded import database
from pantheon.ops.load_settings import load_settings
from pantheon.ops.owner import ensure_owner
from pantheon.ops.server_file import RunningServer


@dataclass(frozen=True, slots=True)
class Workspace:
    """A database that can be worked on, as its local owner."""

    settings: Settings
    db: Database
    who: Who


@asynccontextmanager
async def open_workspace(data_dir: Path | None) -> AsyncIterator[Workspace]:
    """Open the database of the settings, beside a running server or alone.

    Raises what settings and database raise, and `schema_behind` for a named server's old schema.
    """
    settings = load_settings(data_dir=data_dir)
    async with database(settings) as server:
        await (schema.bring_to_head if server.embedded else schema.check_head)(server)
        db = Database(server.url, size=2)
        await db.open()
        try:
            yield Workspace(settings, db, await ensure_owner(db, settings.billing))
        finally:
            await db.close()


def running_server(data_dir: Path | None) -> RunningServer:
    """Return the data directory's server. Raises `no_server` where none runs."""
    return server_file.find(load_settings(data_dir=data_dir).data_dir)


async def sign_in(data_dir: Path | None) -> str:
    """Sign in as the local owner, by the database; return the `Cookie` header to send."""
    async with (
        open_workspace(data_dir) as workspace,
        workspace.db.transaction(workspace.who.workspace_id) as conn,
    ):
        cookie = await logins.create_login(conn, workspace.who)
    return f"{logins.SESSION_COOKIE}={cookie}"


async def login_link(db: Database, who: Who, base_url: str) -> str:
    """Return a link that signs the owner in, once, within ten minutes."""
    async with db.transaction(who.workspace_id) as conn:
        token = await logins.create_login_token(conn, who)
    return f"{base_url.rstrip('/')}/login#{token}"
