"""Checking a summary: what is not in the source goes, what matters and was left out comes back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantheon.context.digest import Digest, InvalidDigest, Item, load_digest, size
from pantheon.context.verify import Source, check, extract, marks

TURNS = {
    1: Source("The budget of Helios is 48,250 EUR.", "The budget of Helios is 48,250 EUR.\nNoted."),
    2: Source(
        "Call Dr. Meyer-Lüdenscheid on 2026-11-25.",
        "Call Dr. Meyer-Lüdenscheid on 2026-11-25.\n"
        'The file is /srv/data/plan_v2.xlsx, "as agreed".',
    ),
}


def digest(*facts: tuple[str, list[int]], summary: str = "They talked.", **more: object) -> Digest:
    items = [{"text": text, "turns": turns} for text, turns in facts]
    return load_digest({"summary": summary, "key_facts": items, **more})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The budget is 48,250 EUR.", ["EUR", "48,250"]),
        ("It says “as agreed”, and 5 %.", ["as agreed", "5"]),
        (
            "See https://a.example/x?y=1 or a@b.example.",
            ["https://a.example/x?y=1", "a@b.example"],
        ),
        ("Open src/app/main.py and /etc/hosts.", ["src/app/main.py", "/etc/hosts"]),
        ("We asked Anna Kovács about it.", ["Anna Kovács"]),
        ("Build max_tokens with AB-12.", ["max_tokens", "AB-12"]),
        ("On 2026-11-25 at 10:30.", ["2026-11-25", "10:30"]),
        ("nothing to hold on to", []),
    ],
)
def test_marks(text: str, found: list[str]) -> None:
    assert sorted(marks(text)) == sorted(found)


def test_an_item_whose_figure_is_not_there_is_dropped_and_counted() -> None:
    given_ = digest(("The budget is 48,250 EUR.", [1]), ("The budget is 8,250 EUR.", [1]))
    checked = check(given_, TURNS, None, 2_000)
    assert [item.text for item in checked.digest.key_facts] == ["The budget is 48,250 EUR."]
    assert checked.dropped == [
        {
            "field": "key_facts",
            "text": "The budget is 8,250 EUR.",
            "reason": "not in the source: 8,250",
        }
    ]


def test_a_wrong_turn_is_mended_and_an_unknown_one_dropped() -> None:
    given_ = digest(("The budget is 48,250 EUR.", [2]), ("All is well.", [9]))
    checked = check(given_, TURNS, None, 2_000)
    assert [(i.text, i.turns) for i in checked.digest.key_facts] == [
        ("The budget is 48,250 EUR.", [1])
    ]
    assert checked.dropped[0]["reason"] == "it names no turn of the source"


def test_sentences_of_the_prose_are_checked_too() -> None:
    given_ = digest(("They talked.", [1]), summary="Helios costs 48,250 EUR. It costs 99 EUR more.")
    checked = check(given_, TURNS, None, 2_000)
    assert checked.digest.summary == "Helios costs 48,250 EUR."
    assert [entry["field"] for entry in checked.dropped] == ["summary"]


def test_where_nothing_holds_it_is_no_summary() -> None:
    with pytest.raises(InvalidDigest, match="No key fact"):
        check(digest(("It costs 77 EUR.", [1])), TURNS, None, 2_000)
    with pytest.raises(InvalidDigest, match="At most 5 fit"):
        check(digest(("They talked.", [1])), TURNS, None, 5)


def test_what_the_model_left_out_is_taken_from_the_source() -> None:
    checked = check(digest(("They talked.", [1])), TURNS, None, 2_000)
    kept = " ".join(item.text for item in checked.digest.figures_and_names or ())
    for needle in ("48,250", "Meyer-Lüdenscheid", "2026-11-25", "/srv/data/plan_v2.xlsx"):
        assert needle in kept
    assert {t for i in checked.digest.figures_and_names or () for t in i.turns} == {1, 2}


def test_the_previous_summary_is_the_source_of_what_it_covers() -> None:
    older = digest(
        ("The code name is Helios.", [1]),
        figures_and_names=[{"text": "The port is 8340.", "turns": [1]}],
    )
    new = {7: Source("Now 12 people.", "Now 12 people.")}
    given_ = digest(("The code name is Helios.", [1]), ("They are 12 people.", [7]))
    checked = check(given_, new, older, 2_000)
    assert len(checked.digest.key_facts) == 2
    kept = " ".join(item.text for item in checked.digest.figures_and_names or ())
    assert "The port is 8340." in kept


@given(st.integers(60, 400))
def test_it_never_grows_beyond_its_bound(most: int) -> None:
    said = "\n".join(f"Item {i} costs {i * 37} EUR in /srv/file_{i}.txt." for i in range(60))
    checked = check(digest(("They talked.", [1])), {1: Source(said, said)}, None, most)
    assert size(checked.digest) <= most


def test_the_users_figures_come_before_agents_and_figures_before_names() -> None:
    found = sorted(extract({1: Source("Ask Bo. It is 5.", "Ask Bo. It is 5.\nOr 6.")}), key=str)
    assert {(rank, item.text) for rank, item in found} >= {(0, "It is 5."), (2, "Or 6.")}


@given(st.text(max_size=300))
def test_any_text_can_be_searched(text: str) -> None:
    assert all(isinstance(mark, str) for mark in marks(text))
    for _, item in extract({1: Source(text, text + "\n" + text)}):
        assert isinstance(item, Item)
