"""Mentions: which agents a user's text tags with `@key`."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

# What is not prose is blanked before tags are looked for. Each pattern reads a text once, whatever
# stands in it: an address is tried from its first character only, a run of backticks as a whole.
FENCE = re.compile(
    r"^(?P<fence>`{3,}+|~{3,}+)[^\n]*\n.*?(?:^(?P=fence)[`~]*[ \t]*$|\Z)", re.DOTALL | re.MULTILINE
)
TICKS = re.compile(r"`+")
ADDRESS = re.compile(
    r"\b[a-zA-Z][a-zA-Z0-9+.-]{0,30}://\S+"
    r"|\bwww\.\S+"
    r"|(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
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
    prose = ADDRESS.sub(_blank, _without_spans(FENCE.sub(_blank, text)))
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


def _blank(match: re.Match[str]) -> str:
    return " " * len(match.group())


def _without_spans(text: str) -> str:
    """Blank code spans: from a run of backticks to the next one of the same length (CommonMark)."""
    runs = [(match.start(), match.end()) for match in TICKS.finditer(text)]
    closing: dict[int, int] = {}
    spans: list[tuple[int, int]] = []
    pairs: list[int | None] = [None] * len(runs)
    for i in range(len(runs) - 1, -1, -1):
        length = runs[i][1] - runs[i][0]
        pairs[i] = closing.get(length)
        closing[length] = i
    i = 0
    while i < len(runs):
        end = pairs[i]
        if end is None:
            i += 1
        else:
            spans.append((runs[i][0], runs[end][1]))
            i = end + 1
    parts, at = [], 0
    for start, stop in spans:
        parts += [text[at:start], " " * (stop - start)]
        at = stop
    return "".join(parts) + text[at:]


def near_keys(tag: str, keys: Sequence[str]) -> list[str]:
    """Return keys that `tag` may have meant, for an error's words: a near key never routes."""
    return difflib.get_close_matches(tag, keys, n=3, cutoff=0.6)
