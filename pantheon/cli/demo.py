"""`pantheon demo`: an example to begin with."""

import asyncio
from os import environ

from pantheon.cli.options import DataDir, Debug
from pantheon.cli.terminal import say, start_logging


def demo(data_dir: DataDir = None, debug: Debug = False) -> None:
    """Make an example: three agents and a room in which they answer one after another.

    What is there already stays as it is.

    Example: pantheon demo
    """
    from pantheon.cli.workspace import open_workspace
    from pantheon.ops.demo import Example, describe, make_example
    from pantheon.providers.configure import open_providers

    start_logging(debug)

    async def make() -> Example:
        async with open_workspace(data_dir) as workspace:
            providers = open_providers(workspace.settings, environ)
            try:
                async with workspace.db.transaction(workspace.who.workspace_id) as conn:
                    return await make_example(conn, workspace.who, providers)
            finally:
                await providers.aclose()

    say(describe(asyncio.run(make())))
