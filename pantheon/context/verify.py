"""Checking a summary against what was said, and finding what it must not lose. Pure.

Figures, names, paths, dates and quotes have to stand in the turns that an item names, letter by
letter; an item with one that does not is dropped and counted. What the model has left out of them
is taken from the source itself, as long as there is room.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pantheon.context.digest import REQUIRED, Digest, InvalidDigest, Item, size

QUOTE = re.compile(r"[\"“„«`]([^\"“”„«»`\n]{3,200})[\"”“»`]")
PLACE = re.compile(
    r"https?://[^\s<>\"')\]]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"  # addresses
    r"|(?<![\w/])(?:~|\.{1,2})?/?(?:[\w.@-]+/)+[\w.@-]*\w|(?<!\w)/[\w.-]+\w"  # paths
    r"|\b[A-Za-z]:\\[^\s\"']*\w"
)
FIGURE = re.compile(r"(?<![\w.])[-+]?\d(?:[\d.,:/-]*\d)?")
CODE = re.compile(r"\b(?=\w*[A-Za-z])(?:\w+[-_.])*\w*\d\w*(?:[-_]\w+)*|\b\w+_\w+\b|\b[A-Z]{2,}\b")
NAME = re.compile(r"(?<=[\w,;:)] )[A-ZÀ-ÖØ-ÞΑ-ΩА-Я][\w'’-]+(?: [A-ZÀ-ÖØ-ÞΑ-ΩА-Я][\w'’-]+)*")
SENTENCE = re.compile(r"[^.!?。！？\n]+(?:[.!?。！？](?!\s|$)[^.!?。！？\n]*)*[.!?。！？]*")

LONGEST_EXTRACT = 240
NOT_NAMES = frozenset(("I", "The", "A", "An", "It", "He", "She", "We", "You", "They", "This"))


@dataclass(frozen=True, slots=True)
class Source:
    """What was said in one turn: the user's words, and all that was said."""

    asked: str
    whole: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A summary that holds, and what was dropped of it: where, what, why."""

    digest: Digest
    dropped: list[dict[str, str]]


def check(
    digest: Digest,
    sources: Mapping[int, Source],
    previous: Digest | None,
    most_tokens: int,
) -> Checked:
    """Return what of a model's summary holds, completed from the source and the `previous` one.

    `sources` are the new turns by index; of older ones the previous summary, which was checked
    before, is the source. Raises InvalidDigest where nothing holds, or not within `most_tokens`.
    """
    said = {turn: _plain(source.whole) for turn, source in sources.items()}
    for turn, text in _told(previous).items():
        said[turn] = f"{said.get(turn, '')}\n{text}"
    everything = "\n".join(said.values())
    dropped: list[dict[str, str]] = []
    lists: dict[str, list[Item]] = {}
    for name, items in digest.lists().items():
        for item in items:
            turns, why = _turns_of(item, said)
            if why:
                dropped.append({"field": name, "text": item.text, "reason": why})
            else:
                lists.setdefault(name, []).append(Item(text=item.text, turns=turns))
    if REQUIRED not in lists:
        raise InvalidDigest("No key fact has its figures and names in the turns that it names.")
    prose, unfounded = _prose(digest.summary, everything)
    dropped += [
        {"field": "summary", "text": text, "reason": "not in the source"} for text in unfounded
    ]
    if not prose:
        raise InvalidDigest("No sentence of the summary has its figures and names in the source.")
    kept = Digest.model_validate({"summary": prose, **lists})
    if size(kept) > most_tokens:
        raise InvalidDigest(
            f"It has about {size(kept)} tokens. At most {most_tokens} fit: merge and shorten items."
        )
    return Checked(_completed(kept, sources, previous, most_tokens), dropped)


def marks(text: str) -> list[str]:
    """Return what must stand in the source as it stands here: quotes, paths, figures, names."""
    found: list[str] = []
    rest = _plain(text)
    for pattern in (QUOTE, PLACE):
        found += [match.group(match.lastindex or 0) for match in pattern.finditer(rest)]
        rest = pattern.sub(" ", rest)
    found += CODE.findall(rest) + FIGURE.findall(CODE.sub(" ", rest))
    found += [name for name in NAME.findall(rest) if name not in NOT_NAMES]
    return list(dict.fromkeys(mark for mark in found if mark.strip()))


def extract(sources: Mapping[int, Source]) -> Iterator[tuple[int, Item]]:
    """Yield the sentences that hold figures, dates, paths, quotes or names, each with its rank.

    The lower the rank the more it is worth: the user's words before agents', figures before names.
    """
    for turn, source in sources.items():
        for by_agent, text in ((0, source.asked), (1, source.whole.replace(source.asked, "", 1))):
            for sentence in _sentences(text):
                hard = _hard(sentence)
                if hard or len(marks(sentence)) > 0:
                    rank = 2 * by_agent + (not hard)
                    yield rank, Item(text=sentence[:LONGEST_EXTRACT], turns=[turn])


def _completed(
    digest: Digest, sources: Mapping[int, Source], previous: Digest | None, most_tokens: int
) -> Digest:
    """Add to the figures and names what the model has left out, the most valuable first."""
    known = _plain("\n".join(item.text for items in digest.lists().values() for item in items))
    known += _plain(digest.summary)
    wanted: list[tuple[int, Item]] = []
    if previous is not None:
        wanted += [(0, item) for item in previous.figures_and_names or ()]
    wanted += sorted(extract(sources), key=lambda found: found[0])
    items = list(digest.figures_and_names or ())
    left = most_tokens - size(digest)
    for _, item in wanted:
        if all(_stands(mark, known) for mark in marks(item.text)):
            continue
        cost = size(_with(digest, [*items, item])) - size(_with(digest, items))
        if cost > left:
            continue
        items.append(item)
        left -= cost
        known += "\n" + _plain(item.text)
    items.sort(key=lambda item: item.turns[0])
    return _with(digest, items)


def _with(digest: Digest, items: list[Item]) -> Digest:
    return digest.model_copy(update={"figures_and_names": items or None})


def _turns_of(item: Item, said: Mapping[int, str]) -> tuple[list[int], str]:
    """Return the turns that an item rests on, or why it rests on none."""
    turns = [turn for turn in dict.fromkeys(item.turns) if turn in said]
    wanted = marks(item.text)
    text = "\n".join(said[turn] for turn in turns)
    missing = [mark for mark in wanted if not _stands(mark, text)]
    if turns and not missing:
        return turns, ""
    # A wrong turn is mended where one turn holds all of it.
    for turn, other in said.items():
        if wanted and all(_stands(mark, other) for mark in wanted):
            return [turn], ""
    if not turns:
        return [], "it names no turn of the source"
    return [], f"not in the source: {', '.join(missing[:5])}"


def _prose(text: str, everything: str) -> tuple[str, list[str]]:
    kept: list[str] = []
    unfounded: list[str] = []
    for sentence in _sentences(text):
        held = all(_stands(mark, everything) for mark in marks(sentence))
        (kept if held else unfounded).append(sentence)
    return " ".join(kept), unfounded


def _stands(mark: str, text: str) -> bool:
    """Say whether a mark stands in a text by itself: 48 does not stand in 1480."""
    at = text.find(mark)
    while at >= 0:
        before, after = text[at - 1 : at], text[at + len(mark) : at + len(mark) + 1]
        if not (mark[0].isalnum() and before.isalnum()) and not (
            mark[-1].isalnum() and after.isalnum()
        ):
            return True
        at = text.find(mark, at + 1)
    return False


def _told(previous: Digest | None) -> dict[int, str]:
    """Return what the previous summary says of each turn; its prose belongs to all of them."""
    if previous is None:
        return {}
    told: dict[int, list[str]] = {}
    for items in previous.lists().values():
        for item in items:
            for turn in item.turns:
                told.setdefault(turn, [_plain(previous.summary)]).append(_plain(item.text))
    return {turn: "\n".join(texts) for turn, texts in told.items()}


def _sentences(text: str) -> Iterator[str]:
    for match in SENTENCE.finditer(text):
        if sentence := match.group().strip():
            yield sentence


def _hard(sentence: str) -> bool:
    plain = _plain(sentence)
    return any(pattern.search(plain) for pattern in (QUOTE, PLACE, FIGURE, CODE))


def _plain(text: str) -> str:
    """Return a text in one normal form, its white space as single spaces, its lines kept."""
    composed = unicodedata.normalize("NFC", text).replace("\N{NO-BREAK SPACE}", " ")
    return "\n".join(" ".join(line.split()) for line in composed.splitlines())
