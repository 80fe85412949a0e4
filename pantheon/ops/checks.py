"""What a check of the books is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """An invariant: its id in the docs, what it says, and a query for the rows that break it."""

    id: str
    says: str
    query: str
