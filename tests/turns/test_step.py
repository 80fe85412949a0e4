"""One step against a real model server: attempts, waits, partial texts, limits, and the ledger.

The server's own log is the oracle: each request in it has one call event, by its id.
"""

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from pantheon.accounts.roles import Who
from pantheon.base.settings import ModelSetting, ProviderSetting, Settings
from pantheon.ops.runtime import Runtime
from pantheon.turns import step
from pantheon.turns.sent import view_sent
from tests.fakes.process import requests
from tests.turns.drive import direct_session, ended, log_of, rows, send, session_with

CALLS = """
    SELECT attempt_id, outcome, error_code, sent, input_tokens, output_tokens, estimated, cost_usd,
           charged_microcredits, request_sha256
    FROM llm_call_events WHERE turn_id = %s ORDER BY attempt_id
"""


@pytest.fixture
def settings(tmp_path: Path, fakes: str) -> Settings:
    """Settings with the fake model server, one of whose models has a price."""
    priced = ModelSetting.model_validate(
        {"id": "ok-50", "context_window": 8192, "price": {"input": "1", "output": "3"}}
    )
    fake = ProviderSetting(base_url=fakes, models=[priced], any_model=True)
    return Settings(data_dir=tmp_path, lease_seconds=1, grace_seconds=2, providers={"fake": fake})


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step, "FIRST_WAIT_SECONDS", 0.02)


async def ask(runtime: Runtime, who: Who, model: str, text: str = "Q?", **wanted: Any) -> Any:
    session_id = await direct_session(runtime, who, f"fake/{model}")
    return await ended(runtime, who, await send(runtime, who, session_id, text, **wanted))


async def calls(runtime: Runtime, who: Who, turn: Any) -> list[dict[str, Any]]:
    names = (
        "id outcome code sent input output estimated cost charged sha256".split()  # noqa: SIM905
    )
    return [
        dict(zip(names, row, strict=True)) for row in await rows(runtime, who, CALLS, turn["id"])
    ]


def requests_of(fakes: str, ledger: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        request
        for call in ledger
        for request in requests(fakes, str(call["id"]), settled_seconds=3)
    ]


async def test_what_was_sent_is_what_the_provider_received(
    runtime: Runtime, who: Who, fakes: str
) -> None:
    turn = await ask(runtime, who, "ok-50")
    (call,) = await calls(runtime, who, turn)
    (request,) = requests_of(fakes, [call])
    assert request["sha256"] == call["sha256"].hex()
    assert request["outcome"] == "completed"
    assert turn["steps"][0]["message"]["content"] == " ".join(f"w{i}" for i in range(50))
    assert (call["output"], call["estimated"]) == (50, False)
    assert call["cost"] == Decimal(call["input"] + 3 * 50) / 1_000_000
    assert call["charged"] == call["input"] + 3 * 50
    async with runtime.db.transaction(who.workspace_id) as conn:
        sent = await view_sent(conn, runtime.providers, who, UUID(turn["steps"][0]["id"]))
    assert sent["request_sha256"] == request["sha256"]
    assert [section["text"] for section in sent["sections"]] == ["You are a0.", "Q?"]
    assert sent["budget"]["reported"] == call["input"]


@pytest.mark.parametrize(
    ("model", "attempts", "code"),
    [
        ("status-500", 3, "provider_error"),
        ("status-400", 1, None),
        ("status-401", 1, None),
        ("reset-before", 3, None),
        ("reset-mid", 3, None),
        ("cut", 3, None),
        ("no-finish", 3, None),
        ("malformed", 3, None),
        ("error-frame", None, None),
        ("empty", 2, "empty_answer"),
    ],
)
async def test_failures_are_tried_again_only_where_it_can_help(
    runtime: Runtime, who: Who, fakes: str, model: str, attempts: int | None, code: str | None
) -> None:
    turn = await ask(runtime, who, model)
    ledger = await calls(runtime, who, turn)
    assert turn["status"] == "failed"
    answer = turn["steps"][0]
    assert answer["status"] == "failed"
    assert answer["error"]["title"]
    assert answer["attempts"] == len(ledger) == len(requests_of(fakes, ledger))
    assert attempts is None or len(ledger) == attempts
    assert code is None or answer["error"]["code"] == code
    assert {call["outcome"] for call in ledger} == {"failed"}
    assert sum(call["charged"] for call in ledger) == 0
    kinds = [event.type for event, _ in await log_of(runtime, who, turn)]
    assert kinds.count("step.retrying") == kinds.count("step.restarted") == len(ledger) - 1


async def test_a_failure_after_tokens_keeps_them(runtime: Runtime, who: Who) -> None:
    turn = await ask(runtime, who, "reset-mid")
    answer = turn["steps"][0]
    assert answer["message"]["content"].startswith("w0")
    assert answer["error"]["retryable"]
    assert answer["usage"]["estimated"]


async def test_flaky_then_fine(runtime: Runtime, who: Who, tmp_path: Path) -> None:
    turn = await ask(runtime, who, f"flaky-2-{tmp_path.name}")
    assert turn["status"] == "completed"
    assert turn["steps"][0]["attempts"] == 3
    outcomes = [call["outcome"] for call in await calls(runtime, who, turn)]
    assert outcomes == ["failed", "failed", "completed"]
    assert turn["usage"]["calls"] == 3


async def test_retry_after_is_honoured_or_the_step_gives_up(runtime: Runtime, who: Who) -> None:
    turn = await ask(runtime, who, "status-429-1", limits={"step_seconds": 2})
    waits = [
        data["wait_ms"]
        for event, data in await log_of(runtime, who, turn)
        if event.type == "step.retrying"
    ]
    assert waits == [1000]
    assert turn["steps"][0]["error"]["attempts"] == 2


async def test_a_wait_beyond_the_step_is_not_begun(runtime: Runtime, who: Who) -> None:
    turn = await ask(runtime, who, "status-429-600")
    assert turn["steps"][0]["attempts"] == 1


async def test_usage_that_was_left_out_is_estimated(runtime: Runtime, who: Who) -> None:
    turn = await ask(runtime, who, "no-usage")
    (call,) = await calls(runtime, who, turn)
    assert call["estimated"]
    assert call["output"] > 0
    assert call["input"] > 0
    assert turn["usage"]["estimated"]


async def test_out_of_time(runtime: Runtime, who: Who, fakes: str) -> None:
    turn = await ask(runtime, who, "stall", limits={"step_seconds": 1})
    (call,) = await calls(runtime, who, turn)
    assert (call["outcome"], call["code"]) == ("failed", "step_timeout")
    assert requests_of(fakes, [call])[0]["outcome"] == "client_closed"


async def test_the_wall_clock_skips_what_is_left(runtime: Runtime, who: Who) -> None:
    models = ["fake/ok", "fake/stall", "fake/ok"]
    session_id = await session_with(runtime, who, *models, mode="roundtable")
    accepted = await send(runtime, who, session_id, limits={"turn_seconds": 1})
    turn = await ended(runtime, who, accepted)
    assert [row["status"] for row in turn["steps"]] == ["completed", "failed", "skipped"]
    assert (turn["status"], turn["stop_reason"]) == ("partial", "turn_seconds")


async def test_hostile_output_is_stored_sanitised(runtime: Runtime, who: Who) -> None:
    turn = await ask(runtime, who, "hostile")
    content = turn["steps"][0]["message"]["content"]
    assert "\x00" not in content
    content.encode()
    assert "<" in content


async def test_ten_megabytes(runtime: Runtime, who: Who) -> None:
    turn = await ask(runtime, who, "huge")
    answer = turn["steps"][0]
    assert answer["status"] in ("completed", "failed")
    if answer["status"] == "completed":
        assert len(answer["message"]["content"]) >= 10_000_000


async def test_later_agents_are_told_of_a_failure(runtime: Runtime, who: Who) -> None:
    session_id = await session_with(
        runtime, who, "fake/ok", "fake/status-400", "fake/echo", mode="roundtable"
    )
    turn = await ended(runtime, who, await send(runtime, who, session_id, "Ship it?"))
    assert turn["status"] == "partial"
    told = turn["steps"][2]["message"]["content"]
    assert '<message from="user">\nShip it?\n</message>' in told
    assert '<message from="@a0">\nw0 w1' in told
    assert '<message from="@a1" status="failed">' in told


async def test_own_reasoning_is_logged_and_told_to_nobody(runtime: Runtime, who: Who) -> None:
    session_id = await session_with(
        runtime, who, "fake/reasoning", "fake/echo-all", mode="roundtable"
    )
    turn = await ended(runtime, who, await send(runtime, who, session_id))
    log = await log_of(runtime, who, turn)
    thoughts = [data["text"] for event, data in log if event.type == "step.reasoning"]
    assert len(thoughts) == 1
    assert thoughts[0]
    assert turn["steps"][0]["usage"]["reasoning_tokens"] > 0
    assert thoughts[0] not in turn["steps"][1]["message"]["content"]


async def test_a_context_too_large_fails_that_agent_only(
    runtime: Runtime, who: Who, fakes: str
) -> None:
    session_id = await session_with(runtime, who, "fake/ok-50", "demo/fast", mode="manual")
    turn = await ended(
        runtime, who, await send(runtime, who, session_id, "@all " + "много слов " * 5_000)
    )
    small = turn["steps"][0]
    assert small["error"]["code"] == "context_budget_exceeded"
    assert small["attempts"] == 0
    assert [call["code"] for call in await calls(runtime, who, turn)].count("sent") == 0


async def test_many_answers_at_once(runtime: Runtime, who: Who, fakes: str) -> None:
    session_id = await session_with(runtime, who, *["fake/paced-5-1-40"] * 12, mode="manual")
    turn = await ended(runtime, who, await send(runtime, who, session_id, "@all now"))
    assert turn["status"] == "completed"
    text = " ".join(f"w{i}" for i in range(40))
    assert [row["message"]["content"] for row in turn["steps"]] == [text] * 12
    ledger = await calls(runtime, who, turn)
    assert len(requests_of(fakes, ledger)) == 12


async def test_a_cancel_closes_the_upstream_stream(runtime: Runtime, who: Who, fakes: str) -> None:
    session_id = await direct_session(runtime, who, "fake/paced-1-20-1000")
    accepted = await send(runtime, who, session_id)
    await asyncio.sleep(0.3)
    await rows(runtime, who, "UPDATE turns SET cancel_requested = 'now' RETURNING 1")
    turn = await ended(runtime, who, accepted)
    assert turn["status"] == "cancelled"
    (call,) = await calls(runtime, who, turn)
    assert (call["outcome"], call["estimated"]) == ("cancelled", True)
    assert requests_of(fakes, [call])[0]["outcome"] == "client_closed"
