"""What stories of orchestrated turns need: a manager that follows a script, and the user's word.

The manager's model says what its role prompt tells it for each round: `Left: 3 rounds` stands in
what it is asked first, `Left: 2 rounds` second, and `Write the answer` in the synthesis.
"""

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest

from pantheon.accounts.roles import Who
from pantheon.base.settings import ModelSetting, ProviderSetting, Settings
from pantheon.ledger import reports
from pantheon.ledger.usage import Filter
from pantheon.ops.reconcile import reconcile
from pantheon.ops.runtime import Runtime
from pantheon.turns import step
from pantheon.turns.approve import decide
from tests import make
from tests.fakes.process import requests
from tests.turns.drive import ended, log_of, rows, send, until, view

FIRST, SECOND, THIRD = "Left: 3 rounds", "Left: 2 rounds", "Left: 1 rounds"
FINISH = {"action": "finish", "assignments": [], "answer": None, "reason": "Enough."}
SYNTHESIS = "on Write the answer => say: All in all: go."


@pytest.fixture
def settings(tmp_path: Path, fakes: str) -> Settings:
    """Settings with the fake server: one model can be held to a schema, the others cannot."""
    strict = ModelSetting.model_validate(
        {"id": "scripted", "context_window": 32_768, "capabilities": ["structured_outputs"]}
    )
    fake = ProviderSetting(base_url=fakes, models=[strict], any_model=True)
    return Settings(data_dir=tmp_path, lease_seconds=1, grace_seconds=2, providers={"fake": fake})


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step, "FIRST_WAIT_SECONDS", 0.02)


def delegate(*asked: str, brief: str = "Check it") -> dict[str, Any]:
    """Return a decision that asks these agents."""
    assignments = [{"agent": agent, "brief": f"{brief}, {agent}."} for agent in asked]
    return {"action": "delegate", "assignments": assignments, "answer": None, "reason": "Views."}


def on(when: str, decision: Any) -> str:
    """Return the line of a role prompt that makes the manager decide so, when it is asked so."""
    text = decision if isinstance(decision, str) else orjson.dumps(decision).decode()
    return f"on {when} => say: {text}"


async def room_session(
    runtime: Runtime, who: Who, *script: str, models: tuple[str, ...] = ("ok", "ok"), **room: Any
) -> UUID:
    """Open a session in an orchestrator's room; `script` is the manager's, `models` its agents'."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        agents = [
            await make.make_agent(conn, who, f"a{i}", model=f"fake/{model}")
            for i, model in enumerate(models)
        ]
        manager = {"model": "fake/scripted", "prompt": "\n".join(script)}
        made = await make.make_room(
            conn, who, agents=agents, goal="Ship", mode="orchestrator", modes=("orchestrator",),
            manager=manager, **room,
        )  # fmt: skip
        session = await make.make_session(conn, who, room=made)
    return UUID(session["id"])


async def story(runtime: Runtime, who: Who, *script: str, **given: Any) -> dict[str, Any]:
    """Let a manager with this script answer one question; returns the turn that is over."""
    wanted = {name: given.pop(name) for name in ("limits", "approve") if name in given}
    session_id = await room_session(runtime, who, *script, **given)
    accepted = await send(runtime, who, session_id, "Ship it?", **wanted)
    turn = await ended(runtime, who, accepted)
    drift = [f for f in await reconcile(runtime.server.admin_url) if f.drift]
    assert drift == []
    await by_purpose(runtime, who, turn)
    await sent_once(runtime, who, turn)
    log = await log_of(runtime, who, turn)
    assert log[-1][1]["turn"] == turn
    assert [event.seq for event, _ in log] == list(range(1, len(log) + 1))
    return turn


async def sent_once(runtime: Runtime, who: Who, turn: dict[str, Any]) -> None:
    """See that the model server has had each request of the ledger once, and no other (I2)."""
    url = runtime.settings.providers["fake"].base_url
    query = "SELECT attempt_id::text, sent FROM llm_call_events WHERE turn_id = %s"
    for attempt_id, sent in await rows(runtime, who, query, turn["id"]):
        had = await asyncio.to_thread(requests, url, attempt_id, settled_seconds=3 * sent)
        assert len(had) == int(sent), attempt_id


async def by_purpose(runtime: Runtime, who: Who, turn: dict[str, Any]) -> dict[str, Any]:
    """Return what each purpose's calls used, after seeing that they make up the turn's total."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        told = await reports.report(
            conn, who, ["purpose"], Filter(turn_id=UUID(turn["id"])), limit=10
        )
    used = {item["purpose"]: item["usage"] for item in told["items"]}
    for name in ("calls", "unpriced_calls", "input_tokens", "output_tokens"):
        assert sum(each[name] for each in used.values()) == turn["usage"][name], name
    return used


def steps(turn: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the keys and statuses of a turn's steps."""
    return [(step["key"], step["status"]) for step in turn["steps"]]


async def purposes(runtime: Runtime, who: Who, turn: Any) -> list[tuple[str, str, str | None]]:
    """Return what the turn's calls were for, and how they ended, in their order."""
    found = await rows(
        runtime,
        who,
        """
        SELECT purpose, outcome, error_code FROM llm_call_events
        WHERE turn_id = %s ORDER BY attempt_id
        """,
        turn["id"],
    )
    return list(found)


async def answer(runtime: Runtime, who: Who, turn: Any, action: str, **given: Any) -> None:
    """Give the user's word."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        await decide(conn, who, UUID(turn["id"]), UUID(turn["approval"]["id"]), action, **given)


async def waiting(runtime: Runtime, who: Who, *script: str, **given: Any) -> dict[str, Any]:
    """Send a question and return its turn when it waits for the user."""
    session_id = await room_session(runtime, who, *script, **given)
    accepted = await send(runtime, who, session_id, "Ship it?")
    await until(runtime, who, accepted, "turn.awaiting_input")
    turn = await view(runtime, who, accepted)
    assert turn["status"] == "awaiting_input"
    assert await rows(
        runtime, who, "SELECT lease_owner, lease_expires_at FROM turns WHERE id = %s", turn["id"]
    ) == [(None, None)]
    return turn
