"""Tests of `pantheon.base.settings`."""

import os
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from pantheon.base.settings import ProviderSetting, Settings, default_data_dir


@pytest.fixture(autouse=True)
def _bare(tmp_path, monkeypatch):
    """Neither this shell's settings nor the checkout's `.env` take part."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("PANTHEON_")]:
        monkeypatch.delenv(name)


def test_each_place_wins_over_the_next(tmp_path, monkeypatch):
    data = tmp_path / "data"
    data.mkdir()
    ports = []
    (data / "pantheon.toml").write_text("port = 1004\nhost = '::1'\n")
    ports.append(Settings(data_dir=data))
    (tmp_path / ".env").write_text("PANTHEON_PORT=1003\n")
    ports.append(Settings(data_dir=data))
    monkeypatch.setenv("PANTHEON_PORT", "1002")
    ports.append(Settings(data_dir=data))
    ports.append(Settings(data_dir=data, port=1001))
    assert [settings.port for settings in ports] == [1004, 1003, 1002, 1001]
    assert {settings.host for settings in ports} == {"::1"}


@pytest.mark.parametrize("place", ["environment", ".env"])
def test_the_toml_is_that_of_the_chosen_data_directory(tmp_path, monkeypatch, place):
    data = tmp_path / "elsewhere"
    data.mkdir()
    (data / "pantheon.toml").write_text("lease_seconds = 1\n")
    if place == "environment":
        monkeypatch.setenv("PANTHEON_DATA_DIR", str(data))
    else:
        (tmp_path / ".env").write_text(f"PANTHEON_DATA_DIR={data}\n")
    settings = Settings()
    assert (settings.data_dir, settings.lease_seconds) == (data, 1)


def test_providers_come_as_json_or_as_tables(tmp_path, monkeypatch):
    table = """
        [providers.lab]
        base_url = "http://127.0.0.1:8001/v1"
        api_key = "sk-1"
        models = ["m1", {id = "m2", context_window = 8192, price = {input = "0.5", output = "1.5"}}]
    """
    (tmp_path / "pantheon.toml").write_text(table)
    by_table = Settings(data_dir=tmp_path).providers["lab"]
    monkeypatch.setenv(
        "PANTHEON_PROVIDERS",
        '{"lab": {"base_url": "http://127.0.0.1:8001/v1", "api_key": "sk-1", "models": ["m1",'
        ' {"id": "m2", "context_window": 8192, "price": {"input": "0.5", "output": "1.5"}}]}}',
    )
    by_json = Settings().providers["lab"]
    assert by_table == by_json
    assert by_json.models is not None
    assert [model.id for model in by_json.models] == ["m1", "m2"]
    assert by_json.models[0].price is None
    assert by_json.models[1].price is not None
    assert by_json.models[1].price.output == Decimal("1.5")


def test_a_key_is_not_shown(tmp_path, monkeypatch):
    monkeypatch.setenv(
        "PANTHEON_PROVIDERS", '{"lab": {"base_url": "http://x", "api_key": "sk-canary"}}'
    )
    settings = Settings(data_dir=tmp_path)
    key = settings.providers["lab"].api_key
    assert key is not None
    assert key.get_secret_value() == "sk-canary"
    assert "canary" not in repr(settings) + str(settings.model_dump())


@pytest.mark.parametrize("name", ["demo", "local", "", "a b", "a/b"])
def test_a_provider_needs_a_name_of_its_own(tmp_path, name):
    lab = ProviderSetting(base_url="http://127.0.0.1:1/v1")
    with pytest.raises(ValidationError, match="cannot name a provider"):
        Settings(data_dir=tmp_path, providers={name: lab})


def test_hosts_are_separated_by_commas(monkeypatch):
    monkeypatch.setenv("PANTHEON_ALLOWED_HOSTS", " a.example ,b.example,, ")
    assert Settings().allowed_hosts == ("a.example", "b.example")


def test_settings_do_not_change(tmp_path):
    with pytest.raises(ValidationError, match="frozen"):
        Settings(data_dir=tmp_path).port = 1


def test_root_keeps_its_data_where_postgresql_can_go(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert default_data_dir() == Path("/var/lib/pantheon")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert default_data_dir().name == "pantheon"
    assert default_data_dir() != Path("/var/lib/pantheon")


def test_the_key_file_lies_in_the_data_directory_unless_it_is_named(tmp_path):
    assert Settings(data_dir=tmp_path).key_path == tmp_path / "secret.key"
    elsewhere = tmp_path / "other" / "key"
    assert Settings(data_dir=tmp_path, key_file=elsewhere).key_path == elsewhere
