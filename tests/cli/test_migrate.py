"""`pantheon migrate` on a named database; who needs it is told."""

from dataclasses import replace

from pantheon.db.migrate import HEAD
from pantheon.ops.embedded import Server
from tests.cli.commands import Commands


def test_an_empty_database_is_brought_to_head(commands: Commands, empty_server: Server) -> None:
    """Before that other commands say which one is missing."""
    there = replace(
        commands,
        environment=commands.environment | {"PANTHEON_DATABASE_URL": empty_server.admin_url},
    )
    behind = there.run("key", "list")
    assert behind.code == 1
    assert "Run 'pantheon migrate'." in behind.err
    for _ in range(2):
        migrated = there.run("migrate")
        assert migrated.code == 0, migrated.err
        assert migrated.err == f"The schema is at revision {HEAD}.\n"
    assert there.run("key", "list").code == 0
