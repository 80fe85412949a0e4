"""Where a setting comes from, and that no secret is shown."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from pantheon.base.settings import ProviderSetting, Settings
from pantheon.ops.effective import effective, masked, secrets_of

KEY = "sk-canary-0123456789"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No `.env` of the checkout takes part."""
    monkeypatch.chdir(tmp_path)


def test_each_setting_names_its_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The source that wins is named."""
    (tmp_path / "pantheon.toml").write_text("port = 1\nhost = '::1'\ngrace_seconds = 3\n")
    (tmp_path / ".env").write_text("PANTHEON_PORT=2\nPANTHEON_HOST=localhost\n")
    monkeypatch.setenv("PANTHEON_PORT", "3")
    rows = {row.name: row for row in effective(Settings(data_dir=tmp_path), {"data_dir": tmp_path})}
    found = {name: (row.value, row.source) for name, row in rows.items()}
    assert found["PANTHEON_DATA_DIR"] == (str(tmp_path), "command line")
    assert found["PANTHEON_PORT"] == ("3", "environment")
    assert found["PANTHEON_HOST"] == ("localhost", ".env")
    assert found["PANTHEON_GRACE_SECONDS"] == ("3.0", "pantheon.toml")
    assert found["PANTHEON_LEASE_SECONDS"] == ("30.0", "default")
    assert found["PANTHEON_DATABASE_URL"] == ("–", "default")


def test_secrets_are_masked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys, passwords in addresses: the last four characters at most."""
    monkeypatch.setenv("PANTHEON_DATABASE_URL", "postgresql://me:pw-canary@db/x")
    monkeypatch.setenv(
        "PANTHEON_PROVIDERS", f'{{"lab": {{"base_url": "http://u:canary@x", "api_key": "{KEY}"}}}}'
    )
    (tmp_path / "pantheon.toml").write_text(
        "[providers.other]\nbase_url = 'http://y'\napi_key = 'short'\n"
    )
    rows = {row.name: row for row in effective(Settings(data_dir=tmp_path), {})}
    text = "\n".join(row.value for row in rows.values())
    assert "canary" not in text
    assert "short" not in text
    assert "••••6789" in rows["PANTHEON_PROVIDERS › lab"].value
    assert rows["PANTHEON_PROVIDERS › lab"].source == "environment"
    assert rows["PANTHEON_PROVIDERS › other"].source == "pantheon.toml"


def test_secrets_are_known(tmp_path: Path) -> None:
    """What logs have to hide: the settings' own secrets and those of the environment."""
    settings = Settings(
        data_dir=tmp_path,
        database_url="postgresql://me:pw-canary@db/x",
        providers={"lab": ProviderSetting(base_url="http://x", api_key=SecretStr(KEY))},
    )
    environment = {"OPENAI_API_KEY": "sk-other", "PATH": "/bin", "EMPTY_TOKEN": ""}
    assert secrets_of(settings, environment) == {KEY, "pw-canary", "sk-other"}


def test_a_database_url_that_cannot_be_read_is_no_obstacle(tmp_path: Path) -> None:
    """Whoever connects says what is wrong with it."""
    assert secrets_of(Settings(data_dir=tmp_path, database_url="oops ="), {}) == set()


def test_short_secrets_show_nothing() -> None:
    """Four of five characters would be most of it."""
    assert masked("short") == "••••"
    assert masked(KEY) == "••••6789"
