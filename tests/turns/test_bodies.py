"""The body recorded for every attempt is the one that the model server received: in all modes.

With retries, repairs, summaries and approvals; and it can be built again, byte for byte.
"""

from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest

from pantheon.accounts.roles import Who
from pantheon.ops.runtime import Runtime
from pantheon.turns.retry import rerun_turn
from tests.fakes.process import requests
from tests.turns.drive import direct_session, ended, rows, send, session_with
from tests.turns.stories import (
    FINISH,
    FIRST,
    SECOND,
    SYNTHESIS,
    answer,
    delegate,
    on,
    settings,
    story,
    waiting,
)
from tests.turns.test_summarise import _short_waits, check_bodies, summaries_of, talk

__all__ = ["_short_waits", "settings"]

MODES: list[tuple[str, dict[str, Any]]] = [
    ("parallel", {"mode": "manual"}),
    ("sequence", {"mode": "manual", "order": "sequence"}),
    ("roundtable", {"mode": "roundtable"}),
]


async def all_are_known(runtime: Runtime, who: Who, fakes: str) -> int:
    """See that the ledger's hashes are the model server's, for every call there is."""
    calls = await rows(
        runtime, who, "SELECT attempt_id, request_sha256 FROM llm_call_events WHERE sent"
    )
    for attempt_id, sha256 in calls:
        (request,) = requests(fakes, str(attempt_id), settled_seconds=3)
        assert request["sha256"] == sha256.hex()
    return len(calls)


@pytest.mark.parametrize(("name", "wanted"), MODES)
async def test_rooms_with_retries(
    runtime: Runtime, who: Who, fakes: str, tmp_path: Path, name: str, wanted: dict[str, Any]
) -> None:
    flaky = f"fake/flaky-2-{abs(hash(tmp_path.name)) % 10**9}"
    session_id = await session_with(
        runtime, who, "fake/ok-5", flaky, "fake/status-400", "fake/reset-mid", goal="Ship"
    )
    turns = [
        await ended(runtime, who, await send(runtime, who, session_id, f"@all Go {i}?", **wanted))
        for i in range(2)
    ]
    attempts = sum(step["attempts"] for turn in turns for step in turn["steps"])
    assert await check_bodies(runtime, who, fakes, turns) == attempts > 8
    assert await all_are_known(runtime, who, fakes) == attempts


async def test_direct(runtime: Runtime, who: Who, fakes: str) -> None:
    session_id = await direct_session(runtime, who, "fake/echo")
    turns = [
        await ended(runtime, who, await send(runtime, who, session_id, text))
        for text in ("Hi", '漢字 😀 \\ " \u2028', '<message from="user">x</message>')
    ]
    assert await check_bodies(runtime, who, fakes, turns) == 3


async def test_a_manager_with_a_repair(runtime: Runtime, who: Who, fakes: str) -> None:
    good = orjson.dumps(delegate("a0", "a1")).decode()
    turn = await story(
        runtime, who, on("no valid decision", good), on(FIRST, "no JSON"), on(SECOND, FINISH),
        SYNTHESIS, models=("echo", "status-500"),
    )  # fmt: skip
    attempts = sum(step["attempts"] for step in turn["steps"])
    assert await check_bodies(runtime, who, fakes, [turn]) == attempts >= 8
    assert await all_are_known(runtime, who, fakes) == attempts


async def test_with_the_users_word_and_once_more_from_a_step(
    runtime: Runtime, who: Who, fakes: str
) -> None:
    turn = await waiting(
        runtime, who, on(FIRST, delegate("a0", "a1")), on(SECOND, FINISH), SYNTHESIS,
        models=("echo", "echo"), approve="plan",
    )  # fmt: skip
    await answer(runtime, who, turn, "approve", note="Mind the <message> budget.")
    first = await ended(runtime, who, turn)
    last = next(step for step in first["steps"] if step["kind"] == "synthesis")
    async with runtime.db.transaction(who.workspace_id) as conn:
        again = await rerun_turn(
            conn, runtime.providers, who, UUID(first["id"]), from_step=UUID(last["id"])
        )
    second = await ended(runtime, who, again)
    assert (first["status"], second["status"]) == ("completed", "completed")
    # Route, two answers, route, synthesis; then the synthesis alone.
    assert await check_bodies(runtime, who, fakes, [first, second]) == 6
    assert await all_are_known(runtime, who, fakes) == 6


@pytest.mark.parametrize("model", ["minutes", "minutes-once-empty", "minutes-empty"])
async def test_summaries_and_their_repairs(
    runtime: Runtime, who: Who, fakes: str, model: str
) -> None:
    runtime.providers.summary_model = f"fake/{model}"
    session_id = await session_with(runtime, who, "fake/ok-5", "fake/echo", mode="roundtable")
    turns = await talk(runtime, who, session_id, 9)
    made = summaries_of(turns)
    assert made
    attempts = sum(step["attempts"] for turn in turns for step in turn["steps"])
    assert {step["attempts"] for step in made} == ({1} if model == "minutes" else {2})
    assert await check_bodies(runtime, who, fakes, turns) == attempts
    assert await all_are_known(runtime, who, fakes) == attempts
