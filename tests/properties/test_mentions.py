"""The mention parser beside a text that grows by parts of which it is known what they tag."""

from collections.abc import Callable

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from pantheon.turns import mentions
from pantheon.turns.mentions import find_mentions
from tests.properties.machines import Machine, Place, Walk

KEYS = ["analyst", "critic", "critic-2", "x_1", "a"]
TAGS = st.sampled_from(KEYS)
UNKNOWN = st.from_regex(r"[a-z][a-z0-9_-]{0,10}[a-z0-9]", fullmatch=True).filter(
    lambda tag: tag not in KEYS and tag != "all"
)
CASES: list[Callable[[str], str]] = [str.lower, str.upper, str.title]
BEFORE = st.sampled_from(["", "(", '"', "– ", "¿"])
AFTER = st.sampled_from(["", ".", ", ", "?", ")", ":", "-", "_", "'s", "…"])
PROSE = st.text(st.characters(exclude_characters="`~@/.:+-_", exclude_categories=["Cs", "Cc"]))


class MentionsMachine(Machine):
    """A text, and whom it tags by the way in which it came about."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.text = ""
        self.keys: list[str] = []
        self.unknown: list[str] = []
        self.longest = 4

    def add(self, part: str) -> None:
        """Put a part behind a blank: no part changes what another one means."""
        self.text += f" {part} "

    @rule(words=PROSE)
    def prose(self, words: str) -> None:
        self.add(words)

    @rule(tag=TAGS, before=BEFORE, after=AFTER, case=st.sampled_from(CASES))
    def tag(self, tag: str, before: str, after: str, case: Callable[[str], str]) -> None:
        self.add(f"{before}@{case(tag)}{after}")
        self.keys.append(tag)

    @rule(tag=UNKNOWN, before=BEFORE)
    def tag_of_nobody(self, tag: str, before: str) -> None:
        self.add(f"{before}@{tag}")
        self.unknown.append(tag)

    @rule(before=BEFORE, after=AFTER)
    def everybody(self, before: str, after: str) -> None:
        self.add(f"{before}@all{after}")
        self.keys += KEYS

    @rule(tag=TAGS, words=PROSE, ticks=st.integers(1, 2))
    def code(self, tag: str, words: str, ticks: int) -> None:
        self.add(f"{'`' * ticks} {words} @{tag} {'`' * ticks}")

    @rule()
    def ticks_that_nothing_closes(self) -> None:
        self.longest += 1
        self.add("`" * self.longest)

    @rule(tag=TAGS, words=PROSE, fence=st.sampled_from(["```", "~~~", "~~~~"]))
    def block(self, tag: str, words: str, fence: str) -> None:
        self.text += f"\n{fence}\n{words} @{tag}\n{fence}\n"

    @rule(tag=TAGS, scheme=st.sampled_from(["https://", "ftp://", "www."]))
    def address(self, tag: str, scheme: str) -> None:
        self.add(f"{scheme}example.org/@{tag}")

    @rule(tag=TAGS)
    def mail(self, tag: str) -> None:
        self.add(f"{tag}@{tag}.org")

    @rule(tag=TAGS)
    def no_tag(self, tag: str) -> None:
        self.add(f"a@@{tag}")

    @invariant()
    def same(self) -> None:
        found = find_mentions(self.text, KEYS)
        assert list(found.keys) == list(dict.fromkeys(self.keys))
        assert list(found.unknown) == list(dict.fromkeys(self.unknown))


def test_a_text_tags_whom_its_parts_tag(walk: Walk) -> None:
    walk("the mention parser beside a text made of parts", MentionsMachine)


def test_without_blanking_code_the_parser_tags_too_many(
    walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: what stands in code tags as well."""
    monkeypatch.setattr(mentions, "_without_spans", lambda text: text)
    walk("the mention parser beside a text made of parts", MentionsMachine, without="spans")
