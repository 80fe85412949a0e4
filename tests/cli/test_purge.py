"""`pantheon purge`: first it counts, then it does."""

from dataclasses import replace

from pantheon.ops.embedded import Server
from tests.cli.commands import Commands


def test_it_counts_and_says_how_to_go_on(commands: Commands, server: Server) -> None:
    there = replace(
        commands,
        environment=commands.environment | {"PANTHEON_DATABASE_URL": server.admin_url},
    )
    dry = there.run("purge", "--days", "30")
    assert dry.code == 0, dry.err
    assert dry.out == (
        "Would purge 0 messages (0 characters) of 0 sessions; the ledger keeps 0 calls,"
        " 0 US dollars. Do it with --really.\n"
    )
    done = there.run("purge", "--days", "30", "--really")
    assert done.out.startswith("Purged 0 messages")
    assert there.run("purge", "--days", "0").code == 2
