"""Settings that cannot be used are named one by one, with the reason and without secrets."""

from pathlib import Path

import pytest

from pantheon.base.errors import Problem
from pantheon.ops.load_settings import SETTINGS_INVALID, load_settings


def refused(**given: object) -> str:
    """Return why these settings are refused."""
    with pytest.raises(Problem) as caught:
        load_settings(**given)
    assert caught.value.kind is SETTINGS_INVALID
    return caught.value.detail


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No `.env` of the checkout takes part."""
    monkeypatch.chdir(tmp_path)


def test_the_command_line_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is given counts before the environment; `None` was not given."""
    monkeypatch.setenv("PANTHEON_PORT", "9000")
    assert load_settings(data_dir=tmp_path, port=9001).port == 9001
    assert load_settings(data_dir=tmp_path, port=None).port == 9000


def test_every_wrong_setting_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Name, reason and value of all of them, not of the first only."""
    monkeypatch.setenv("PANTHEON_PORT", "70000")
    monkeypatch.setenv("PANTHEON_BILLING", "sometimes")
    lines = refused(data_dir=tmp_path).splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("PANTHEON_PORT: ")
    assert "65535" in lines[0]
    assert "'70000'" in lines[0]
    assert lines[1].startswith("PANTHEON_BILLING: ")
    assert "'off', 'warn' or 'enforce'" in lines[1]


def test_a_part_of_a_provider_is_named_without_its_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that stands under a wrong name is not repeated."""
    monkeypatch.setenv(
        "PANTHEON_PROVIDERS", '{"lab": {"base_url": "http://x", "apikey": "sk-canary-12345678"}}'
    )
    detail = refused(data_dir=tmp_path)
    assert detail.startswith("PANTHEON_PROVIDERS › lab › apikey: ")
    assert "canary" not in detail


@pytest.mark.parametrize(
    ("name", "value"), [("PANTHEON_PROVIDERS", "{oops"), ("PANTHEON_TURNS_PER_HOUR", "many")]
)
def test_what_does_not_parse_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """JSON that is none and numbers that are none."""
    monkeypatch.setenv(name, value)
    assert name.removeprefix("PANTHEON_").lower() in refused(data_dir=tmp_path).lower()


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    """`pantheon.toml` with a slip in it."""
    (tmp_path / "pantheon.toml").write_text("port = = 1\n")
    assert "line 1" in refused(data_dir=tmp_path)
