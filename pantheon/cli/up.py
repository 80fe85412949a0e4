"""`pantheon up`: the whole product in one process."""

from typing import Annotated

import typer

from pantheon.cli.options import DataDir, Debug, Host, Port
from pantheon.cli.terminal import begin_service, say


def up(
    host: Host = None,
    port: Port = None,
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open the browser.")] = False,
    data_dir: DataDir = None,
    debug: Debug = False,
) -> None:
    """Start everything in one process: database, API, worker and page.

    Prints one link that signs you in, and opens it in the browser. Ctrl-C stops everything.

    Example: pantheon up --port 9000 --no-open
    """
    settings = begin_service(debug, host=host, port=port, data_dir=data_dir)
    say("Starting Pantheon …")
    # Imported once the person knows that something happens: it takes a second.
    from pantheon.cli.processes import run_up
    from pantheon.cli.serve import run

    raise typer.Exit(run(run_up(settings, open_browser=not no_open)))
