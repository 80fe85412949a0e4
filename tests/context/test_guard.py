"""The guard's decision table, and that what it lets through always fits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantheon.context.guard import (
    KEPT_TURNS,
    SOFT_SHARE,
    Cut,
    Need,
    Past,
    Standin,
    Verdict,
    decide,
)

USABLE = 1_000


def turns(count: int, size: int = 100, pinned: int = 0) -> list[Past]:
    return [Past(size, pinned)] * count


@pytest.mark.parametrize(
    ("need", "cut"),
    [
        # fits: all of it, though there is a summary
        (Need(100, turns(6), [Standin(4, 80)]), Cut(Verdict.fits, None, 0, used=700)),
        # above the soft share: the summary that is enough, the least compressed one
        (
            Need(100, turns(9), [Standin(4, 80), Standin(7, 90)]),
            Cut(Verdict.fits, 0, 4, used=680),
        ),
        (
            Need(300, turns(9), [Standin(4, 80), Standin(7, 90)]),
            Cut(Verdict.fits, 1, 7, used=590),
        ),
        # none is enough: a summary of the oldest turns is due, until then all is sent that fits
        (
            Need(100, turns(8)),
            Cut(Verdict.due, None, 0, used=900, summarise_to=6),
        ),
        (
            Need(100, turns(12), [Standin(4, 80)]),
            Cut(Verdict.due, 0, 4, used=980, summarise_from=4, summarise_to=10),
        ),
        # … and the oldest turns go where it does not
        (
            Need(100, turns(12)),
            Cut(Verdict.pruned, None, 3, used=1_000, summarise_to=10),
        ),
        # this turn's answers stay before older ones
        (
            Need(100, turns(4), earlier=[400, 400]),
            Cut(Verdict.pruned, None, 3, used=1_000, summarise_to=2),
        ),
        # then the summary goes, then this turn's oldest answers
        (
            Need(100, turns(1), [Standin(1, 300)], earlier=[400, 400]),
            Cut(Verdict.pruned, None, 1, used=900, summarise_from=1),
        ),
        (
            Need(100, turns(1), earlier=[400, 400, 400]),
            Cut(Verdict.pruned, None, 1, 1, used=900),
        ),
        # pins never go
        (
            Need(100, turns(12, pinned=50), earlier=[]),
            Cut(Verdict.pruned, None, 6, used=1_000, summarise_to=10),
        ),
        # what is fixed does not fit: that agent alone fails
        (
            Need(1_001, turns(1), [Standin(1, 10)], earlier=[10]),
            Cut(Verdict.exceeded, None, 1, 1, 1_001, 1),
        ),
        # the policy `summary`: a few turns in full, as many again may gather
        (
            Need(10, turns(8, 10), most_turns=4),
            Cut(Verdict.fits, None, 0, used=90),
        ),
        (
            Need(10, turns(9, 10), most_turns=4),
            Cut(Verdict.due, None, 0, used=100, summarise_to=5),
        ),
    ],
)
def test_the_table(need: Need, cut: Cut) -> None:
    assert decide(need, USABLE) == cut


sizes = st.integers(0, 400)


@given(
    st.integers(0, 1_200),
    st.lists(st.tuples(sizes, st.integers(0, 20)), max_size=12),
    st.lists(st.tuples(st.integers(0, 12), sizes), max_size=3),
    st.lists(sizes, max_size=4),
    st.sampled_from([None, 4]),
)
def test_what_is_sent_fits_and_nothing_is_cut_without_need(
    fixed: int, past: list, standins: list, earlier: list, most: int | None
) -> None:
    history = [Past(size + pinned, pinned) for size, pinned in past]
    summaries = [Standin(min(start, len(history)), size) for start, size in sorted(standins)]
    need = Need(fixed, history, summaries, earlier, most)
    cut = decide(need, USABLE)
    pinned = sum(turn.pinned for turn in history[: cut.first])
    summary = 0 if cut.standin is None else summaries[cut.standin].tokens
    sent = sum(turn.tokens for turn in history[cut.first :]) + sum(earlier[cut.cut :])
    assert cut.used == fixed + pinned + summary + sent
    if cut.verdict is Verdict.exceeded:
        assert fixed + sum(turn.pinned for turn in history) > USABLE
        return
    assert cut.used <= USABLE
    if fixed + sum(turn.tokens for turn in history) + sum(earlier) <= SOFT_SHARE * USABLE and (
        most is None and (not summaries or summaries[0].start > 0)
    ):
        assert cut == Cut(Verdict.fits, used=cut.used)
    if cut.summarise_to is not None:
        assert cut.summarise_from < cut.summarise_to <= len(history) - (most or KEPT_TURNS)


def test_a_thousand_turns_cost_one_pass() -> None:
    cut = decide(Need(100, turns(100_000, 10)), USABLE)
    assert cut.first == 100_000 - 90
