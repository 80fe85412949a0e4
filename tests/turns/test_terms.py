"""Tests of `pantheon.turns.terms`: what is reserved before, drawn while and given back after."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from pantheon.accounts.roles import Who
from pantheon.base.errors import Problem
from pantheon.base.money import credits_text, microcredits_of
from pantheon.base.settings import ModelSetting, ProviderSetting, Settings
from pantheon.ledger import budgets, wallets
from pantheon.ops.embedded import Server
from pantheon.ops.reconcile import reconcile
from pantheon.ops.runtime import Runtime
from pantheon.turns.forecast import forecast_turn
from pantheon.turns.types import TurnInput
from tests import make
from tests.turns.drive import ended, rows, send
from tests.turns.stories import FINISH, FIRST, SECOND, delegate, on

SCRIPT = "\n".join([on(FIRST, delegate("a0", "a1")), on(SECOND, FINISH), "say: All in all: go."])
PRICE = {"input": "1", "output": "4", "request": "0.001"}
CREDIT = 1_000_000


@pytest.fixture
def settings(tmp_path: Path, fakes: str) -> Settings:
    """Settings with the fake server's models, all but one with a price."""
    named = ("ok-40", "scripted", "status-500", "flaky-1", "reasoning", "no-usage")
    models = [
        {
            "id": name,
            "price": PRICE,
            "context_window": 8_192,
            "capabilities": ["structured_outputs"] if name == "scripted" else [],
        }
        for name in named
    ]
    known = [ModelSetting.model_validate(model) for model in models]
    fake = ProviderSetting(base_url=fakes, models=known, any_model=True)
    return Settings(data_dir=tmp_path, lease_seconds=1, grace_seconds=2, providers={"fake": fake})


async def bill(runtime: Runtime, who: Who, credits: int, mode: str = "enforce") -> None:
    """Give the workspace so many micro-credits, and turn the switch."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        if credits:
            await wallets.grant(conn, who.workspace_id, credits, reason="For tests")
        await wallets.enforce(conn, who, mode)


async def wallet(runtime: Runtime, who: Who) -> dict[str, Any]:
    """Return the wallet as it is told."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        return await wallets.view(conn, who.workspace_id)


async def session_of(runtime: Runtime, who: Who, mode: str, *models: str, **room: Any) -> UUID:
    """Open a session of this mode, whose agents write 50 tokens at most."""
    given: dict[str, Any] = {"parameters": {"max_output_tokens": 50}}
    async with runtime.db.transaction(who.workspace_id) as conn:
        agents = [
            await make.make_agent(
                conn, who, f"a{i}" if mode != "direct" else None, model=f"fake/{model}", **given
            )
            for i, model in enumerate(models)
        ]
        if mode == "direct":
            return UUID((await make.make_session(conn, who, agent=agents[0]))["id"])
        if mode == "orchestrator":
            room["manager"] = {"model": "fake/scripted", "prompt": SCRIPT}
        made = await make.make_room(
            conn, who, agents=agents, goal="Ship", mode=mode, modes=(mode,), **room
        )
        return UUID((await make.make_session(conn, who, room=made))["id"])


async def drift(server: Server) -> list[str]:
    """Return what the books say against themselves."""
    return [f"{f.check.says}: {f.rows}" for f in await reconcile(server.admin_url) if f.drift]


@pytest.mark.parametrize("mode", ["direct", "manual", "roundtable", "orchestrator"])
async def test_a_turn_pays_what_it_used_and_gives_back_the_rest(
    runtime: Runtime, server: Server, who: Who, mode: str
) -> None:
    await bill(runtime, who, 100 * CREDIT)
    models = ["ok-40"] if mode == "direct" else ["ok-40", "ok-40"]
    session_id = await session_of(runtime, who, mode, *models)
    text = "@all go" if mode == "manual" else "go"
    async with runtime.db.transaction(who.workspace_id) as conn:
        told = await forecast_turn(conn, runtime.providers, who, session_id, TurnInput(text))
    turn = await ended(runtime, who, await send(runtime, who, session_id, text))
    assert turn["status"] == "completed"
    ((held, drawn, released),) = await rows(
        runtime,
        who,
        "SELECT amount_microcredits, drawn_microcredits, released_at IS NOT NULL FROM holds",
    )
    assert (drawn > 0, released) == (True, True)
    assert credits_text(held) == told["credits"]["high"]
    left = await wallet(runtime, who)
    assert left["balance"] == credits_text(100 * CREDIT - drawn)
    assert left["reserved"] == "0.0000"
    ((charged, excess),) = await rows(
        runtime,
        who,
        "SELECT sum(charged_microcredits)::bigint, sum(excess_microcredits)::bigint"
        " FROM llm_call_events",
    )
    assert (charged, excess) == (drawn, 0)
    assert drawn <= held
    assert await drift(server) == []


async def test_credit_for_n_admits_n(runtime: Runtime, server: Server, who: Who) -> None:
    sessions = [await session_of(runtime, who, "direct", "ok-40") for _ in range(16)]
    async with runtime.db.transaction(who.workspace_id) as conn:
        told = await forecast_turn(conn, runtime.providers, who, sessions[0], TurnInput("go"))
    need = microcredits_of(told["credits"]["high"])
    await bill(runtime, who, 2 * need + need // 2)

    async def attempt(session_id: UUID) -> dict[str, Any] | Problem:
        try:
            return await send(runtime, who, session_id, "go")
        except Problem as problem:
            return problem

    answers = await asyncio.gather(*map(attempt, sessions))
    refused = [answer for answer in answers if isinstance(answer, Problem)]
    assert len(answers) - len(refused) == 2
    assert {problem.kind.code for problem in refused} == {"insufficient_credits"}
    assert refused[0].extra["budget"] == {"scope": "wallet"}
    assert refused[0].extra["needed"] == told["credits"]["high"]
    for answer in answers:
        if isinstance(answer, dict):
            await ended(runtime, who, answer)
    assert await drift(server) == []


@pytest.mark.parametrize("scope", ["workspace", "user", "room", "agent", "session"])
@pytest.mark.parametrize("period", ["day", "month"])
async def test_a_budget_that_is_too_small_names_itself(
    runtime: Runtime, server: Server, who: Who, scope: str, period: str
) -> None:
    await bill(runtime, who, 100 * CREDIT)
    session_id = await session_of(runtime, who, "roundtable", "ok-40", "ok-40")
    ((room_id, agent_id),) = await rows(
        runtime,
        who,
        "SELECT s.room_id, a.id FROM sessions s, agents a WHERE a.key = 'a1'",
    )
    of = {"user": who.user_id, "room": room_id, "agent": agent_id, "session": session_id}
    async with runtime.db.transaction(who.workspace_id) as conn:
        budget = await budgets.create_budget(
            conn, who, scope=scope, scope_id=of.get(scope), period=period, limit_microcredits=10
        )
    with pytest.raises(Problem) as refused:
        await send(runtime, who, session_id)
    problem = refused.value
    assert (problem.kind.code, problem.kind.status) == ("budget_exceeded", 402)
    assert problem.extra["budget"]["id"] == budget["id"]
    assert problem.extra["free"] == "0.000010"
    async with runtime.db.transaction(who.workspace_id) as conn:
        await budgets.change_budget(conn, who, UUID(budget["id"]), CREDIT, None)
    turn = await ended(runtime, who, await send(runtime, who, session_id))
    assert turn["status"] == "completed"
    async with runtime.db.transaction(who.workspace_id) as conn:
        told = await budgets.get_budget(conn, who, UUID(budget["id"]))
    paid = sum(
        microcredits_of(step["usage"]["credits"])
        for step in turn["steps"]
        if scope != "agent" or step["agent"]["key"] == "a1"
    )
    assert microcredits_of(told["spent"]) == paid > 0
    assert told["reserved"] == "0.0000"
    assert await drift(server) == []


@pytest.mark.parametrize("limit", ["0.03", "0.0475"])
async def test_a_manager_out_of_credits_still_writes_the_answer(
    runtime: Runtime, server: Server, who: Who, limit: str
) -> None:
    await bill(runtime, who, 100 * CREDIT)
    session_id = await session_of(runtime, who, "orchestrator", "ok-40", "ok-40")
    sent = await send(runtime, who, session_id, limits={"credits": limit})
    turn = await ended(runtime, who, sent)
    steps = [
        (step["key"], step["status"], (step["error"] or {}).get("code")) for step in turn["steps"]
    ]
    assert turn["stop_reason"] == "credits", steps
    assert steps[-1][:2] == ("synth", "completed")
    assert "insufficient_credits" in {code for *_, code in steps}
    assert microcredits_of(turn["usage"]["credits"]) <= microcredits_of(limit)
    assert await drift(server) == []


async def test_a_model_without_a_price_is_refused_or_warned_about(
    runtime: Runtime, server: Server, who: Who
) -> None:
    await bill(runtime, who, CREDIT)
    session_id = await session_of(runtime, who, "direct", "ok-7")
    with pytest.raises(Problem, match="model_unpriced"):
        await send(runtime, who, session_id)
    await bill(runtime, who, 0, "warn")
    turn = await ended(runtime, who, await send(runtime, who, session_id))
    assert [warning["code"] for warning in turn["warnings"]] == ["model_unpriced"]
    assert await drift(server) == []


async def test_warnings_tell_what_would_be_refused(
    runtime: Runtime, server: Server, who: Who
) -> None:
    await bill(runtime, who, 0, "warn")
    session_id = await session_of(runtime, who, "direct", "ok-40")
    turn = await ended(runtime, who, await send(runtime, who, session_id))
    assert turn["status"] == "completed"
    assert [warning["code"] for warning in turn["warnings"]] == ["insufficient_credits"]
    assert (await wallet(runtime, who))["balance"].startswith("-0.")
    assert await drift(server) == []


@pytest.mark.parametrize("model", ["status-500", "flaky-1"])
async def test_what_failed_costs_nothing(
    runtime: Runtime, server: Server, who: Who, model: str
) -> None:
    await bill(runtime, who, CREDIT)
    session_id = await session_of(runtime, who, "direct", model)
    turn = await ended(runtime, who, await send(runtime, who, session_id))
    left = microcredits_of((await wallet(runtime, who))["balance"])
    paid = microcredits_of(turn["usage"]["credits"])
    assert left == CREDIT - paid
    assert (turn["status"], paid > 0) in (("failed", False), ("completed", True))
    assert await drift(server) == []
