"""Mentions: which agents a user's text tags with `@key`."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

# What is not prose, blanked before tags are looked for: fenced and inline code, URLs, addresses.
NOT_PROSE = re.compile(
    r"^(?P<fence>`{3,}|~{3,})[^\n]*\n.*?(?:^(?P=fence)[`~]*[ \t]*$|\Z)"
    r"|(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`)"
    r"|\b[a-zA-Z][a-zA-Z0-9+.-]{0,30}://\S+"
    r"|\bwww\.\S+"
    # From an address's first character only: else a long word is read once for each of its letters.
    r"|(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
    re.DOTALL | re.MULTILINE,
)
TAG = re.compile(r"(?<![\w@/.])@([a-zA-Z][a-zA-Z0-9_-]*)")
ALL = "all"


@dataclass(frozen=True, slots=True)
class Mentions:
    """Keys tagged in a text, in order, each once, and tags that nobody has."""

    keys: tuple[str, ...]
    unknown: tuple[str, ...]


def find_mentions(text: str, keys: Sequence[str]) -> Mentions:
    """Find which of `keys` the text tags: exact keys, case-insensitive, `@all` for every one.

    Tags in code, URLs and e-mail addresses do not count. A tag of more letters than a key is
    another tag: `@critics` is not `@critic`; a trailing `-` or `_` is punctuation.
    """
    prose = NOT_PROSE.sub(lambda match: " " * len(match.group()), text)
    found: dict[str, None] = {}
    unknown: dict[str, None] = {}
    for match in TAG.finditer(prose):
        tag = match.group(1).lower()
        if tag not in keys and tag != ALL:
            tag = tag.rstrip("-_")
        if tag in keys:
            found[tag] = None
        elif tag == ALL:
            found.update(dict.fromkeys(keys))
        else:
            unknown[tag] = None
    return Mentions(tuple(found), tuple(unknown))


def near_keys(tag: str, keys: Sequence[str]) -> list[str]:
    """Return keys that `tag` may have meant, for an error's words: a near key never routes."""
    return difflib.get_close_matches(tag, keys, n=3, cutoff=0.6)
