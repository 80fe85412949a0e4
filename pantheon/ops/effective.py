"""The settings as they are in force: where each comes from, and which of their parts are secret."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import orjson
import psycopg
from psycopg.conninfo import conninfo_to_dict
from pydantic import BaseModel, SecretStr
from pydantic_settings import DotEnvSettingsSource, EnvSettingsSource, TomlConfigSettingsSource

from pantheon.base.log import redact
from pantheon.base.settings import Settings

SECRET_NAMES = ("_KEY", "_TOKEN", "_SECRET", "_PASSWORD")
SHOWN_OF_A_SECRET = 4
SHORTEST_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Effective:
    """A setting: its name in the environment, its value as text without secrets, its source."""

    name: str
    value: str
    source: str


def effective(settings: Settings, given: Mapping[str, Any]) -> list[Effective]:
    """Return every setting; `given` are those of the command line.

    A setting whose parts come from several places (the providers) is named for each of them.
    """
    sources: list[tuple[str, Mapping[str, Any]]] = [
        ("command line", {name: value for name, value in given.items() if value is not None}),
        ("environment", EnvSettingsSource(Settings)()),
        (".env", DotEnvSettingsSource(Settings)()),
        (
            "pantheon.toml",
            TomlConfigSettingsSource(Settings, settings.data_dir / "pantheon.toml")(),
        ),
    ]
    found = []
    for field in Settings.model_fields:
        name = f"PANTHEON_{field.upper()}"
        value = getattr(settings, field)
        places = [place for place, values in sources if field in values]
        if isinstance(value, dict) and value:
            for key, part in value.items():
                own = [place for place, values in sources if key in values.get(field, {})]
                found.append(Effective(f"{name} › {key}", _text(part), ", ".join(own)))
        else:
            found.append(Effective(name, _text(value), places[0] if places else "default"))
    return found


def secrets_of(settings: Settings, environment: Mapping[str, str]) -> set[str]:
    """Return the secrets that settings and environment hold, to be kept out of logs."""
    secrets = {value for name, value in environment.items() if name.endswith(SECRET_NAMES)}
    for provider in settings.providers.values():
        if provider.api_key is not None:
            secrets.add(provider.api_key.get_secret_value())
    if settings.database_url is not None:
        # Whoever connects says what is wrong with an address that cannot be read.
        with suppress(psycopg.ProgrammingError):
            secrets.add(str(conninfo_to_dict(settings.database_url).get("password") or ""))
    return secrets - {""}


def masked(secret: str) -> str:
    """Return a secret by its last characters, a short one by nothing."""
    return "••••" + (secret[-SHOWN_OF_A_SECRET:] if len(secret) >= SHORTEST_SHOWN else "")


def _text(value: Any) -> str:
    if value is None or value == ():
        return "–"
    if isinstance(value, BaseModel):
        return redact(orjson.dumps(_plain(value), default=str).decode())
    if isinstance(value, tuple):
        return ", ".join(value)
    return redact(str(value))


def _plain(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return masked(value.get_secret_value())
    if isinstance(value, BaseModel):
        return {name: _plain(part) for name, part in value if part is not None}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return value
