"""`pantheon usage`: the sums that reports are read from, and a provider's invoice."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pantheon.cli.options import DataDir, Debug
from pantheon.cli.terminal import say, start_logging

if TYPE_CHECKING:
    from datetime import date

app = typer.Typer(no_args_is_help=True, help="Sums of usage, and a provider's invoice.")


@app.command()
def rebuild(data_dir: DataDir = None, debug: Debug = False) -> None:
    """Make the sums of usage anew from the ledger, also beside a running server.

    Reports stay exact meanwhile: what is not summed is read call by call.

    Example: pantheon usage rebuild
    """
    from pantheon.cli.workspace import open_workspace
    from pantheon.ops import usage

    start_logging(debug)

    async def run() -> None:
        async with open_workspace(data_dir) as workspace:
            await usage.rebuild(workspace.db, lambda name: say(f"'{name}' is summed."))

    asyncio.run(run())
    typer.echo("Every day that is over is summed.")


@app.command()
def invoice(
    provider: Annotated[str, typer.Argument(help="Whose it is, as models are named: 'openai'.")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The provider's CSV.")],
    since: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day, UTC.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day, UTC.")
    ] = None,
    data_dir: DataDir = None,
    debug: Debug = False,
) -> None:
    """Compare a provider's usage or cost file with the ledger of all workspaces; 1 on a drift.

    Example: pantheon usage invoice openai usage-2026-10.csv
    """
    from pantheon.cli.workspace import open_workspace
    from pantheon.ops import usage

    start_logging(debug)
    text = file.read_text("utf-8", "replace")

    async def run() -> dict[str, Any]:
        async with open_workspace(data_dir) as workspace:
            return await usage.check_invoice(workspace.db, provider, text, _day(since), _day(until))

    found = asyncio.run(run())
    for item in found["items"]:
        if not item["agrees"]:
            typer.echo(f"{item['day'] or 'in all':10}  {item['model']}: {_told(item['drift'])}")
    span = f"{found['from']} to {found['to']}, {len(found['items'])} models and days"
    if not found["agrees"]:
        typer.echo(f"The invoice says, beyond the ledger, {_told(found['drift'])} ({span}).")
        raise typer.Exit(1)
    typer.echo(f"Invoice and ledger agree: {span}.")


def _day(moment: datetime | None) -> "date | None":
    return None if moment is None else moment.date()


def _told(drift: dict[str, Any]) -> str:
    """Write a drift in words: `+120 input tokens, +0.25 US dollars`."""
    parts = []
    for name, value in drift.items():
        if value is None or not float(value):
            continue
        sign = "" if str(value).startswith("-") else "+"
        what = "US dollars" if name == "cost_usd" else name.replace("_", " ")
        parts.append(f"{sign}{value} {what}")
    return ", ".join(parts) or "nothing"
