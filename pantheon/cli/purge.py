"""`pantheon purge`: take the texts out of old sessions; what they cost stays."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from pantheon.cli.options import DataDir, Debug
from pantheon.cli.terminal import start_logging

if TYPE_CHECKING:
    from pantheon.ops.retention import Purged


def purge(
    days: Annotated[
        int, typer.Option("--days", min=1, help="Sessions without a turn for so many days.")
    ],
    really: Annotated[
        bool, typer.Option("--really", help="Do it; without this it only counts.")
    ] = False,
    data_dir: DataDir = None,
    debug: Debug = False,
) -> None:
    """Purge what was said in old sessions; the ledger keeps what it cost. First a dry run.

    Messages, summaries, decisions and events lose their texts for good. For a named database its
    URL has to be the schema owner's.

    Example: pantheon purge --days 365
    """
    from pantheon.ops import retention
    from pantheon.ops.embedded import database
    from pantheon.ops.load_settings import load_settings
    from pantheon.ops.schema import check_head

    start_logging(debug)

    async def run() -> "Purged":
        async with database(load_settings(data_dir=data_dir)) as server:
            await check_head(server)
            return await retention.purge(server.admin_url, days, really=really)

    done = asyncio.run(run())
    what = f"{done.messages} messages ({done.characters} characters) of {done.sessions} sessions"
    totals = f"{done.totals.calls} calls, {done.totals.cost_usd.normalize():f} US dollars"
    if really:
        typer.echo(f"Purged {what}. The ledger is as it was: {totals}.")
    else:
        typer.echo(f"Would purge {what}; the ledger keeps {totals}. Do it with --really.")
