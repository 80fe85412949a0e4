"""The base of all request bodies: unknown fields are refused, and so is what is no text."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, PlainValidator, model_validator

LONGEST_NAME = 200
LONGEST_TEXT = 200_000
DEEPEST = 32


class Body(BaseModel):
    """A request body."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _is_text(cls, given: Any) -> Any:
        _check(given)
        return given

    def changes(self) -> dict[str, Any]:
        """Return the fields that were given, for a PATCH: what is absent stays as it is."""
        return {name: getattr(self, name) for name in self.model_fields_set}


def _check(value: Any, depth: int = 0) -> None:
    if isinstance(value, str):
        if "\x00" in value or not (value.isascii() or _is_unicode(value)):
            raise ValueError("A text holds NUL or a lone surrogate, which cannot be stored")
    elif depth > DEEPEST:
        raise ValueError("It is nested too deeply")
    elif isinstance(value, dict):
        for key, held in value.items():
            _check(key, depth + 1)
            _check(held, depth + 1)
    elif isinstance(value, list):
        for held in value:
            _check(held, depth + 1)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _limit(value: object) -> int | str:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("A limit is a whole number, or 'credits' as a decimal string")
    return value


LimitValue = Annotated[int | str, PlainValidator(_limit, json_schema_input_type=int | str)]
"""What a limit may be; which it has to be is checked with its name."""


def absent() -> Any:
    """Stand for a field of a PATCH that was left out; given as `null` it is refused.

    For `Field(default_factory=absent)`: neither checked nor in the document as a default.
    """
    return None
