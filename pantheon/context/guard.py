"""The guard: what of a history is sent in full, what as a summary, what not at all.

Pure arithmetic on token counts; docs/context.md has its decision table.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from typing import NamedTuple

SOFT_SHARE = 0.75
"""Above this share of what the window leaves beside the reply, the oldest turns are summarised."""

TARGET_SHARE = 0.4
"""After a summary this much is full: a margin, so that not every turn needs a new one."""

SUMMARY_SHARE = 0.2
"""A summary is no longer than this share of what the smallest window that needs it leaves."""

KEPT_TURNS = 2
"""So many of the latest turns are never summarised as long as they fit."""

SUMMARY_POLICY_TURNS = 4
"""With the policy `summary`: the turns that stay in full. As many again may gather before."""


class Verdict(StrEnum):
    """What the guard decides."""

    fits = "fits"
    due = "due"
    pruned = "pruned"
    exceeded = "exceeded"


class Past(NamedTuple):
    """An earlier turn by its size: in full, and what of it is pinned."""

    tokens: int
    pinned: int = 0


@dataclass(frozen=True, slots=True)
class Standin:
    """A summary by its size; the turns from `start` on are not in it."""

    start: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Need:
    """What would be sent. `fixed` is never cut: role, rules, goal, question, brief, task.

    `turns` and `standins` are oldest first, `earlier` are this turn's answers so far.
    `most_turns` is how many turns the policy wants in full at most; `None`: all that fit.
    """

    fixed: int
    turns: Sequence[Past] = ()
    standins: Sequence[Standin] = ()
    earlier: Sequence[int] = ()
    most_turns: int | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """The decision: this summary, the turns from `first` on, this turn's answers from `cut` on.

    `summarise_to` is set where a summary is due: of the turns from `summarise_from` to before it.
    """

    verdict: Verdict
    standin: int | None = None
    first: int = 0
    cut: int = 0
    used: int = 0
    summarise_from: int = 0
    summarise_to: int | None = None


def decide(need: Need, usable: int) -> Cut:
    """Decide what is sent to a model whose window leaves `usable` tokens beside the reply.

    The least compressed form that stays below the soft share wins: everything, else the oldest
    summary that is enough. If none is, a summary of the oldest turns is due, and until there is one
    all is sent that fits: the oldest turns go first, then the summary, then this turn's oldest
    answers. What is fixed or pinned never goes.
    """
    sums = _Sums(need)
    soft = int(usable * SOFT_SHARE)
    options: list[int | None] = [*range(len(need.standins))]
    # What lies before the oldest summary's end is in the history too, if it was read that far.
    if not need.standins or need.standins[0].start > 0:
        options.insert(0, None)
    for standin in options:
        start = _start(need, standin)
        used = sums.size(standin, start)
        if used <= soft and not _too_many(need, start):
            return Cut(Verdict.fits, standin, start, used=used)
    standin = options[-1]
    start = _start(need, standin)
    upto = _summarise_to(need, sums, start, usable)
    first, cut = start, 0
    while (used := sums.size(standin, first, cut)) > usable:
        if first < len(need.turns):
            first += 1
        elif standin is not None:
            standin = None
        elif cut < len(need.earlier):
            cut += 1
        else:
            return Cut(Verdict.exceeded, None, first, cut, used, start, upto)
    pruned = first > start or standin != options[-1] or cut > 0
    verdict = Verdict.pruned if pruned else Verdict.fits if upto is None else Verdict.due
    return Cut(verdict, standin, first, cut, used, start, upto)


class _Sums:
    """Sums over the ends and beginnings of what would be sent, made once."""

    def __init__(self, need: Need) -> None:
        self._need = need
        backwards = accumulate((turn.tokens for turn in reversed(need.turns)), initial=0)
        self._full_from = list(backwards)[::-1]
        self._pinned_to = list(accumulate((turn.pinned for turn in need.turns), initial=0))
        self._said_from = list(accumulate(reversed(need.earlier), initial=0))[::-1]

    def size(self, standin: int | None, first: int, cut: int = 0) -> int:
        """Return the tokens of a summary, the turns from `first` and the pins before it.

        `cut` is how many of this turn's answers are left out.
        """
        summary = 0 if standin is None else self._need.standins[standin].tokens
        told = self._pinned_to[first] + self._full_from[first] + self._said_from[cut]
        return self._need.fixed + summary + told


def _start(need: Need, standin: int | None) -> int:
    return 0 if standin is None else need.standins[standin].start


def _too_many(need: Need, start: int) -> bool:
    most = need.most_turns
    return most is not None and len(need.turns) - start > 2 * most


def _summarise_to(need: Need, sums: _Sums, start: int, usable: int) -> int | None:
    """Return before which turn a summary should end: so that the target share is reached."""
    kept = KEPT_TURNS if need.most_turns is None else need.most_turns
    last = len(need.turns) - kept
    if need.most_turns is not None:
        return last if last > start else None
    target = int(usable * (TARGET_SHARE - SUMMARY_SHARE))
    upto = start
    while upto < last and sums.size(None, upto) > target:
        upto += 1
    return upto if upto > start else None
