"""Titles: a model names a session after its first turn, unless somebody was faster."""

from contextlib import aclosing
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest

from pantheon.accounts.roles import Who
from pantheon.base.settings import ProviderSetting, Settings
from pantheon.events.follow import follow_session
from pantheon.ops.runtime import Runtime
from pantheon.sessions import sessions
from pantheon.turns.types import TurnRow
from pantheon.worker.titles import LONGEST_TITLE, clean_title, give_title, wants_title
from tests.fakes.process import requests
from tests.turns.drive import rows, send, session_with, view
from tests.turns.test_leases import claim, run

CALLS = "SELECT purpose, outcome, session_id, turn_id, model FROM llm_call_events"
SENT = "SELECT attempt_id, request_sha256 FROM llm_call_events WHERE purpose = 'title'"


@pytest.fixture
def settings(tmp_path: Path, fakes: str, request: pytest.FixtureRequest) -> Settings:
    """Settings with a model that gives titles."""
    fake = ProviderSetting(base_url=fakes, models=[], any_model=True)
    model = getattr(request, "param", "fake/ok")
    return Settings(
        data_dir=tmp_path, lease_seconds=1, grace_seconds=2, title_model=model,
        providers={"fake": fake},
    )  # fmt: skip


async def first_turn(idle: Runtime, who: Who, model: str = "demo/fast") -> tuple[UUID, TurnRow]:
    """Ask in a new session and run the turn; returns the session, and the turn as claimed."""
    session_id = await session_with(idle, who, model, mode="roundtable")
    await send(idle, who, session_id, "Which way is the zebra?")
    (turn,) = await claim(idle)
    await run(idle, turn)
    return session_id, turn


async def name_of(runtime: Runtime, who: Who, session_id: UUID) -> Any:
    async with runtime.db.transaction(who.workspace_id) as conn:
        return (await sessions.get_session(conn, who, session_id))["name"]


async def test_a_session_gets_its_title_and_the_ledger_its_row(
    idle: Runtime, who: Who, fakes: str
) -> None:
    session_id, turn = await first_turn(idle, who)
    assert await name_of(idle, who, session_id) == "Which way is the zebra?"
    assert wants_title(idle, turn)
    assert await give_title(idle, turn)
    title = await name_of(idle, who, session_id)
    assert title.startswith("w0 w1")
    assert len(title) <= LONGEST_TITLE
    (row,) = [call for call in await rows(idle, who, CALLS) if call[0] == "title"]
    assert row == ("title", "completed", session_id, None, "fake/ok")
    ((attempt_id, sha256),) = await rows(idle, who, SENT)
    (request,) = requests(fakes, str(attempt_id), settled_seconds=3)
    assert request["sha256"] == sha256.hex()
    shown = await view(idle, who, {"id": str(turn.id)})
    assert shown["usage"]["calls"] == 1
    # Whoever comes later asks nobody.
    assert not await give_title(idle, turn)
    assert len(await rows(idle, who, CALLS)) == 2


async def test_a_person_who_was_faster_keeps_the_name(idle: Runtime, who: Who) -> None:
    session_id, turn = await first_turn(idle, who)
    async with idle.db.transaction(who.workspace_id) as conn:
        await sessions.update_session(conn, who, session_id, {"name": "Mine"})
    assert not await give_title(idle, turn)
    assert await name_of(idle, who, session_id) == "Mine"
    assert [call[0] for call in await rows(idle, who, CALLS)] == ["answer"]


@pytest.mark.parametrize(
    "settings", ["fake/status-500", "fake/empty", "nobody/knows"], indirect=True
)
async def test_what_fails_leaves_the_first_words(idle: Runtime, who: Who) -> None:
    session_id, turn = await first_turn(idle, who)
    assert not await give_title(idle, turn)
    assert await name_of(idle, who, session_id) == "Which way is the zebra?"


async def test_a_turn_that_said_nothing_gives_no_title(idle: Runtime, who: Who) -> None:
    session_id, turn = await first_turn(idle, who, "demo/failing")
    assert not await give_title(idle, turn)
    assert await name_of(idle, who, session_id) == "Which way is the zebra?"


async def test_the_worker_asks_for_it_and_readers_are_told(runtime: Runtime, who: Who) -> None:
    session_id = await session_with(runtime, who, "demo/fast", mode="roundtable")

    async def look() -> bytes:
        return orjson.dumps({"name": await name_of(runtime, who, session_id)})

    names: list[str] = []
    follower = follow_session(runtime.db, runtime.hub, who, session_id, (0, 0), look)
    async with aclosing(follower) as frames:
        await send(runtime, who, session_id, "Which way is the zebra?")
        async for frame in frames:
            if frame is not None and frame.event == "session.updated":
                assert frame.id is None
                names.append(orjson.loads(frame.data)["name"])
                if names[-1].startswith("w0"):
                    break
    assert set(names[:-1]) <= {"Which way is the zebra?"}


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("The zebra's way", "The zebra's way"),
        ('"The zebra’s way."', "The zebra’s way"),
        ("\n\n  **Zebras**  \nand more", "Zebras"),
        ("„Der Weg“", "Der Weg"),
        ("", ""),
        (" \n ", ""),
        ("word " * 40, "word " * 11 + "…"),
    ],
)
def test_a_title_is_one_short_line(said: str, title: str) -> None:
    assert clean_title(said).replace("word…", "word …") == title


@pytest.mark.parametrize("settings", [None], indirect=True)
async def test_without_a_model_nobody_is_asked(idle: Runtime, who: Who) -> None:
    _, turn = await first_turn(idle, who)
    assert not wants_title(idle, turn)
