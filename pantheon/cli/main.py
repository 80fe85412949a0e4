"""The `pantheon` command: a line for each command, and how errors are told."""

import asyncio
import sys
from importlib.metadata import version
from typing import Annotated, Any, cast

import typer
from typer.core import TyperGroup

from pantheon.cli import key, usage
from pantheon.cli.api import api
from pantheon.cli.ask import ask
from pantheon.cli.config import config
from pantheon.cli.demo import demo
from pantheon.cli.doctor import doctor
from pantheon.cli.migrate import migrate
from pantheon.cli.open import open_page
from pantheon.cli.options import DataDir, Debug
from pantheon.cli.purge import purge
from pantheon.cli.reconcile import reconcile
from pantheon.cli.terminal import explain, say
from pantheon.cli.up import up
from pantheon.cli.worker import worker

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(up)
app.command("open")(open_page)
app.command()(ask)
app.command()(demo)
app.command()(doctor)
app.command()(reconcile)
app.command()(purge)
app.command()(config)
app.add_typer(key.app, name="key")
app.add_typer(usage.app, name="usage")
app.command()(api)
app.command()(worker)
app.command()(migrate)

NESTED = ("create", "list", "revoke", "rebuild", "invoice")
"""The commands of groups: options that stand before the group reach them too."""

CUT_SHORT = 130


def main() -> None:
    """Run the command line; ends the process. Errors are told in words, with --debug in full."""
    try:
        app()
    except asyncio.CancelledError:
        # Ctrl-C where a time limit was about to end the same call: asyncio takes it for the other.
        sys.exit(CUT_SHORT)
    except Exception as error:
        if "--debug" in sys.argv[1:]:
            raise
        say(explain(error))
        sys.exit(1)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"pantheon {version('pantheon')}")
        raise typer.Exit


@app.callback()
def options_of_all(
    ctx: typer.Context,
    data_dir: DataDir = None,
    debug: Debug = False,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """A room of AI agents that answer together.

    'pantheon up' starts everything; 'pantheon COMMAND --help' explains a command.
    """
    given: dict[str, Any] = {"data_dir": data_dir, "debug": debug}
    commands = given | dict.fromkeys(NESTED, given)
    ctx.default_map = dict.fromkeys(cast(TyperGroup, ctx.command).commands, commands)
