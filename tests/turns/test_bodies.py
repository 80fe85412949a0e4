"""The body recorded for every attempt is the one that the model server received: in all modes.

With retries, repairs, summaries and approvals; and it can be built again, byte for byte.
"""

from pathlib import Path
from typing import Any

import orjson
import pytest

from pantheon.accounts.roles import Who
from pantheon.ops.runtime import Runtime
from tests.fakes.process import requests
from tests.turns.drive import direct_session, ended, rows, send, session_with
from tests.turns.stories import FINISH, FIRST, SECOND, SYNTHESIS, delegate, on, settings, story
from tests.turns.test_summarise import _short_waits, check_bodies

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
