"""Keys that workspaces enter: sealed, theirs alone, taken up by every process, forgotten."""

from pathlib import Path

import pytest

from pantheon.accounts.roles import Who
from pantheon.base import ids
from pantheon.base.crypto import seal
from pantheon.base.errors import NOT_FOUND, Problem
from pantheon.db.pool import Database
from pantheon.providers.own_keys import load_keys, providers_of, remove_key, store_key
from pantheon.providers.registry import Providers
from tests import make
from tests.providers.looking import described, refused

KEY = "sk-canary-0123456789abcdef"
OTHER = "sk-canary-fedcba9876543210"


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return tmp_path / "secret.key"


async def enter(db: Database, who: Who, key_file: Path, key: str, provider: str = "openai") -> None:
    async with db.transaction(who.workspace_id) as conn:
        await store_key(conn, who, key_file, provider, key)


async def own(db: Database, who: Who, providers: Providers) -> Providers:
    async with db.transaction(who.workspace_id) as conn:
        return await providers_of(conn, providers, who.workspace_id)


async def keys(db: Database, who: Who, key_file: Path | None) -> list[tuple[str, str | None]]:
    async with db.transaction(who.workspace_id) as conn:
        return [
            (key.provider, key.api_key) for key in await load_keys(conn, who.workspace_id, key_file)
        ]


async def test_a_key_switches_a_provider_on(db, who, opened, key_file):
    providers = opened()
    assert described(providers, "openai")["has_key"] is False
    assert "No key yet" in refused(providers, "openai/gpt-5", accepted=True).detail
    await enter(db, who, key_file, KEY)
    mine = await own(db, who, providers)
    entry = described(mine, "openai")
    assert (entry["source"], entry["last4"], entry["available"]) == (
        "entered in the page", "cdef", True,
    )  # fmt: skip
    # Until its server has told its models, any is tried.
    assert mine.resolve("openai/gpt-4o-mini")[1].id == "openai/gpt-4o-mini"
    assert mine.resolve("openai/gpt-4o-mini")[0]._api_key == KEY
    assert described(providers, "openai")["has_key"] is False


async def test_it_stands_nowhere_in_the_clear(db, who, server, key_file):
    await enter(db, who, key_file, KEY)
    async with db.transaction(who.workspace_id) as conn:
        cursor = await conn.execute("SELECT k::text, sealed FROM provider_keys k")
        ((row, sealed),) = await cursor.fetchall()
    assert KEY not in row
    assert KEY.encode() not in bytes(sealed)
    assert KEY.encode() not in key_file.read_bytes()
    assert repr(await keys(db, who, key_file)).count(KEY) == 1
    async with db.transaction(who.workspace_id) as conn:
        assert KEY not in repr(await load_keys(conn, who.workspace_id, key_file))


async def test_other_workspaces_have_their_own(db, who, opened, key_file):
    providers, other = opened(), await make.make_workspace(db)
    await enter(db, who, key_file, KEY)
    assert "No key yet" in refused(await own(db, other, providers), "openai/gpt-5").detail
    await enter(db, other, key_file, OTHER)
    assert (await own(db, who, providers)).resolve("openai/m")[0]._api_key == KEY
    assert (await own(db, other, providers)).resolve("openai/m")[0]._api_key == OTHER


async def test_a_key_that_was_moved_to_another_row_does_not_open(db, who, opened, key_file):
    other = await make.make_workspace(db)
    await enter(db, who, key_file, KEY)
    async with db.transaction(who.workspace_id) as conn:
        cursor = await conn.execute("SELECT sealed FROM provider_keys")
        ((sealed,),) = await cursor.fetchall()
    async with db.transaction(other.workspace_id) as conn:
        await conn.execute(
            "INSERT INTO provider_keys (workspace_id, id, provider, user_id, sealed)"
            " VALUES (%s, %s, 'openai', %s, %s)",
            (other.workspace_id, ids.new(), other.user_id, sealed),
        )
    assert await keys(db, other, key_file) == [("openai", None)]
    entry = described(await own(db, other, opened()), "openai")
    assert (entry["available"], entry["has_key"]) == (False, False)
    assert "another key file" in entry["reason"]


async def test_a_change_is_taken_up_by_every_process(db, who, opened, key_file):
    here, elsewhere = opened(), opened()
    await enter(db, who, key_file, KEY)
    first = await own(db, who, elsewhere)
    assert await own(db, who, elsewhere) is first
    await enter(db, who, key_file, OTHER)
    for providers in (here, elsewhere):
        assert (await own(db, who, providers)).resolve("openai/m")[0]._api_key == OTHER
    # Whoever has begun with the former key goes on with it.
    assert first.resolve("openai/m")[0]._api_key == KEY
    async with db.transaction(who.workspace_id) as conn:
        await remove_key(conn, who, "openai")
    for providers in (here, elsewhere):
        assert "No key yet" in refused(await own(db, who, providers), "openai/m").detail


async def test_what_has_not_changed_is_kept(db, who, opened, key_file):
    providers = opened()
    await enter(db, who, key_file, KEY, "openrouter")
    before = (await own(db, who, providers)).resolve("openrouter/m")[0]
    await enter(db, who, key_file, KEY)
    assert (await own(db, who, providers)).resolve("openrouter/m")[0] is before


async def test_the_operators_key_counts_again(db, who, opened, key_file):
    providers = opened(environ={"OPENAI_API_KEY": "sk-operator-0123", "OPENAI_ORG_ID": "org"})
    await enter(db, who, key_file, KEY)
    provider, _ = (await own(db, who, providers)).resolve("openai/m", accepted=True)
    assert (provider._api_key, provider._organization) == (KEY, None)
    async with db.transaction(who.workspace_id) as conn:
        await remove_key(conn, who, "openai")
    provider, _ = (await own(db, who, providers)).resolve("openai/m", accepted=True)
    assert (provider._api_key, provider._organization) == ("sk-operator-0123", "org")
    with pytest.raises(Problem) as caught:
        async with db.transaction(who.workspace_id) as conn:
            await remove_key(conn, who, "openai")
    assert caught.value.kind is NOT_FOUND
    assert "the operator's" in caught.value.detail


async def test_what_is_replaced_or_removed_leaves_no_ciphertext(db, who, key_file):
    await enter(db, who, key_file, KEY)
    await enter(db, who, key_file, OTHER)
    async with db.transaction(who.workspace_id) as conn:
        await remove_key(conn, who, "openai")
        cursor = await conn.execute("SELECT sealed, ended_at IS NULL FROM provider_keys")
        assert await cursor.fetchall() == [(None, False)] * 2


async def test_a_server_of_the_settings_takes_a_key_too(db, who, opened, fakes, key_file):
    lab = {"base_url": fakes, "api_key": "wrong-key", "models": ["ok"]}
    providers = opened({"lab": lab})
    await enter(db, who, key_file, KEY, "lab")
    mine = await own(db, who, providers)
    assert mine.resolve("lab/ok")[0]._api_key == KEY
    assert described(mine, "lab")["models"] == ["lab/ok"]
    refused(mine, "lab/other")


async def test_a_key_of_a_provider_that_is_gone_is_passed_over(db, who, opened, key_file):
    await enter(db, who, key_file, KEY, "gone")
    assert "gone" not in [p["name"] for p in (await own(db, who, opened())).describe()]


@pytest.mark.parametrize("held", [None, "broken", "other"])
async def test_without_its_key_file_it_says_so(db, who, opened, key_file, held):
    await enter(db, who, key_file, KEY)
    key_file.unlink()
    if held is not None:
        key_file.write_text("00" * 32 if held == "other" else held)
    entry = described(await own(db, who, opened()), "openai")
    assert entry["available"] is False
    assert "key" in entry["reason"]
    assert await keys(db, who, None) == [("openai", None)]


async def test_a_newly_entered_key_is_asked_for_its_models(db, who, opened, fakes, key_file):
    providers = opened({"lab": {"base_url": fakes}})
    await enter(db, who, key_file, KEY, "lab")
    mine = await own(db, who, providers)
    assert providers.unasked.is_set()
    assert mine.resolve("lab/whatever")[1].id == "lab/whatever"
    await providers.refresh()
    assert mine.resolve("lab/ok")[1].available
    refused(mine, "lab/whatever")


async def test_what_was_sealed_by_others_words_is_not_taken(db, who, key_file):
    """The associated data are the row's own: not even our own key opens another's text."""
    await enter(db, who, key_file, KEY)
    forged = seal(bytes.fromhex(key_file.read_text()), KEY, "elsewhere")
    async with db.transaction(who.workspace_id) as conn:
        await conn.execute("UPDATE provider_keys SET sealed = %s", (forged,))
    assert await keys(db, who, key_file) == [("openai", None)]
