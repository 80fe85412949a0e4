"""The messages of a request, and the texts of its sections.

The same parts give the same bytes. A long history is written once: what stood in the request of
the turn before is continued, as long as every turn in it is the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import is_
from sys import getsizeof
from uuid import UUID

from pantheon.base.shelf import Shelf
from pantheon.context.quotes import Parts, PastTurn, Speaker, quote, recap_text, system_texts
from pantheon.providers.types import ChatMessage, Role

WORTH_KEEPING = 64
"""A history of fewer turns is written in no time."""

MOST_KEPT = 8_000_000
"""Bytes of text that a process keeps of written histories: a window of a million has half of it."""


@dataclass(slots=True)
class Transcript:
    """A history as one agent is told it: whole messages, and the quotes behind its last answer."""

    turns: tuple[PastTurn, ...] = ()
    messages: list[ChatMessage] = field(default_factory=list)
    behind: list[str] = field(default_factory=list)
    size: int = 0


Key = tuple[UUID, str, bool, str | None]

_kept: Shelf[Key, Transcript] = Shelf(MOST_KEPT)


def compose(speaker: Speaker, parts: Parts) -> tuple[ChatMessage, ...]:
    """Return the messages of a request."""
    system = "\n\n".join(text for _, text in system_texts(speaker))
    messages = [ChatMessage(Role.system, system)] if system else []
    said = [recap_text(parts.recap)] if parts.recap is not None else []
    said.extend(quote(speaker, pin) for pin in parts.pinned)
    told = transcript(speaker, parts.history)
    if told.messages:
        first, *others = told.messages
        messages.append(ChatMessage(first.role, "\n\n".join((*said, first.content))))
        messages.extend(others)
        said = []
    said.extend(told.behind)
    said.append(quote(speaker, parts.asked))
    said.extend(quote(speaker, answer) for answer in parts.earlier)
    if speaker.task:
        said.append(speaker.task)
    messages.append(ChatMessage(Role.user, "\n\n".join(said)))
    return tuple(messages)


def transcript(speaker: Speaker, history: tuple[PastTurn, ...]) -> Transcript:
    """Return a history as the speaker is told it; not to be changed."""
    first = history[0].id if len(history) >= WORTH_KEEPING else None
    if first is None:
        return _continued(Transcript(), speaker, history)
    key = (first, speaker.key, speaker.labelled, speaker.scope)
    known = _kept.get(key)
    if known is None or not _begins(history, known.turns):
        known = Transcript()
    told = _continued(known, speaker, history)
    _kept.put(key, told, told.size)
    return told


def section_texts(speaker: Speaker, parts: Parts) -> list[str]:
    """Return the text of each section of an audit, in its order, from what was sent."""
    texts = [text for _, text in system_texts(speaker)]
    if parts.recap is not None:
        texts.append(recap_text(parts.recap))
    if parts.pinned:
        texts.append("\n\n".join(quote(speaker, pin) for pin in parts.pinned))
    if parts.history:
        said = [
            q.text if q.agent_key == speaker.key else quote(speaker, q)
            for turn in parts.history
            for q in turn.said
        ]
        texts.append("\n\n".join(said))
    texts.append(quote(speaker, parts.asked))
    texts.extend(quote(speaker, answer) for answer in parts.earlier)
    if speaker.task:
        texts.append(speaker.task)
    return texts


def _begins(history: Sequence[PastTurn], turns: Sequence[PastTurn]) -> bool:
    """Say whether a history begins with these very turns: one that has changed is another."""
    return len(turns) <= len(history) and all(map(is_, history, turns))


def _continued(told: Transcript, speaker: Speaker, history: tuple[PastTurn, ...]) -> Transcript:
    for turn in history[len(told.turns) :]:
        told.behind.append(quote(speaker, turn.input))
        for answer in turn.answers:
            if answer.agent_key == speaker.key:
                heard = ChatMessage(Role.user, "\n\n".join(told.behind) or "…")
                told.messages += (heard, ChatMessage(Role.assistant, answer.text))
                told.behind.clear()
            else:
                told.behind.append(quote(speaker, answer))
        told.size += sum(getsizeof(said.text) for said in turn.said)
    told.turns = history
    return told
