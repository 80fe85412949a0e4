"""Counting: the estimate from above for what people write, the tokenizer offline, any text."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantheon.context import tokens

UUIDS = json.dumps([{"id": f"8e{n:06x}-1f2b-7c3d-9e4f-a0b1c2d3e4{n:02x}"} for n in range(64)])
TEXTS = {
    "prose": "The contract runs for twelve months and can be ended early in special cases. " * 8,
    "code": "def load(self, path: str) -> dict[str, int]:\n    return loads(open(path).read())\n",
    "json": UUIDS,
    "german": "Der Vertrag läuft über zwölf Monate und enthält außergewöhnliche Fristen. " * 8,
    "russian": "Договор заключён на двенадцать месяцев и содержит условия расторжения. " * 8,
    "chinese": "该合同期限为十二个月，并包含在特殊情况下提前终止的条款。请在周五之前确认。" * 8,
    "japanese": "この契約の期間は十二か月であり、例外的な状況における条項を含みます。" * 8,
    "arabic": "مدة العقد اثنا عشر شهرا ويتضمن شروط الإنهاء المبكر في ظروف استثنائية. " * 8,
    "hindi": "अनुबंध की अवधि बारह महीने है और इसमें असाधारण परिस्थितियों की शर्तें शामिल हैं। " * 8,
    "emoji": "😀🎉👩‍💻🚀🏳️‍🌈🧪🫠👨‍👩‍👧‍👦❤️" * 40,
}


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tokenizer, for this test only: others count as a process does that never needed it."""
    tokens.load()
    known = dict(tokens._known)
    monkeypatch.setattr(tokens, "_known", known)


@pytest.fixture(autouse=True, scope="module")
def _forget():
    yield
    tokens._known.clear()


@pytest.mark.parametrize(
    ("text", "count"), [("", 0), ("abcdefg", 2), ("a b", 1), ("漢字", 4), ("123", 3), ("é", 1)]
)
def test_sevenths_by_kind(text: str, count: int) -> None:
    assert tokens.estimate(text) == count


@pytest.mark.parametrize("kind", TEXTS)
def test_the_estimate_is_from_above(loaded: None, kind: str) -> None:
    exact = tokens.exact_count(TEXTS[kind])
    assert exact is not None
    assert exact <= tokens.estimate(TEXTS[kind]) <= 6 * exact


def test_the_ranks_are_the_ones_of_the_library(loaded: None) -> None:
    # From tiktoken's own tests of o200k_base.
    assert tokens.exact_count("hello world") == 2
    assert tokens.exact_count("x" * 30) == len(
        tokens._known[tokens.O200K].encode_ordinary("x" * 30)
    )
    assert tokens._known[tokens.O200K].encode_ordinary("hello world") == [24912, 2375]


@given(st.text(alphabet=st.characters(), max_size=300))
def test_any_text_has_a_count(text: str) -> None:
    tokens.load()
    exact = tokens.exact_count(text)
    assert exact is not None
    assert 0 <= exact <= 4 * len(text) + 1
    assert tokens.estimate(text) >= 0


@pytest.mark.parametrize("text", ["^" * 1_000_000, " " * 1_000_000, "\ud800" * 9, "漢" * 300_000])
def test_long_and_strange_texts_are_counted_in_pieces(loaded: None, text: str) -> None:
    started = time.process_time()
    assert tokens.exact_count(text)
    assert tokens.estimate(text)
    # Not a figure of speed: a search that goes back for each character would take hours.
    assert time.process_time() - started < 30


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("openai/gpt-4o-mini", tokens.O200K),
        ("openai/gpt-5.2", tokens.O200K),
        ("openai/o3-mini", tokens.O200K),
        ("openrouter/openai/gpt-4.1", tokens.O200K),
        ("openai/gpt-4-turbo", None),
        ("openrouter/anthropic/claude-5", None),
        ("lab/solo1", None),
        ("demo/fast", None),
    ],
)
def test_families_by_name(model: str, family: str | None) -> None:
    assert tokens.family_of(model) == family


def test_a_meter_counts_by_what_is_stored_and_corrects_it(loaded: None) -> None:
    assert tokens.meter("openai/gpt-4o").count("not counted again", 99, 7) == 7
    assert tokens.meter("openai/gpt-4o").count("hello world", 99, None) == 2
    assert tokens.meter("lab/m1").count("not counted again", 99, 7) == 99
    assert tokens.meter("lab/m1", ratio=0.5).count("", 99, 7) == 50
    assert tokens.meter("lab/m1", ratio=1.5).text("abcdefg") == 3


def test_without_the_tokenizer_its_models_are_estimated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_known", {})
    assert tokens.exact_count("hello") is None
    assert tokens.meter("openai/gpt-4o").family is None
