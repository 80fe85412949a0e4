"""Trying a provider's key before it is kept: its models are asked for, and one for one word."""

from collections.abc import Sequence
from decimal import Decimal

from pantheon.accounts.roles import Who
from pantheon.base.errors import ProblemType
from pantheon.db.pool import Database
from pantheon.ops.outside import Trial
from pantheon.ops.trial import try_model
from pantheon.providers import failures
from pantheon.providers.registry import Entry
from pantheon.providers.types import Failure, Model

PROVIDER_KEY_REFUSED = ProblemType("provider_key_refused", 422, "The provider refuses the key")


async def try_key(db: Database, who: Who, entry: Entry, *, seconds: float) -> Trial | Failure:
    """Ask the cheapest model of a provider for one word; the call is in the ledger.

    Returns how that went, or why there was no model to ask: the key may be good all the same.
    Raises `provider_key_refused` where the provider says that it is not.
    """
    models: Sequence[Model] | Failure = list(entry.models.values())
    if entry.asked:
        models = await entry.provider.list_models()
    if isinstance(models, Failure):
        _check(models)
        return models
    if not models:
        return failures.MODEL_NOT_FOUND
    trial = await try_model(db, who, entry.provider, cheapest(models), seconds=seconds)
    if trial.failure is not None:
        _check(trial.failure)
    return trial


def cheapest(models: Sequence[Model]) -> Model:
    """Return the model with the lowest known price, else the first. There is at least one."""
    priced = [model for model in models if model.price is not None]
    return min(priced, key=_price, default=models[0])


def _price(model: Model) -> tuple[Decimal, str]:
    assert model.price is not None
    return model.price.input + model.price.output, model.id


def _check(failure: Failure) -> None:
    if failure.code == failures.KEY_REFUSED.code:
        raise PROVIDER_KEY_REFUSED(f"{failure.detail} It was not stored.")
