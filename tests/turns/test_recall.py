"""What providers have reported is known after a restart, and read once."""

from pathlib import Path

import pytest

from pantheon.accounts.roles import Who
from pantheon.base.settings import ProviderSetting, Settings
from pantheon.ops.runtime import Runtime
from pantheon.providers.ratios import Ratios
from pantheon.turns.recall import recall_ratios
from tests.turns.drive import direct_session, ended, send

WORDS = "We talk about the plan and what has to be done for it, at some length. " * 20


@pytest.fixture
def settings(tmp_path: Path, fakes: str) -> Settings:
    """Settings with the fake server, which counts a token for four characters."""
    fake = ProviderSetting(base_url=fakes, any_model=True)
    return Settings(data_dir=tmp_path, lease_seconds=1, grace_seconds=2, providers={"fake": fake})


async def test_a_new_process_counts_as_the_last_one_did(runtime: Runtime, who: Who) -> None:
    session_id = await direct_session(runtime, who, "fake/ok-20")
    for i in range(4):
        await ended(runtime, who, await send(runtime, who, session_id, f"{i}. {WORDS}"))
    known = runtime.providers.ratios.of("fake/ok-20")
    assert known != 1.0
    runtime.providers.ratios = Ratios()
    async with runtime.db.transaction(who.workspace_id) as conn:
        await recall_ratios(conn, runtime.providers, who.workspace_id)
    assert runtime.providers.ratios.of("fake/ok-20") == known
    assert runtime.providers.ratios.of("fake/ok-30") == 1.0


async def test_it_is_read_once_for_each_workspace(runtime: Runtime, who: Who) -> None:
    session_id = await direct_session(runtime, who, "fake/ok-20")
    await ended(runtime, who, await send(runtime, who, session_id, WORDS))
    assert who.workspace_id in runtime.providers.ratios.recalled
    samples = runtime.providers.ratios.of("fake/ok-20")
    async with runtime.db.transaction(who.workspace_id) as conn:
        await recall_ratios(conn, runtime.providers, who.workspace_id)
    assert runtime.providers.ratios.of("fake/ok-20") == samples
