"""The base of all request bodies: unknown fields are refused, and so is what is no text."""

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

LONGEST_NAME = 200
LONGEST_TEXT = 200_000


class Body(BaseModel):
    """A request body."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nul(cls, given: Any) -> Any:
        # Lone surrogates are refused by pydantic itself.
        if _holds_nul(given):
            raise ValueError("A text holds the character NUL, which cannot be stored")
        return given

    def changes(self) -> dict[str, Any]:
        """Return the fields that were given, for a PATCH: what is absent stays as it is."""
        return {name: getattr(self, name) for name in self.model_fields_set}


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(_holds_nul(key) or _holds_nul(held) for key, held in value.items())
    if isinstance(value, list):
        return any(map(_holds_nul, value))
    return False


def absent() -> Any:
    """Stand for a field of a PATCH that was left out; given as `null` it is refused.

    For `Field(default_factory=absent)`: neither checked nor in the document as a default.
    """
    return None
