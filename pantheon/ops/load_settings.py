"""Reading the settings, once a process; one that cannot be used is named with the reason."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_settings import SettingsError

from pantheon.base.errors import ProblemType
from pantheon.base.settings import Settings

SETTINGS_INVALID = ProblemType("settings_invalid", 500, "A setting cannot be used")

WITH_SECRETS = ("providers", "database_url")
"""Settings whose values are not repeated in an error: a key may stand in the wrong place."""


def load_settings(**given: Any) -> Settings:
    """Read the settings; `given` are the command line's and win over all else.

    Raises `settings_invalid`, naming each setting that cannot be used and why.
    """
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        lines = [_setting_line(dict(item)) for item in error.errors(include_url=False)]
        raise SETTINGS_INVALID("\n".join(lines)) from error
    except (SettingsError, OSError, ValueError) as error:
        raise SETTINGS_INVALID(f"The settings cannot be read: {error}") from error


def _setting_line(error: Mapping[str, Any]) -> str:
    place = [str(part) for part in error["loc"]]
    name = f"PANTHEON_{place[0].upper()}" if place else "The settings"
    inside = "".join(f" › {part}" for part in place[1:])
    given = f" (given: {error['input']!r})" if place and place[0] not in WITH_SECRETS else ""
    return f"{name}{inside}: {error['msg']}{given}"
