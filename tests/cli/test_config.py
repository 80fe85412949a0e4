"""`pantheon config` shows every setting with its source, and no secret."""

from pathlib import Path

import pytest

from pantheon.base.settings import Settings
from tests.cli.commands import Commands


@pytest.fixture
def alone(tmp_path: Path) -> Commands:
    """Commands on a directory that is not there yet."""
    return Commands(tmp_path / "data")


def test_settings_with_their_sources(alone: Commands) -> None:
    """Nothing is made by looking."""
    result = alone.run("config", PANTHEON_PORT="9000", OPENAI_API_KEY="sk-canary-0123456789")
    assert result.code == 0, result.err
    for field in Settings.model_fields:
        assert f"PANTHEON_{field.upper()}" in result.out
    assert "9000  (environment)" in result.out
    assert f"{alone.data_dir}  (environment)" in result.out
    assert "provider demo: demo, no key (built in)" in result.out
    assert "canary" not in result.out + result.err
    assert not alone.data_dir.exists()


def test_settings_that_cannot_be_used(alone: Commands) -> None:
    """The same words as at the start."""
    result = alone.run("config", PANTHEON_LEASE_SECONDS="0")
    assert result.code == 1
    assert "PANTHEON_LEASE_SECONDS" in result.err
    assert "0.2" in result.err
