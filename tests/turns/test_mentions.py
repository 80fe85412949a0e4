"""Mentions: what tags whom, and what is no tag."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantheon.turns.mentions import find_mentions, near_keys

KEYS = ["analyst", "critic", "critic-2", "x_1"]


@pytest.mark.parametrize(
    ("text", "found", "unknown"),
    [
        ("@analyst what?", ["analyst"], []),
        ("@Analyst and @CRITIC", ["analyst", "critic"], []),
        ("@critic @analyst @critic", ["critic", "analyst"], []),
        ("(@critic), @analyst!", ["critic", "analyst"], []),
        ("@critic-2 not @critic", ["critic-2", "critic"], []),
        ("@critic- and @critic_", ["critic"], []),
        ("@critics", [], ["critics"]),
        ("@all", KEYS, []),
        ("@x_1 @all", ["x_1", "analyst", "critic", "critic-2"], []),
        ("mail me: a@analyst.org or analyst@critic.com", [], []),
        ("see https://host/@analyst and www.x.org/@critic", [], []),
        ("`@analyst` and ``@critic `x` ``", [], []),
        ("```\n@analyst\n```\n@critic", ["critic"], []),
        ("~~~python\n@analyst\n", [], []),
        ("a@@analyst", [], []),
        ("@nobody @analyst", ["analyst"], ["nobody"]),
        ("", [], []),
    ],
)
def test_tags(text: str, found: list[str], unknown: list[str]) -> None:
    mentions = find_mentions(text, KEYS)
    assert list(mentions.keys) == found
    assert list(mentions.unknown) == unknown


@given(st.text())
def test_any_text_gives_known_keys_once(text: str) -> None:
    keys = find_mentions(text, KEYS).keys
    assert len(set(keys)) == len(keys)
    assert set(keys) <= set(KEYS)


@given(st.lists(st.sampled_from(KEYS), min_size=1), st.sampled_from([" ", "\n", ", ", "? "]))
def test_every_tag_in_prose_is_found_in_order(tags: list[str], between: str) -> None:
    text = between.join(f"@{tag}" for tag in tags)
    assert list(find_mentions(text, KEYS).keys) == list(dict.fromkeys(tags))


def test_near_keys_suggest_and_nothing_more() -> None:
    assert near_keys("analist", KEYS) == ["analyst"]
    assert near_keys("zzz", KEYS) == []


@pytest.mark.parametrize(
    "text",
    ["x" * 200_000, "`" * 200_000, "~" * 200_000, "`a" * 100_000, "a." * 100_000, "~~~\n" * 50_000],
)
def test_the_longest_text_is_read_in_one_pass(text: str) -> None:
    # It took minutes once: each pattern was tried again from each of its characters.
    before = time.process_time()
    assert find_mentions(text + " @analyst", KEYS).keys in ((), ("analyst",))
    assert time.process_time() - before < 5
