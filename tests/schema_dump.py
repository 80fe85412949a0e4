"""The schema at head as one file: `python -m tests.schema_dump` writes docs/schema.sql."""

import asyncio
import re
import subprocess
import tempfile
from pathlib import Path

from pantheon.db import migrate
from pantheon.ops.embedded import embedded
from pantheon.ops.pg_binaries import find_binaries

PATH = Path(__file__).parents[1] / "docs" / "schema.sql"

HEADER = """\
-- The data model at head, written by `make schema` from the revisions in
-- pantheon/db/migrations/. A table's comment begins with the room that owns it.

"""


def dump(admin_url: str) -> str:
    """Return a database's schema as SQL, without what differs from dump to dump."""
    program = find_binaries(None, None, Path()).program("pg_dump")
    done = subprocess.run(
        [program, "--schema-only", "--no-owner", "--dbname", admin_url],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    kept = [
        line
        for line in done.stdout.splitlines()
        # Comments, settings of the session, and the random key of \\restrict.
        if not line.startswith(("--", "SET ", "SELECT pg_catalog.set_config", "\\"))
    ]
    return HEADER + re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip() + "\n"


async def _of_a_fresh_cluster(folder: Path) -> str:
    async with embedded(folder, sync=False) as server:
        await asyncio.to_thread(migrate.upgrade, server.admin_url, server.login_role)
        return await asyncio.to_thread(dump, server.admin_url)


def main() -> None:
    """Write the file."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o711)  # PostgreSQL's user has to pass, when it is another.
        PATH.write_text(asyncio.run(_of_a_fresh_cluster(Path(name) / "postgres")), "utf-8")


if __name__ == "__main__":
    main()
