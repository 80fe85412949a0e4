"""What a request cost, and what is charged for it: tokens times the prices it was accepted with."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_UP, Context, Decimal
from typing import Any, Self

from pantheon.base.money import MICRO
from pantheon.providers.types import Price, TokenUsage

MILLION = Decimal(1_000_000)
HUNDRED = Decimal(100)
NANO = Decimal("1e-9")
# Wide enough that no product of tokens, prices, rate and margin is rounded on the way.
EXACT = Context(prec=80)


@dataclass(frozen=True, slots=True)
class Line:
    """One unit of a request: how many of it, its price, and its part of the cost in US dollars.

    The price of tokens is per million, that of requests and of calls of tools is for each.
    """

    unit: str
    quantity: int
    price: Decimal
    usd: Decimal


@dataclass(frozen=True, slots=True)
class Tariff:
    """What a model costs and what is charged for it: prices, US dollars to credits, margin."""

    price: Price
    credits_per_usd: Decimal = Decimal(1)
    margin_percent: Decimal = Decimal(0)

    def dump(self) -> dict[str, Any]:
        """Return it as a turn keeps it."""
        names = Price.__slots__
        return {
            "price": {name: _text(getattr(self.price, name)) for name in names},
            "credits_per_usd": _text(self.credits_per_usd),
            "margin_percent": _text(self.margin_percent),
        }

    @classmethod
    def load(cls, stored: Mapping[str, Any]) -> Self:
        """Read what `dump` wrote."""
        price: dict[str, Any] = {
            name: value if value is None or name == "version" else Decimal(value)
            for name, value in stored["price"].items()
        }
        rate, margin = Decimal(stored["credits_per_usd"]), Decimal(stored["margin_percent"])
        return cls(Price(**price), rate, margin)


def price_lines(usage: TokenUsage, price: Price) -> list[Line]:
    """Return what a request used, unit by unit, each at its price; units it used none of are left.

    Tokens that came from the provider's cache, or went into it, are part of the input, and
    reasoning is part of the output: they cost a price of their own where there is one.
    """
    used = (
        (
            "input",
            usage.input_tokens - usage.cached_input_tokens - usage.cache_write_tokens,
            price.input,
        ),
        ("cached_input", usage.cached_input_tokens, _or(price.cached_input, price.input)),
        ("cache_write", usage.cache_write_tokens, _or(price.cache_write, price.input)),
        ("output", usage.output_tokens - usage.reasoning_tokens, price.output),
        ("reasoning", usage.reasoning_tokens, _or(price.reasoning, price.output)),
    )
    lines = [
        Line(unit, count, each, EXACT.multiply(count, each).scaleb(-6, EXACT))
        for unit, count, each in used
        if count
    ]
    if price.request and usage != TokenUsage():
        lines.append(Line("request", 1, price.request, price.request))
    if price.tool_call and usage.tool_calls:
        usd = EXACT.multiply(usage.tool_calls, price.tool_call)
        lines.append(Line("tool_call", usage.tool_calls, price.tool_call, usd))
    return lines


def cost_usd(usage: TokenUsage, price: Price | None) -> Decimal | None:
    """Return the cost of `usage` in US dollars, `None` where the model has no price.

    The sum of its lines, rounded half up to nine decimals.
    """
    if price is None:
        return None
    total = Decimal(0)
    for line in price_lines(usage, price):
        total = EXACT.add(total, line.usd)
    return total.quantize(NANO, ROUND_HALF_UP, EXACT)


def worst_usd(input_tokens: int, output_tokens: int, price: Price) -> Decimal:
    """Return the most that a request of so many tokens can cost in US dollars.

    Every token at the dearest price that one of its kind can have.
    """
    read = max(
        price.input, _or(price.cached_input, price.input), _or(price.cache_write, price.input)
    )
    written = max(price.output, _or(price.reasoning, price.output))
    dearest = Price(read, written, request=price.request)
    cost = cost_usd(TokenUsage(input_tokens, 0, output_tokens), dearest)
    assert cost is not None
    return cost


def microcredits(cost: Decimal | None, tariff: Tariff | None = None) -> int:
    """Return what a cost in US dollars charges, in micro-credits, with rate and margin.

    Rounded up, so that a charge never falls below the cost. Without a tariff one credit is one
    dollar.
    """
    if cost is None:
        return 0
    if tariff is None:
        return int((cost * MICRO).to_integral_value(ROUND_CEILING))
    with_margin = EXACT.multiply(cost, HUNDRED + tariff.margin_percent).scaleb(-2, EXACT)
    charge = EXACT.multiply(EXACT.multiply(with_margin, tariff.credits_per_usd), MICRO)
    return int(charge.to_integral_value(ROUND_CEILING))


def cost_microcredits(cost: Decimal | None, tariff: Tariff) -> int:
    """Return a cost in US dollars as micro-credits, without margin, rounded half up."""
    if cost is None:
        return 0
    exact = EXACT.multiply(EXACT.multiply(cost, tariff.credits_per_usd), MICRO)
    return int(exact.to_integral_value(ROUND_HALF_UP))


def pricing_of(usage: TokenUsage, tariff: Tariff | None) -> dict[str, Any] | None:
    """Return what a call event keeps of its price: the lines used, rate and margin."""
    if tariff is None:
        return None
    lines = [
        {
            "unit": line.unit,
            "quantity": line.quantity,
            "price": _text(line.price),
            "usd": _text(line.usd.normalize(EXACT)),
        }
        for line in price_lines(usage, tariff.price)
        if line.price
    ]
    return {
        "lines": lines,
        "credits_per_usd": _text(tariff.credits_per_usd),
        "margin_percent": _text(tariff.margin_percent),
    }


def _or(price: Decimal | None, otherwise: Decimal) -> Decimal:
    return otherwise if price is None else price


def _text(value: Decimal | str | None) -> str | None:
    return format(value, "f") if isinstance(value, Decimal) else value
