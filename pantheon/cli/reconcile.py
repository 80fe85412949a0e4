"""`pantheon reconcile`: the books against themselves."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pantheon.cli.options import DataDir, Debug
from pantheon.cli.terminal import start_logging

if TYPE_CHECKING:
    from pantheon.ops.reconcile import Finding


def reconcile(
    metrics: Annotated[
        Path | None, typer.Option(help="Also write the figures to this file, for Prometheus.")
    ] = None,
    data_dir: DataDir = None,
    debug: Debug = False,
) -> None:
    """Check every invariant of turns, events and ledger; exits with 1 when one is broken.

    Changes nothing, and reads whole tables: hourly is often enough. For a named database its URL
    has to be the schema owner's.

    Example: pantheon reconcile --metrics /var/lib/node_exporter/pantheon.prom
    """
    from pantheon.ops import reconcile as books
    from pantheon.ops.embedded import database
    from pantheon.ops.load_settings import load_settings
    from pantheon.ops.schema import check_head

    start_logging(debug)

    async def check() -> "list[Finding]":
        async with database(load_settings(data_dir=data_dir)) as server:
            await check_head(server)
            return await books.reconcile(server.admin_url)

    findings, drift = asyncio.run(check()), 0
    for finding in findings:
        drift += finding.drift
        mark, color = ("✗", "red") if finding.drift else ("✓", "green")
        typer.echo(f"{typer.style(mark, fg=color)} {finding.check.id}: {finding.check.says}")
        for row in finding.rows:
            typer.echo(f"    {row}")
        if finding.drift > len(finding.rows):
            typer.echo(f"    and {finding.drift - len(finding.rows)} more")
    if metrics is not None:
        books.write_metrics(findings, metrics)
    if drift:
        typer.echo(f"{drift} rows break an invariant.")
        raise typer.Exit(1)
    typer.echo("Every invariant holds.")
