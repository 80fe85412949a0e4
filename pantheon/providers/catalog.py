"""What is known of a model beside its name: window, longest answer, price, from several sources."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib.metadata import version
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from pantheon.base import clock
from pantheon.base.settings import ModelSetting
from pantheon.providers.types import Model, Price

UNKNOWN_WINDOW = 8_192
UNKNOWN_OUTPUT = 4_096
PER_MILLION = Decimal(1_000_000)

# The longest answers, which the price list does not tell; by OpenAI's model pages.
OUTPUTS = (
    ("gpt-3.5", 4_096),
    ("gpt-4o", 16_384),
    ("gpt-4.1", 32_768),
    ("gpt-4", 4_096),
    ("gpt-5", 128_000),
    ("gpt-6", 128_000),
    ("o1", 100_000),
    ("o3", 100_000),
    ("o4", 100_000),
)
OPENAI_HOST = "api.openai.com"
# Older than structured outputs: https://platform.openai.com/docs/guides/structured-outputs
NO_SCHEMA = ("gpt-3.5", "gpt-4-", "gpt-4o-2024-05-13")

# Models that OpenAI lists and that do not chat.
NO_CHAT = (
    "ada", "audio", "babbage", "computer-use", "curie", "dall-e", "davinci", "deep-research",
    "embedding", "image", "instruct", "live", "moderation", "realtime", "sora", "transcribe",
    "translate", "tts", "whisper",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Facts:
    """What one source says of a model. `None`: it does not say."""

    context_window: int | None = None
    max_output_tokens: int | None = None
    price: Price | None = None
    capabilities: frozenset[str] = frozenset()


def make_model(model_id: str, sources: Sequence[Facts]) -> Model:
    """Return a model of which each thing is told by the first source that knows it.

    An unknown window is taken as small, an unknown price stays unknown: never as 0.
    """
    window = _first([facts.context_window for facts in sources]) or UNKNOWN_WINDOW
    output = _first([facts.max_output_tokens for facts in sources])
    prices = [facts.price for facts in sources if facts.price is not None]
    return Model(
        model_id,
        window,
        min(output or UNKNOWN_OUTPUT, window // 2 if output is None else window),
        frozenset().union(*(facts.capabilities for facts in sources)),
        prices[0] if prices else None,
    )


def from_setting(setting: ModelSetting) -> Facts:
    """Return what the operator says of a model."""
    told = setting.price
    price = None if told is None else Price(**told.model_dump())
    return Facts(
        setting.context_window, setting.max_output_tokens, price, frozenset(setting.capabilities)
    )


def from_server(told: dict[str, Any], source: str) -> Facts:
    """Return what a server's list says of a model, as far as servers agree on names.

    vLLM tells `max_model_len`, llama.cpp `meta.n_ctx_train`, OpenRouter windows, longest answers
    and prices per token. `source` names the price list.
    """
    top = _dict(told.get("top_provider"))
    window = _first(
        [
            _positive(told.get("max_model_len")),
            _positive(told.get("context_length")),
            _positive(told.get("context_window")),
            _positive(_dict(told.get("meta")).get("n_ctx_train")),
        ]
    )
    asked = told.get("supported_parameters")
    capabilities = {"tools", "reasoning", "structured_outputs"}.intersection(
        name for name in (asked if isinstance(asked, list) else []) if isinstance(name, str)
    )
    return Facts(
        window,
        _positive(top.get("max_completion_tokens")),
        _price_per_token(_dict(told.get("pricing")), source),
        frozenset(capabilities),
    )


def from_price_list(base_url: str, name: str) -> Facts:
    """Return what the built-in price list says of a model at this address.

    The list is loaded when a public address is first asked for: 0.3 s and 17 MB.
    """
    host = urlsplit(base_url).hostname or ""
    if not _is_public_name(host):
        return Facts()
    longest = next((most for start, most in OUTPUTS if name.startswith(start)), None)
    found = _listed(base_url, name)
    if host == OPENAI_HOST:
        can = frozenset({"tools"})
        if not name.startswith(NO_SCHEMA):
            can |= {"structured_outputs"}
        return Facts(found.context_window, found.max_output_tokens or longest, found.price, can)
    return found


def chats(base_url: str, name: str) -> bool:
    """Say whether a listed model answers chats. Only OpenAI lists others among them."""
    if urlsplit(base_url).hostname != OPENAI_HOST:
        return True
    return not any(word in name for word in NO_CHAT)


@cache
def _listed(base_url: str, name: str) -> Facts:
    from genai_prices.data_snapshot import get_snapshot
    from genai_prices.types import TieredPrices

    try:
        _, model = get_snapshot().find_provider_model(name, None, None, base_url)
    except LookupError:
        return Facts()
    prices = model.get_prices(clock.now().astimezone(UTC))

    def rate(name: str) -> Decimal | None:
        value = getattr(prices, name, None)
        # Some models cost more for very long prompts: the usual rate counts.
        return value.base if isinstance(value, TieredPrices) else value

    input_rate, output_rate = rate("input_mtok"), rate("output_mtok")
    price = None
    if input_rate is not None and output_rate is not None:
        source = f"genai-prices {version('genai-prices')}"
        price = Price(
            input_rate,
            output_rate,
            rate("cache_read_mtok"),
            source,
            cache_write=rate("cache_write_mtok"),
            reasoning=rate("output_reasoning_mtok"),
            request=(rate("requests_kcount") or Decimal(0)) / 1000,
            tool_call=(rate("web_searches_kcount") or Decimal(0)) / 1000,
        )
    return Facts(model.context_window, None, price)


def _price_per_token(told: dict[str, Any], source: str) -> Price | None:
    rates = [_rate(told.get(name)) for name in ("prompt", "completion", "input_cache_read")]
    if rates[0] is None or rates[1] is None:
        return None
    return Price(rates[0], rates[1], rates[2], source)


def _rate(value: Any) -> Decimal | None:
    """Read US dollars per token, written as text; less than 0 means that it varies."""
    try:
        rate = Decimal(value) * PER_MILLION if isinstance(value, str) else None
    except InvalidOperation:
        return None
    return rate if rate is not None and rate.is_finite() and rate >= 0 else None


def _is_public_name(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return "." in host and not host.endswith((".local", ".internal", ".localhost"))
    return False


def _first(values: Sequence[int | None]) -> int | None:
    return next((value for value in values if value is not None), None)


def _positive(value: Any) -> int | None:
    return value if type(value) is int and value > 0 else None


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
