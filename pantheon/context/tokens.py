"""How many tokens a text has: by a known tokenizer, else an estimate from above.

Counts are made once per message and stored. A `Meter` turns them into what one model reads.
"""

import lzma
import re
from base64 import b64decode
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.resources import files
from math import ceil
from typing import Protocol

MESSAGE_OVERHEAD = 4

O200K = "o200k"
O200K_MODELS = re.compile(r"(^|/)(chatgpt-4o|gpt-(4o|4\.1|4\.5|5|6|oss)|o[134](-|$))")

# The splitting of words that belongs to the ranks, as `tiktoken` has it.
O200K_WORDS = "|".join(
    (
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    )
)

# A word of a million characters exhausts the stack of the splitting: texts are counted in pieces.
PIECE = 4_096

# The estimate: sevenths of a token for each character of a kind, by its bytes in UTF-8. From
# above for prose, code, JSON and scripts, against o200k and cl100k: docs/context.md has the table.
LOWER, LOWER_DENSE, SPACE, UPPER, OTHER = 2, 4, 1, 5, 7
TWO_BYTES, THREE_BYTES, FOUR_BYTES = 6, 12, 21
PROSE_HAS_SPACES = 20
LIKELY = 0.7

_LOWER = bytes(range(ord("a"), ord("z") + 1))
_UPPER = _LOWER.upper()
_FOLLOWING = bytes(range(0x80, 0xC0))
_LEAD_TWO, _LEAD_THREE, _LEAD_FOUR = (
    bytes(range(0xC0, 0xE0)), bytes(range(0xE0, 0xF0)), bytes(range(0xF0, 0x100)),
)  # fmt: skip


class Encoding(Protocol):
    """A loaded tokenizer."""

    def encode_ordinary(self, text: str) -> list[int]:
        """Return the tokens of a text."""
        ...


_known: dict[str, Encoding] = {}


@dataclass(frozen=True, slots=True)
class Meter:
    """How one model counts: its family of tokenizers, and how far it is from our count.

    `ratio` is what its provider reported for what we had counted, from above; 1 until it is known.
    """

    family: str | None = None
    ratio: float = 1.0

    def likely(self, size: int) -> int:
        """Return what a count is likely to be, where somebody pays by it; `size` is from above."""
        certain = self.family is not None or self.ratio != 1.0
        return size if certain else round(size * LIKELY)

    def text(self, text: str) -> int:
        """Return how many tokens the model reads in a text, from above."""
        return self.count(text, estimate(text) if self.family is None else None, None)

    def count(self, text: str, estimated: int | None, exact: int | None) -> int:
        """Return the same from counts that are stored; what is missing of them is counted now."""
        found = None
        if self.family is not None:
            found = exact_count(text) if exact is None else exact
        if found is None:
            found = estimate(text) if estimated is None else estimated
        return found if self.ratio == 1.0 else ceil(found * self.ratio)


def estimate(text: str) -> int:
    """Estimate the tokens of `text` from above, by the kinds of its characters.

    Random letters can be denser, other scripts are sparser; the provider's own count is in the
    ledger and corrects it.
    """
    data = text.encode("utf-8", "surrogatepass")
    rest = data.translate(None, _LOWER)
    lower = len(data) - len(rest)
    data, rest = rest, rest.translate(None, b" ")
    spaces = len(data) - len(rest)
    data, rest = rest, rest.translate(None, _UPPER)
    upper = len(data) - len(rest)
    dense = spaces * PROSE_HAS_SPACES < lower + upper > PROSE_HAS_SPACES
    sevenths = lower * (LOWER_DENSE if dense else LOWER) + spaces * SPACE + upper * UPPER
    if not rest.isascii():
        rest = rest.translate(None, _FOLLOWING)
        for lead, weight in (
            (_LEAD_TWO, TWO_BYTES), (_LEAD_THREE, THREE_BYTES), (_LEAD_FOUR, FOUR_BYTES),
        ):  # fmt: skip
            data, rest = rest, rest.translate(None, lead)
            sevenths += (len(data) - len(rest)) * weight
    return (sevenths + len(rest) * OTHER + 6) // 7


def family_of(model_id: str) -> str | None:
    """Return the family of tokenizers that a model is known to have, by its name."""
    return O200K if O200K_MODELS.search(model_id.partition("/")[2]) else None


def meter(model_id: str, ratio: float = 1.0) -> Meter:
    """Return how a model counts; by the estimate as long as its tokenizer is not loaded."""
    family = family_of(model_id)
    return Meter(family if family in _known else None, ratio)


def exact_count(text: str) -> int | None:
    """Return the tokens of `text` by the loaded tokenizer, `None` without one.

    Lone surrogates count as what replaces them. A text that is cut into pieces can have one token
    more for each cut.
    """
    encoding = _known.get(O200K)
    if encoding is None:
        return None
    if len(text) <= PIECE:
        return _count(text)
    return sum(
        len(encoding.encode_ordinary(text[at : at + PIECE])) for at in range(0, len(text), PIECE)
    )


def load() -> None:
    """Load the tokenizer that is shipped: 0.3 s and 75 MB, once per process. No network."""
    if O200K in _known:
        return
    packed = files("pantheon.context").joinpath("data/o200k_base.tiktoken.xz").read_bytes()
    ranks = {
        b64decode(token): int(rank)
        for token, rank in (line.split() for line in lzma.decompress(packed).splitlines())
    }
    # Its library is needed only where such a model is configured.
    _known[O200K] = import_module("tiktoken").Encoding(
        "o200k_base", pat_str=O200K_WORDS, mergeable_ranks=ranks, special_tokens={}
    )


@lru_cache(maxsize=1_024)
def _count(text: str) -> int:
    """Count a text that may be asked for again: a role prompt, an answer that is read on."""
    return len(_known[O200K].encode_ordinary(text))
