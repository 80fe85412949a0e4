"""The terms of a turn: whether it is billed, and the price of each of its models."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self
from uuid import UUID

from pantheon.base.errors import ProblemType
from pantheon.db.pool import Connection
from pantheon.ledger import price_books
from pantheon.ledger.prices import Tariff
from pantheon.providers.types import Model, Price

MODEL_UNPRICED = ProblemType("model_unpriced", 422, "No price is known for this model")

OFF, WARN, ENFORCE = "off", "warn", "enforce"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a turn freezes of billing. A model without a tariff is unpriced.

    `tariffs` is `None` for a turn that was accepted before there were any: what holds now counts.
    `reserve_microcredits` is kept free for a synthesis while other steps are paid.
    """

    enforcement: str = OFF
    tariffs: Mapping[str, Tariff] | None = None
    reserve_microcredits: int = 0

    @property
    def billed(self) -> bool:
        """Whether calls are paid from the wallet."""
        return self.enforcement != OFF

    def tariff(self, model: Model) -> Tariff | None:
        """Return what a model costs, `None` where it is unpriced."""
        if self.tariffs is None:
            return None if model.price is None else Tariff(model.price)
        return self.tariffs.get(model.id)

    def dump(self) -> dict[str, Any]:
        """Return it as it is stored."""
        return {
            "enforcement": self.enforcement,
            "tariffs": self.tariffs
            and {model: tariff.dump() for model, tariff in self.tariffs.items()},
            "reserve": self.reserve_microcredits,
        }

    @classmethod
    def load(cls, stored: Mapping[str, Any] | None) -> Self:
        """Read what `dump` wrote; a turn of a time before billing has none."""
        if stored is None:
            return cls()
        told = stored["tariffs"]
        tariffs = None
        if told is not None:
            tariffs = {model: Tariff.load(tariff) for model, tariff in told.items()}
        return cls(stored["enforcement"], tariffs, stored["reserve"])


UNBILLED = Terms()
"""The terms of a turn of a time before there were any."""


async def terms_now(
    conn: Connection,
    workspace_id: UUID,
    catalogue: Mapping[str, Price | None],
    enforcement: str,
    book_id: UUID | None,
) -> Terms:
    """Return the terms that hold now for some models, whose prices of the catalogue are given.

    `enforcement` and the book that is valid come along with a statement that is made anyway; a
    book is read once by each process. Raises `model_unpriced` where credits are enforced.
    """
    book = await price_books.load(conn, workspace_id, book_id)
    tariffs = {}
    for model_id, listed in catalogue.items():
        price = book.lines.get(model_id, listed) if book else listed
        if price is not None:
            rate, margin = (
                (book.credits_per_usd, book.margin_percent) if book else (Decimal(1), Decimal(0))
            )
            tariffs[model_id] = Tariff(price, rate, margin)
        elif enforcement == ENFORCE:
            raise MODEL_UNPRICED(
                f"'{model_id}' has no price, and credits are enforced. Let the operator give it one"
                " in a price book, or choose another model.",
                model=model_id,
            )
    return Terms(enforcement, tariffs)


async def read_terms(
    conn: Connection, workspace_id: UUID, catalogue: Mapping[str, Price | None]
) -> Terms:
    """Return the terms for a call outside of turns. Raises `model_unpriced`."""
    cursor = await conn.execute(
        """
        SELECT coalesce((
            SELECT enforcement FROM wallets WHERE workspace_id = %(workspace)s
        ), 'off'), (
            SELECT id FROM price_books
            WHERE workspace_id = %(workspace)s AND valid_from <= clock_timestamp()
            ORDER BY valid_from DESC, version DESC LIMIT 1
        )
        """,
        {"workspace": workspace_id},
    )
    row = await cursor.fetchone()
    assert row is not None
    return await terms_now(conn, workspace_id, catalogue, *row)
