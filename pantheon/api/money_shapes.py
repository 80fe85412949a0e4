"""The shapes of money in the contract, for its documentation only."""

from typing import Literal

from pydantic import BaseModel, Field

Id = str
Time = str
Mode = Literal["off", "warn", "enforce"]


class Wallet(BaseModel):
    """The workspace's credits; `available` is the balance without what runs has reserved."""

    balance: str
    reserved: str
    available: str
    low_balance: bool = Field(description="Credits count, and the balance is below `low_below`.")
    low_below: str
    enforcement: Mode


class TopUp(BaseModel):
    """Credits that are to be paid for, at `url`."""

    id: Id
    amount_usd: str
    credits: str
    url: str | None
    paid: bool
    created_at: Time


class Transaction(BaseModel):
    """A movement of the wallet: what it did to the balance, and to what is reserved of it."""

    id: Id
    kind: Literal[
        "grant", "correction", "top_up", "refund", "dispute", "hold", "raise", "charge", "release"
    ]
    credits: str
    reserved: str
    hold_id: Id | None
    call_id: Id | None
    user_id: Id | None
    reason: str | None
    reference: str | None
    month: str = Field(description="The month that it counts to, as 2026-01.")
    created_at: Time


class Transactions(BaseModel):
    """A page of movements."""

    items: list[Transaction]
    next_cursor: str | None


class Budget(BaseModel):
    """How much may be used in a turn, a day or a month. A turn's has no `spent` of its own."""

    id: Id
    scope: Literal["workspace", "user", "room", "agent", "session"]
    scope_id: Id
    period: Literal["turn", "day", "month"]
    since: str | None = Field(description="The first day of the running day or month.")
    limit: str
    spent: str | None
    reserved: str | None
    free: str | None
    created_at: Time
    updated_at: Time
    version: int


class Budgets(BaseModel):
    """A page of budgets."""

    items: list[Budget]
    next_cursor: str | None


class PriceLine(BaseModel):
    """A model's prices: US dollars per million tokens, per request, per call of a tool."""

    model: str
    source: str = Field(description="`operator`, or the catalogue that it was taken from.")
    input: str
    cached_input: str | None
    cache_write: str | None
    output: str
    reasoning: str | None
    request: str
    tool_call: str


class PriceBook(BaseModel):
    """A version of the prices; none is ever changed."""

    id: Id
    version: int
    valid_from: Time
    credits_per_usd: str
    margin_percent: str
    reason: str
    prices: list[PriceLine]
    user_id: Id
    created_at: Time


class ListedPriceBook(BaseModel):
    """A version in the list; `valid` is the one that turns are accepted with now."""

    id: Id
    version: int
    valid_from: Time
    valid: bool
    credits_per_usd: str
    margin_percent: str
    reason: str
    models: int
    user_id: Id
    created_at: Time


class PriceBooks(BaseModel):
    """A page of versions."""

    items: list[ListedPriceBook]
    next_cursor: str | None


class Repriced(BaseModel):
    """What a model's past calls cost and charged, and would have by another version."""

    model: str
    calls: int
    cost_usd: str
    credits: str
    would_cost_usd: str | None = Field(description="`null`: that version has no price for it.")
    would_charge: str | None


class Repricing(BaseModel):
    """A report; nothing is charged anew."""

    items: list[Repriced]


class MonthSum(BaseModel):
    """What the movements of one kind in a month sum to, account by account."""

    kind: str
    rows: int
    wallet: str
    held: str
    revenue: str
    provider_cost: str
    grants: str


class Month(BaseModel):
    """A month that is closed: its sums are final."""

    month: str
    totals: list[MonthSum]
    user_id: Id
    closed_at: Time


class Months(BaseModel):
    """The closed months, the latest first."""

    items: list[Month]
    next_cursor: str | None


class Checked(BaseModel):
    """An invariant of the books, and what breaks it: how many rows, and some of them."""

    id: str
    says: str
    drift: int
    rows: list[str]


class Reconciliation(BaseModel):
    """The books of the workspace against themselves; `ok`: nothing breaks an invariant."""

    ok: bool
    checked_at: Time
    items: list[Checked]


class InvoiceFigures(BaseModel):
    """What a provider says, or how far that is from the ledger; `null`: it does not say."""

    calls: int | None
    input_tokens: int | None
    cached_input_tokens: int | None
    output_tokens: int | None
    cost_usd: str | None


class BookedFigures(InvoiceFigures):
    """What the ledger has, and what explains most drifts."""

    lost_calls: int
    unpriced_calls: int
    estimated: bool


class InvoiceItem(BaseModel):
    """A model on a day, or in all where the invoice tells no days."""

    day: str | None
    model: str
    ours: BookedFigures
    theirs: InvoiceFigures | None
    drift: InvoiceFigures
    agrees: bool


class InvoiceCheck(BaseModel):
    """An invoice beside the ledger; `drift` is its sum."""

    provider: str
    from_: str = Field(alias="from")
    to: str
    items: list[InvoiceItem]
    drift: InvoiceFigures
    agrees: bool
