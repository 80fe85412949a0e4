"""Writes docs/settings.md from the descriptions of the settings: `python -m tests.settings_doc`."""

import sys
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Le
from pydantic.fields import FieldInfo

from pantheon.base.settings import Settings

PATH = Path(__file__).parents[1] / "docs" / "settings.md"

HEAD = """\
# Settings

Written by `python -m tests.settings_doc` from the descriptions in `pantheon/base/settings.py`.

A setting is looked for in this order; the first place that has it wins:

1. the command's own option, where it has one (`--port 9000`);
2. the environment (`PANTHEON_PORT=9000`);
3. a file `.env` in the folder where the command is started (`PANTHEON_PORT=9000`);
4. `pantheon.toml` in the data directory (`port = 9000`; names without the prefix, in lower case);
5. the default.

`pantheon config` shows what is in force and where each value comes from, with secrets masked. A
setting that cannot be used stops the start, and the message says which one, why, and what is valid.

| setting | valid | default | what it does |
|---|---|---|---|
"""

FOOT = """
## Beside these

| variable | what it does |
|---|---|
| `OPENAI_API_KEY`, `OPENROUTER_API_KEY` … | Switch a provider on: [providers.md](providers.md). |
| `OLLAMA_HOST` | Where Ollama is, if not on its usual port of this machine. |
| `PANTHEON_API_KEY` | The key that `pantheon ask --url …` shows to a server elsewhere. |

Known already, but without effect in this version: {later}.
"""

LATER = {"billing"}
"""Names that are settled, though nothing acts by them yet."""

DATA_DIR = "the platform's folder for user data; for root `/var/lib/pantheon`"


def render() -> str:
    """Return the whole file."""
    rows = [_row(name, field) for name, field in Settings.model_fields.items() if name not in LATER]
    later = ", ".join(
        f"`PANTHEON_{name.upper()}`" for name in Settings.model_fields if name in LATER
    )
    return HEAD + "".join(f"| {' | '.join(row)} |\n" for row in rows) + FOOT.format(later=later)


def _row(name: str, field: FieldInfo) -> tuple[str, str, str, str]:
    return (
        f"`PANTHEON_{name.upper()}`",
        _valid(field),
        _default(name, field),
        field.description or "",
    )


def _valid(field: FieldInfo) -> str:
    kinds = get_args(field.annotation) or (field.annotation,)
    if get_origin(field.annotation) is Literal:
        return ", ".join(f"`{value}`" for value in kinds)
    if get_origin(field.annotation) is dict:
        return "JSON, or tables in `pantheon.toml`"
    if get_origin(field.annotation) is tuple:
        return "names, separated by commas"
    if bool in kinds:
        return "`true`, `false`"
    if int in kinds or float in kinds:
        return _range(field)
    return "a path" if Path in kinds else "text"


def _range(field: FieldInfo) -> str:
    least = next((mark.ge for mark in field.metadata if isinstance(mark, Ge)), None)
    most = next((mark.le for mark in field.metadata if isinstance(mark, Le)), None)
    return f"{least} to {most}" if most is not None else f"{least} or more"


def _default(name: str, field: FieldInfo) -> str:
    if name == "data_dir":
        return DATA_DIR
    value: Any = field.get_default(call_default_factory=True)
    if value is None or value in ((), {}):
        return "unset"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


if __name__ == "__main__":
    PATH.write_text(render(), "utf-8")
    sys.stdout.write(f"{PATH.name} written\n")
