"""`pantheon doctor`: what is broken, and what to do about it."""

import asyncio
from typing import TYPE_CHECKING

import typer

from pantheon.base.errors import Problem
from pantheon.cli.options import DataDir, Debug
from pantheon.cli.terminal import start_logging

if TYPE_CHECKING:
    from pantheon.ops.doctor import Finding

MARKS = {"fine": ("✓", "green"), "note": ("!", "yellow"), "broken": ("✗", "red")}


def doctor(data_dir: DataDir = None, debug: Debug = False) -> None:
    """Check settings, database, schema, checkpoints, clock, and every model by one tiny call.

    Exits with 1 when something is broken.

    Example: pantheon doctor
    """
    from pantheon.ops.doctor import Finding, Verdict, examine
    from pantheon.ops.load_settings import load_settings

    start_logging(debug)
    broken = 0

    def tell(finding: "Finding") -> None:
        nonlocal broken
        broken += finding.verdict == Verdict.broken
        mark, color = MARKS[finding.verdict]
        first, *more = finding.detail.splitlines()
        typer.echo(f"{typer.style(mark, fg=color)} {finding.part}: {first}")
        for line in more:
            typer.echo(f"    {line}")

    try:
        settings = load_settings(data_dir=data_dir)
    except Problem as problem:
        tell(Finding("settings", Verdict.broken, problem.detail))
    else:
        tell(Finding("settings", Verdict.fine, "'pantheon config' shows them"))
        asyncio.run(examine(settings, tell))
    if broken:
        parts = "part is" if broken == 1 else "parts are"
        typer.echo(f"{broken} {parts} broken.")
        raise typer.Exit(1)
    typer.echo("Everything that is needed works.")
