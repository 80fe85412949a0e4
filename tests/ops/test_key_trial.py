"""Tests of `pantheon.ops.key_trial`: a key is tried by one call before anybody relies on it."""

from decimal import Decimal
from pathlib import Path

import pytest

from pantheon.base.errors import Problem
from pantheon.base.settings import Settings
from pantheon.ledger import usage
from pantheon.ops.key_trial import PROVIDER_KEY_REFUSED, cheapest, try_key
from pantheon.ops.outside import Trial
from pantheon.providers.configure import open_providers
from pantheon.providers.types import Failure, Model, Price

KEY = "sk-canary-0123456789abcdef"


async def tried(db, who, tmp_path: Path, key: str = KEY, **lab):
    """Try a key of the provider `lab`; return how it went and the calls of the ledger."""
    settings = Settings(data_dir=tmp_path, providers={"lab": lab})
    entry = open_providers(settings, {}).candidate("lab", key)
    try:
        result = await try_key(db, who, entry, seconds=10)
    finally:
        await entry.provider.aclose()
    async with db.transaction(who.workspace_id) as conn:
        return result, (await usage.list_calls(conn, who))["items"]


async def test_a_good_key_is_one_call_in_the_ledger(db, who, tmp_path, fakes):
    result, calls = await tried(db, who, tmp_path, base_url=fakes, models=["ok"])
    assert isinstance(result, Trial)
    assert result.failure is None
    assert [(c["purpose"], c["outcome"], c["model"]) for c in calls] == [
        ("test", "completed", "lab/ok")
    ]


async def test_a_server_that_is_asked_for_its_models(db, who, tmp_path, fakes):
    result, calls = await tried(db, who, tmp_path, base_url=fakes)
    assert isinstance(result, Trial)
    assert len(calls) == 1


async def test_a_key_that_is_refused(db, who, tmp_path, fakes):
    with pytest.raises(Problem) as caught:
        await tried(db, who, tmp_path, "wrong-key", base_url=fakes, models=["ok"])
    assert caught.value.kind is PROVIDER_KEY_REFUSED
    assert "wrong-key" not in caught.value.detail
    assert caught.value.detail.endswith("It was not stored.")
    async with db.transaction(who.workspace_id) as conn:
        (call,) = (await usage.list_calls(conn, who))["items"]
    assert (call["purpose"], call["outcome"], call["error_code"]) == (
        "test", "failed", "key_refused",
    )  # fmt: skip


async def test_a_server_that_is_away_says_nothing_about_the_key(db, who, tmp_path):
    result, calls = await tried(db, who, tmp_path, base_url="http://127.0.0.1:9/v1")
    assert isinstance(result, Failure)
    assert (result.code, calls) == ("provider_unreachable", [])


async def test_without_a_model_nobody_is_asked(db, who, tmp_path):
    result, calls = await tried(db, who, tmp_path, base_url="http://127.0.0.1:9/v1", models=[])
    assert isinstance(result, Failure)
    assert (result.code, calls) == ("model_not_found", [])


def test_the_cheapest_model_is_asked():
    def model(name: str, price: str | None) -> Model:
        rate = None if price is None else Decimal(price)
        return Model(name, 1, 1, price=None if rate is None else Price(rate, rate, None, "t"))

    assert cheapest([model("a", None), model("b", "2"), model("c", "1")]).id == "c"
    assert cheapest([model("a", None), model("b", None)]).id == "a"
