"""Money: integer micro-credits inside, decimal strings outside, never a float."""

import re
from decimal import Decimal

MICRO = Decimal(1_000_000)
CREDITS = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?", re.ASCII)


def usd_text(amount: Decimal | None) -> str | None:
    """Write US dollars with six decimals, `None` (unpriced) stays `None`."""
    return None if amount is None else f"{amount:.6f}"


def credits_text(microcredits: int) -> str:
    """Write micro-credits as credits, without trailing zeros beyond four decimals."""
    text = f"{Decimal(microcredits) / MICRO:.6f}"
    return text[:-2] if text.endswith("00") else text


def microcredits_of(credits: str) -> int:
    """Read credits as they are written outside, as micro-credits; a minus is read too.

    Raises ValueError for what is no such number, or has more than six decimals.
    """
    if not CREDITS.fullmatch(credits):
        raise ValueError(f"'{credits}' is no amount of credits: at most 12 digits and 6 decimals")
    return int(Decimal(credits) * MICRO)
