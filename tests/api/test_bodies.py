"""Request bodies: unknown fields, NUL, infinities are refused; what is absent stays so."""

import pytest
from pydantic import ValidationError

from pantheon.api.bodies import Body


class _Example(Body):
    text: str = ""
    number: float = 0
    inner: dict[str, list[str]] | None = None


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"other": 1}, "Extra inputs are not permitted"),
        ({"text": "a\x00b"}, "NUL"),
        ({"inner": {"a": ["b\x00"]}}, "NUL"),
        ({"inner": {"a\x00": []}}, "NUL"),
        ({"text": "a\ud800é"}, "surrogate"),
        ({"inner": {"\udc00": []}}, "surrogate"),
        ({"number": float("nan")}, "finite"),
        ({"number": float("inf")}, "finite"),
    ],
)
def test_what_cannot_be_meant_is_refused(given, why):
    with pytest.raises(ValidationError, match=why):
        _Example.model_validate(given)


def test_changes_hold_what_was_given_and_nothing_else():
    assert _Example.model_validate({"text": ""}).changes() == {"text": ""}
    assert _Example.model_validate({}).changes() == {}
