"""`pantheon doctor` exits with 0 when all is well and with 1 when something is broken."""

import json

from tests.cli.commands import Commands

PARTS = (
    "settings", "data directory", "database", "schema", "checkpointer", "clock", "provider demo",
    "provider lab", "model lab/ok", "model demo/analyst",
)  # fmt: skip


def test_what_works(commands: Commands) -> None:
    """Each part has its line, each model was asked."""
    result = commands.run("doctor")
    assert result.code == 0, result.out + result.err
    for part in PARTS:
        assert f"✓ {part}: " in result.out
    assert result.out.endswith("Everything that is needed works.\n")


def test_what_is_broken(commands: Commands) -> None:
    """A model that refuses, a database that is away, settings that do not parse."""
    lab = json.loads(commands.environment["PANTHEON_PROVIDERS"])
    lab["lab"]["api_key"] = "wrong-key"
    refused = commands.run("doctor", PANTHEON_PROVIDERS=json.dumps(lab))
    assert refused.code == 1
    assert "✗ model lab/ok: " in refused.out
    assert refused.out.endswith("1 part is broken.\n")

    away = commands.run("doctor", PANTHEON_DATABASE_URL="postgresql://x@127.0.0.1:9/x")
    assert away.code == 1
    assert "✗ database: " in away.out
    assert "PANTHEON_DATABASE_URL" in away.out

    wrong = commands.run("doctor", PANTHEON_PORT="http")
    assert wrong.code == 1
    assert "✗ settings: PANTHEON_PORT: " in wrong.out
