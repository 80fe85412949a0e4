"""What is known of a model beside its name."""

from decimal import Decimal

import pytest

from pantheon.base.settings import ModelSetting
from pantheon.providers import catalog
from pantheon.providers.catalog import Facts, make_model
from pantheon.providers.types import Price

OPENAI = "https://api.openai.com/v1"
PRICE = Price(Decimal(1), Decimal(2))


def test_nothing_known_is_a_small_window_and_no_price():
    model = make_model("lab/m", [Facts(), Facts()])
    assert (model.context_window, model.max_output_tokens) == (8_192, 4_096)
    assert (model.price, model.capabilities, model.available) == (None, frozenset(), True)


def test_the_first_source_that_knows_is_believed():
    model = make_model(
        "lab/m",
        [
            Facts(max_output_tokens=100, capabilities=frozenset({"tools"})),
            Facts(context_window=1_000, price=PRICE),
            Facts(9, 9, Price(Decimal(9), Decimal(9)), frozenset({"reasoning"})),
        ],
    )
    assert (model.context_window, model.max_output_tokens, model.price) == (1_000, 100, PRICE)
    assert model.capabilities == {"tools", "reasoning"}


def test_an_answer_is_never_longer_than_the_window():
    assert make_model("lab/m", [Facts(context_window=1_000)]).max_output_tokens == 500
    assert make_model("lab/m", [Facts(1_000, 5_000)]).max_output_tokens == 1_000


def test_a_price_of_zero_is_a_price():
    free = Price(Decimal(0), Decimal(0))
    assert make_model("lab/m", [Facts(price=free), Facts(price=PRICE)]).price == free


def test_the_operators_word():
    setting = ModelSetting.model_validate(
        {"id": "m", "context_window": 8_192, "price": {"input": "0.5", "output": "1.5"}}
    )
    assert catalog.from_setting(setting) == Facts(
        8_192, None, Price(Decimal("0.5"), Decimal("1.5"), None, "config")
    )


@pytest.mark.parametrize(
    "told",
    [
        {"max_model_len": "16"},
        {"max_model_len": -1},
        {"max_model_len": True},
        {"pricing": {"prompt": "-1", "completion": "-1"}},
        {"pricing": {"prompt": "NaN", "completion": "1"}},
        {"pricing": {"prompt": "x", "completion": "1"}},
        {"pricing": {"prompt": 0.1, "completion": 0.1}},
        {"pricing": "free"},
        {"top_provider": 7, "meta": [], "supported_parameters": {"tools": 1}},
    ],
)
def test_what_a_server_says_is_not_believed_blindly(told):
    assert catalog.from_server(told, "lab") == Facts()


def test_prices_per_token_become_prices_per_million():
    told = {"pricing": {"prompt": "0.00000015", "completion": "0.0000006"}}
    facts = catalog.from_server(told, "router")
    assert facts.price == Price(Decimal("0.15"), Decimal("0.6"), None, "router")


def test_the_price_list_knows_openais_models():
    facts = catalog.from_price_list(OPENAI, "gpt-4o-mini")
    assert facts.price is not None
    assert (facts.price.input, facts.price.output) == (Decimal("0.15"), Decimal("0.6"))
    assert facts.price.version.startswith("genai-prices ")
    assert (facts.context_window, facts.max_output_tokens) == (128_000, 16_384)


def test_a_price_that_depends_on_the_length_of_the_prompt_is_the_usual_one():
    google = "https://generativelanguage.googleapis.com/v1beta/openai"
    assert catalog.from_price_list(google, "gemini-2.5-pro").price.input == Decimal("1.25")


def test_a_model_that_the_list_does_not_know_has_no_price():
    facts = catalog.from_price_list(OPENAI, "no-such-model")
    assert (facts.price, facts.context_window) == (None, None)


@pytest.mark.parametrize(
    "base_url",
    ["http://127.0.0.1:8001/v1", "http://localhost:1", "http://gpu/v1", "http://gpu.internal/v1"],
)
def test_a_server_of_ones_own_is_not_in_the_list(base_url):
    assert catalog.from_price_list(base_url, "gpt-4o-mini") == Facts()


@pytest.mark.parametrize(
    ("name", "chats"),
    [
        ("gpt-4o", True),
        ("o3-mini", True),
        ("chatgpt-4o-latest", True),
        ("text-embedding-3-small", False),
        ("gpt-4o-mini-tts", False),
        ("whisper-1", False),
        ("gpt-image-1", False),
        ("omni-moderation-latest", False),
    ],
)
def test_models_that_do_not_chat_are_left_out_of_openais_list(name, chats):
    assert catalog.chats(OPENAI, name) is chats
    assert catalog.chats("http://127.0.0.1/v1", name)
