"""The built-in demo."""

import asyncio

import pytest

from pantheon.providers import demo
from pantheon.providers.demo import DISCLAIMER, FREE, VOICES, WORDS_PER_SECOND, DemoProvider
from pantheon.providers.types import Failure
from tests.providers.asking import ask, request

QUESTION = '<message from="user">\nShall we {move}?\n</message>'
EARLIER = (
    '\n\n<message from="@ana">\nYes.\n</message>'
    '\n\n<message from="@bob">\nNo.\n</message>'
    '\n\n<message from="@cleo" status="failed">Out of time</message>'
)


@pytest.fixture
def unpaced(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """No pause is made; the pauses that would have been are listed."""
    pauses: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        await real(0)

    monkeypatch.setattr(demo.asyncio, "sleep", sleep)
    return pauses


@pytest.mark.parametrize("voice", VOICES)
async def test_the_same_question_has_the_same_answer_which_says_what_it_is(voice, unpaced):
    first, second = [await ask(DemoProvider(), request(voice, QUESTION)) for _ in range(2)]
    assert first.text == second.text
    assert "Shall we (move)?" in first.text
    assert first.text.endswith(DISCLAIMER)
    assert first.end.finish_reason == "stop"
    assert first.end.usage.output_tokens == len(first.text.split())


@pytest.mark.parametrize("voice", VOICES)
async def test_it_tells_whom_it_has_read_and_who_failed(voice, unpaced):
    text = (await ask(DemoProvider(), request(voice, QUESTION + EARLIER))).text
    assert "I have read @ana and @bob" in text
    assert "@cleo could not answer" in text


async def test_only_what_was_said_since_the_last_question_counts(unpaced):
    again = QUESTION + EARLIER + '\n\n<message from="user">\nAnd when?\n</message>'
    text = (await ask(DemoProvider(), request("fast", again))).text
    assert "And when?" in text
    assert "@ana" not in text


async def test_the_voices_differ(unpaced):
    texts = {(await ask(DemoProvider(), request(voice, QUESTION))).text for voice in VOICES}
    assert len(texts) == len(VOICES)


@pytest.mark.parametrize("voice", ["analyst", "skeptic", "editor"])
async def test_it_speaks_at_a_human_pace(voice, unpaced):
    answer = await ask(DemoProvider(), request(voice, QUESTION))
    words = len(answer.text.split())
    assert 25 <= WORDS_PER_SECOND <= 40
    assert sum(unpaced) == pytest.approx(words / WORDS_PER_SECOND, rel=0.05)
    assert 1 < sum(unpaced) < 5


async def test_the_fast_voice_makes_no_pause(unpaced):
    await ask(DemoProvider(), request("fast", QUESTION))
    assert unpaced == []


async def test_a_limit_cuts_the_answer(unpaced):
    answer = await ask(DemoProvider(), request("analyst", QUESTION, max_output_tokens=9))
    assert (answer.end.finish_reason, answer.end.usage.output_tokens) == ("length", 9)


async def test_the_failing_model_fails_with_its_code():
    answer = await ask(DemoProvider(), request("failing", QUESTION))
    assert isinstance(answer.end, Failure)
    assert (answer.end.code, answer.end.retryable) == ("demo_failure", False)


async def test_another_name_is_no_model():
    answer = await ask(DemoProvider(), request("nobody", QUESTION))
    assert answer.end.code == "model_not_found"


async def test_all_models_are_free():
    models = await DemoProvider().list_models()
    assert [model.id for model in models] == [
        "demo/analyst", "demo/skeptic", "demo/editor", "demo/fast", "demo/failing",
    ]  # fmt: skip
    assert all(model.price == FREE and model.price.input == 0 for model in models)
