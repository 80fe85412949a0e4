"""What tests of providers look at: a refusal, and what is told of a provider."""

import pytest

from pantheon.base.errors import Problem
from pantheon.providers.registry import Providers


def refused(providers: Providers, model_id: str, **more) -> Problem:
    with pytest.raises(Problem) as problem:
        providers.resolve(model_id, **more)
    assert (problem.value.kind.code, problem.value.kind.status) == ("unknown_model", 422)
    return problem.value


def described(providers: Providers, name: str) -> dict:
    (found,) = [entry for entry in providers.describe() if entry["name"] == name]
    return found
