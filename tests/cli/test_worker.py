"""`pantheon worker` refuses a database that it cannot work on."""

from dataclasses import replace

from pantheon.ops.embedded import Server
from tests.cli.commands import Commands


def test_a_schema_that_is_behind(alone: Commands, empty_server: Server) -> None:
    """It does not wait: it says which command is missing."""
    environment = alone.environment | {"PANTHEON_DATABASE_URL": empty_server.admin_url}
    result = replace(alone, environment=environment).run("worker")
    assert result.code == 1
    assert "Run 'pantheon migrate'." in result.err
    assert result.out == ""
