"""`pantheon open`: a fresh login link for the page."""

import asyncio
import webbrowser
from typing import Annotated

import typer

from pantheon.cli.options import DataDir, Debug
from pantheon.cli.terminal import has_browser, start_logging


def open_page(
    no_open: Annotated[bool, typer.Option("--no-open", help="Only print the link.")] = False,
    data_dir: DataDir = None,
    debug: Debug = False,
) -> None:
    """Print a fresh link that signs you in, once, within ten minutes, and open it.

    Example: pantheon open
    """
    from pantheon.cli.workspace import login_link, open_workspace, running_server
    from pantheon.ops.load_settings import load_settings

    start_logging(debug)

    async def make_link() -> str:
        base = load_settings(data_dir=data_dir).public_url or running_server(data_dir).url
        async with open_workspace(data_dir) as workspace:
            return await login_link(workspace.db, workspace.who, base)

    link = asyncio.run(make_link())
    typer.echo(link)
    if not no_open and has_browser():
        webbrowser.open(link)
