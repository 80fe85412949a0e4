"""`/providers`: where models come from, and the keys that are entered for them."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from pydantic import AfterValidator, Field, SecretStr
from starlette.responses import Response

from pantheon.api import shapes
from pantheon.api.answers import Json, gone
from pantheon.api.bodies import Body
from pantheon.api.deps import OwnProviders, RuntimeOf, SignedIn, admin
from pantheon.base import log
from pantheon.ledger import usage
from pantheon.ops.key_trial import try_key
from pantheon.ops.outside import Trial
from pantheon.providers import own_keys
from pantheon.providers.types import Failure

router = APIRouter(prefix="/providers", tags=["models"])

TEST_SECONDS = 30.0


def _is_key(given: SecretStr) -> SecretStr:
    key = given.get_secret_value()
    if not (key.isascii() and key.isprintable() and " " not in key):
        raise ValueError("It holds characters that no key has. Copy it anew")
    return given


ApiKey = Annotated[SecretStr, Field(min_length=8, max_length=500), AfterValidator(_is_key)]


# A repetition that is counted in the pattern takes 18 MB: each time of it is compiled.
Name = Annotated[str, Path(pattern=r"^[\w-]+$", max_length=200)]


class NewProviderKey(Body):
    """A key to be tried and kept; nothing gives it out again."""

    key: ApiKey


@router.get("", response_model=shapes.Providers)
async def list_providers(providers: OwnProviders) -> Json:
    """The providers, whether a key is there (its last 4 characters) and where it comes from."""
    return Json({"items": providers.describe(), "next_cursor": None})


@router.put("/{name}/key", response_model=shapes.ProviderKeySet, dependencies=[Depends(admin)])
async def set_provider_key(
    name: Name, body: NewProviderKey, runtime: RuntimeOf, who: SignedIn
) -> Json:
    """Enter a key for a provider, in place of an earlier one and of the operator's.

    It is tried by one tiny call, which is in the ledger; a key that the provider refuses is not
    kept. It is stored encrypted and holds from the next turn on, in every process.
    """
    api_key = body.key.get_secret_value()
    log.hide(api_key)
    entry = runtime.providers.candidate(name, api_key)
    try:
        tried = await try_key(runtime.db, who, entry, seconds=TEST_SECONDS)
    finally:
        await entry.provider.aclose()
    async with runtime.db.transaction(who.workspace_id) as conn:
        await own_keys.store_key(conn, who, runtime.settings.key_path, name, api_key)
    async with runtime.db.transaction(who.workspace_id) as conn:
        providers = await own_keys.providers_of(conn, runtime.providers, who.workspace_id)
        call = None
        if isinstance(tried, Trial):
            call = await usage.get_call(conn, who, tried.attempt_id)
    await providers.ask(name)
    failure = tried if isinstance(tried, Failure) else tried.failure
    text = None if isinstance(tried, Failure) else tried.text
    (told,) = [item for item in providers.describe() if item["name"] == name]
    return Json({"provider": told, "call": call, "text": text, "error": _error(failure)})


@router.delete("/{name}/key", status_code=204, dependencies=[Depends(admin)])
async def remove_provider_key(name: Name, runtime: RuntimeOf, who: SignedIn) -> Response:
    """Forget the key that was entered for a provider; the operator's counts again, if any."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        await own_keys.remove_key(conn, who, name)
    return gone()


def _error(failure: Failure | None) -> dict[str, Any] | None:
    if failure is None:
        return None
    return {
        "code": failure.code,
        "title": failure.title,
        "detail": failure.detail,
        "retryable": failure.retryable,
    }
