"""`pantheon migrate`: bring the schema to this version's."""

import asyncio

from pantheon.cli.options import DataDir, Debug
from pantheon.cli.terminal import say, start_logging


def migrate(data_dir: DataDir = None, debug: Debug = False) -> None:
    """Bring the database's schema to this version's; safe from many processes at once.

    Example: PANTHEON_DATABASE_URL=postgresql://user:password@host/pantheon pantheon migrate
    """
    from pantheon.db.migrate import HEAD
    from pantheon.ops.embedded import database
    from pantheon.ops.load_settings import load_settings
    from pantheon.ops.schema import bring_to_head

    start_logging(debug)

    async def run() -> None:
        async with database(load_settings(data_dir=data_dir)) as server:
            await bring_to_head(server)

    asyncio.run(run())
    say(f"The schema is at revision {HEAD}.")
