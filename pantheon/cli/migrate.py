"""`pantheon migrate`: bring the schema to this version's."""

import asyncio

from pantheon.cli.options import DataDir, Debug
from pantheon.cli.terminal import say, start_logging


def migrate(data_dir: DataDir = None, debug: Debug = False) -> None:
    """Bring the database's schema to this version's; safe from many processes at once.

    Example: PANTHEON_DATABASE_URL=postgresql://user:password@host/pantheon pantheon migrate
    """
    from pantheon.db import migrate as migrations
    from pantheon.ops.embedded import database
    from pantheon.ops.runtime import load_settings

    start_logging(debug)

    async def bring_to_head() -> None:
        async with database(load_settings(data_dir=data_dir)) as server:
            await asyncio.to_thread(migrations.upgrade, server.admin_url, server.login_role)

    asyncio.run(bring_to_head())
    say(f"The schema is at revision {migrations.HEAD}.")
