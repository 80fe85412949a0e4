"""`pantheon key`: API keys for programs that speak HTTP with Pantheon."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from uuid import UUID

import typer

from pantheon.base.errors import INVALID
from pantheon.cli.options import DataDir, Debug
from pantheon.cli.terminal import say, start_logging

if TYPE_CHECKING:
    from pantheon.accounts.roles import Who
    from pantheon.db.pool import Connection

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True, help="Create, list and revoke API keys.")


@app.command()
def create(
    name: Annotated[str, typer.Option("--name", help="What the key is for.")],
    scope: Annotated[
        list[str],
        typer.Option(help="What it may do: read, write, admin; with commas, or given again."),
    ] = ["read,write"],  # noqa: B006 - typer reads it
    data_dir: DataDir = None,
    debug: Debug = False,
) -> None:
    """Make an API key. It is printed once, alone on the standard output, and stored hashed.

    Example: KEY=$(pantheon key create --name ci --scope read)
    """
    from pantheon.accounts.keys import create_key

    start_logging(debug)
    scopes = [part.strip() for given in scope for part in given.split(",") if part.strip()]
    shown_once, row = _as_owner(
        data_dir, lambda conn, who: create_key(conn, who, name, set(scopes))
    )
    say(f"The key '{row['name']}' may {' and '.join(row['scopes'])}. It is shown this once:")
    typer.echo(shown_once)


@app.command("list")
def list_all(data_dir: DataDir = None, debug: Debug = False) -> None:
    """List the keys that work: id, scopes, last four characters, day, name.

    Example: pantheon key list
    """
    from pantheon.accounts.keys import list_keys

    start_logging(debug)

    async def read(conn: "Connection", who: "Who") -> list[dict[str, Any]]:
        page = await list_keys(conn, who, limit=200)
        items = list(page["items"])
        while page["next_cursor"]:
            page = await list_keys(conn, who, limit=200, cursor=page["next_cursor"])
            items += page["items"]
        return items

    for row in _as_owner(data_dir, read):
        day = row["created_at"][:10]
        typer.echo(f"{row['id']}  {','.join(row['scopes'])}  …{row['last4']}  {day}  {row['name']}")


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="As 'pantheon key list' shows it.")],
    data_dir: DataDir = None,
    debug: Debug = False,
) -> None:
    """Make a key worthless, at once and for ever.

    Example: pantheon key revoke 0197c0de-0000-7000-8000-000000000000
    """
    from pantheon.accounts.keys import revoke_key

    start_logging(debug)
    try:
        wanted = UUID(key_id)
    except ValueError as error:
        raise INVALID(f"'{key_id}' is not the id of a key. See 'pantheon key list'.") from error
    _as_owner(data_dir, lambda conn, who: revoke_key(conn, who, wanted))
    say(f"The key {wanted} is revoked.")


def _as_owner(data_dir: Path | None, work: Callable[["Connection", "Who"], Awaitable[T]]) -> T:
    """Do `work` in one transaction, as the data directory's owner."""
    from pantheon.cli.workspace import open_workspace

    async def run() -> T:
        async with (
            open_workspace(data_dir) as workspace,
            workspace.db.transaction(workspace.who.workspace_id) as conn,
        ):
            return await work(conn, workspace.who)

    return asyncio.run(run())
