"""The most that a request can use, from what is known before it is sent."""

from collections.abc import Mapping
from math import ceil
from typing import Any

from pantheon.providers.types import Model

# What is counted here is counted from above, by a tokenizer that may not be the model's; a schema,
# labels and a chat template come on top of it. docs/billing.md tells how wide that is.
READ_FACTOR = 1.5
READ_BESIDE = 1_000


def most_read(counted: int, window: int, body_bytes: int | None = None) -> int:
    """Return how many tokens a provider can report for a request that we counted as so many.

    No more than fit its window; and no tokenizer finds more tokens in a body than it has bytes.
    """
    most = min(ceil(counted * READ_FACTOR) + READ_BESIDE, window)
    return most if body_bytes is None else min(most, body_bytes)


def most_written(parameters: Mapping[str, Any], model: Model) -> int:
    """Return how many tokens an answer can have: what is asked for, or what the model can."""
    asked = parameters.get("max_output_tokens")
    return min(int(asked), model.max_output_tokens) if asked else model.max_output_tokens
