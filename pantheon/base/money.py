"""Money: integer micro-credits inside, decimal strings outside, never a float."""

from decimal import Decimal

MICRO = Decimal(1_000_000)


def usd_text(amount: Decimal | None) -> str | None:
    """Write US dollars with six decimals, `None` (unpriced) stays `None`."""
    return None if amount is None else f"{amount:.6f}"


def credits_text(microcredits: int) -> str:
    """Write micro-credits as credits, without trailing zeros beyond four decimals."""
    text = f"{Decimal(microcredits) / MICRO:.6f}"
    return text[:-2] if text.endswith("00") else text
