"""The doctor's findings: each part is seen, what is broken is told with what to do."""

import json
from pathlib import Path

import pytest

from pantheon.accounts.workspaces import ensure_local_owner
from pantheon.base.settings import Settings
from pantheon.db.pool import Database
from pantheon.ledger import usage
from pantheon.ops.doctor import TRIALS_OF_A_PROVIDER, Finding, Verdict, choose_models, examine
from pantheon.ops.embedded import Server
from pantheon.ops.server_file import announced
from pantheon.providers.own_keys import store_key
from pantheon.providers.types import Model
from tests.make import make_agent, make_room

LAB = {"models": ["ok", "status-429", "status-500"]}


async def examined(
    tmp_path: Path, server: Server, providers: dict | None = None
) -> dict[str, Finding]:
    """Examine an installation; return the findings by part."""
    found: dict[str, Finding] = {}

    def tell(finding: Finding) -> None:
        assert finding.part not in found
        found[finding.part] = finding

    settings = Settings(data_dir=tmp_path, database_url=server.url, providers=providers or {})
    await examine(settings, tell, environment={})
    return found


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No `.env` of the checkout takes part."""
    monkeypatch.chdir(tmp_path)


async def test_every_part_is_looked_at(tmp_path: Path, server: Server) -> None:
    """A fresh installation: nothing is broken, nobody serves yet."""
    found = await examined(tmp_path, server)
    assert all(finding.verdict != Verdict.broken for finding in found.values())
    for part in ("data directory", "database", "clock", "schema", "checkpointer", "provider demo"):
        assert found[part].verdict == Verdict.fine
    for part in ("server", "workers"):
        assert found[part].verdict == Verdict.note
    assert "model demo/failing" not in found
    with announced(tmp_path, "http://127.0.0.1:1"):
        assert (await examined(tmp_path, server))["server"].verdict == Verdict.fine


async def test_models_are_tried_in_the_ledger(
    tmp_path: Path, server: Server, db: Database, fakes: str
) -> None:
    """One call each; one that refuses is broken, one that is busy is not."""
    found = await examined(tmp_path, server, {"lab": {"base_url": fakes, **LAB}})
    assert found["model lab/ok"].verdict == Verdict.fine
    assert found["model lab/status-429"].verdict == Verdict.note
    assert found["model lab/status-500"].verdict == Verdict.broken
    who = await ensure_local_owner(db)
    async with db.transaction(who.workspace_id) as conn:
        calls = (await usage.list_calls(conn, who))["items"]
    lab = {call["model"]: call for call in calls if call["model"].startswith("lab/")}
    assert set(lab) == {f"lab/{name}" for name in LAB["models"]}
    assert {call["purpose"] for call in lab.values()} == {"test"}


async def test_a_schema_that_is_behind(tmp_path: Path, empty_server: Server) -> None:
    """What follows from it is not looked at."""
    found = await examined(tmp_path, empty_server)
    assert found["schema"].verdict == Verdict.broken
    assert "pantheon migrate" in found["schema"].detail
    assert "checkpointer" not in found


async def test_a_database_that_is_away(tmp_path: Path) -> None:
    """The address is told without its password."""
    settings_url = "postgresql://me:canary@127.0.0.1:9/x"
    found: list[Finding] = []
    await examine(
        Settings(data_dir=tmp_path, database_url=settings_url), found.append, environment={}
    )
    assert found[-1].part == "database"
    assert found[-1].verdict == Verdict.broken
    assert "PANTHEON_DATABASE_URL" in found[-1].detail
    assert "canary" not in json.dumps([finding.detail for finding in found])


async def test_a_directory_that_cannot_be_used(tmp_path: Path, server: Server) -> None:
    """A file stands where the directory should be."""
    (tmp_path / "file").write_text("")
    found = await examined(tmp_path / "file", server)
    assert found["data directory"].verdict == Verdict.broken
    assert "--data-dir" in found["data directory"].detail
    assert list(found) == ["data directory"]


def test_of_a_long_list_only_what_is_used_is_tried() -> None:
    """A gateway with hundreds of models does not get hundreds of calls."""
    few = [Model(f"few/m{i}", 1000, 100) for i in range(TRIALS_OF_A_PROVIDER)]
    many = [Model(f"many/m{i}", 1000, 100) for i in range(TRIALS_OF_A_PROVIDER + 1)]
    gone = Model("few/gone", 1000, 100, available=False, reason="away")
    failing = Model("demo/failing", 1000, 100)
    chosen, left_out = choose_models([*few, *many, gone, failing], {"many/m3", "few/gone"})
    assert [model.id for model in chosen] == [*(model.id for model in few), "many/m3"]
    assert left_out == TRIALS_OF_A_PROVIDER


async def test_what_agents_and_rooms_use_counts_as_used(
    tmp_path: Path, server: Server, db: Database, fakes: str
) -> None:
    """Models of agents, managers and summaries are tried though their provider lists too many."""
    who = await ensure_local_owner(db)
    async with db.transaction(who.workspace_id) as conn:
        await make_agent(conn, who, model="lab/echo")
        await make_room(conn, who, summary_model="lab/echo-all", manager={"model": "lab/ok-999"})
    used = ("echo", "echo-all", "ok-999")
    names = [f"ok-{i}" for i in range(1, TRIALS_OF_A_PROVIDER + 2)]
    found = await examined(
        tmp_path, server, {"lab": {"base_url": fakes, "models": [*names, *used]}}
    )
    assert {found[f"model lab/{name}"].verdict for name in used} == {Verdict.fine}


async def test_keys_that_were_entered_are_told_of(
    tmp_path: Path, server: Server, db: Database, fakes: str
) -> None:
    """Where they are sealed, whether others can read the file, and that it is the right one."""
    lab = {"lab": {"base_url": fakes, "api_key": "wrong-key", "models": ["ok"]}}
    assert "provider keys" not in await examined(tmp_path, server, lab)
    who, key_file = await ensure_local_owner(db), tmp_path / "secret.key"
    async with db.transaction(who.workspace_id) as conn:
        await store_key(conn, who, key_file, "lab", "sk-canary-0123456789")
    found = await examined(tmp_path, server, lab)
    assert found["provider keys"].verdict == Verdict.fine
    assert str(key_file) in found["provider keys"].detail
    assert found["model lab/ok"].verdict == Verdict.fine
    assert found["provider openai"].verdict == Verdict.note
    key_file.chmod(0o644)
    found = await examined(tmp_path, server, lab)
    assert found["provider keys"].verdict == Verdict.note
    assert "chmod 600" in found["provider keys"].detail
    key_file.unlink()
    found = await examined(tmp_path, server, lab)
    assert found["provider lab"].verdict == Verdict.broken
    assert "PANTHEON_KEY_FILE" in found["provider lab"].detail
    assert "canary" not in json.dumps([finding.detail for finding in found.values()])
