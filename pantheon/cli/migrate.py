"""`pantheon migrate`: bring the schema to this version's."""

import asyncio

from pantheon.cli.options import DataDir, Debug
from pantheon.cli.terminal import say, start_logging


def migrate(data_dir: DataDir = None, debug: Debug = False) -> None:
    """Bring the database's schema to this version's; safe from many processes at once.

    Also mends the checkpointer's tables where they are damaged.

    Example: PANTHEON_DATABASE_URL=postgresql://user:password@host/pantheon pantheon migrate
    """
    from psycopg.errors import InsufficientPrivilege

    from pantheon.db.migrate import HEAD
    from pantheon.db.migrations.checkpointer import mend
    from pantheon.ops.embedded import database
    from pantheon.ops.load_settings import load_settings
    from pantheon.ops.schema import bring_to_head
    from pantheon.turns.checkpoints import Saver

    start_logging(debug)

    async def run() -> bool:
        async with database(load_settings(data_dir=data_dir)) as server:
            await bring_to_head(server)
            try:
                return await asyncio.to_thread(mend, server.admin_url, Saver.MIGRATIONS)
            except InsufficientPrivilege:
                # The schema is somebody else's, at head: so much was seen.
                return False

    if asyncio.run(run()):
        say("The checkpointer's tables were damaged; they are made anew.")
    say(f"The schema is at revision {HEAD}.")
