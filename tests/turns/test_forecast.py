"""Tests of `pantheon.turns.forecast`: what a turn would cost, for every mode; and that it holds."""

from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from pantheon.accounts.roles import Who
from pantheon.base.errors import Problem
from pantheon.base.settings import ModelSetting, ProviderSetting, Settings
from pantheon.ops.runtime import Runtime
from pantheon.turns.forecast import forecast_turn
from pantheon.turns.modes.registry import MODES
from pantheon.turns.types import TurnInput
from tests import make
from tests.turns.drive import direct_session, ended, rows, send
from tests.turns.stories import FINISH, FIRST, SECOND, delegate, on

SCRIPT = "\n".join([on(FIRST, delegate("a0", "a1")), on(SECOND, FINISH), "say: All in all: go."])
PRICE = {"input": "1", "output": "4"}


@pytest.fixture
def settings(tmp_path: Path, fakes: str) -> Settings:
    """Settings with the fake server: two models with a price, one that is dear, others without."""
    models = [
        {"id": "ok-40", "price": PRICE},
        {"id": "ok-41", "price": {"input": "100", "output": "400"}},
        {"id": "scripted", "price": PRICE, "capabilities": ["structured_outputs"]},
    ]
    known = [ModelSetting.model_validate({**model, "context_window": 8_192}) for model in models]
    fake = ProviderSetting(base_url=fakes, models=known, any_model=True)
    return Settings(data_dir=tmp_path, lease_seconds=1, grace_seconds=2, providers={"fake": fake})


async def session_of(
    runtime: Runtime,
    who: Who,
    mode: str,
    *models: str,
    reply: int | None = 50,
    prefix: str = "a",
    **room: Any,
) -> UUID:
    """Open a session in a room of this mode, or in direct mode with the first model."""
    if mode == "direct":
        return await direct_session(runtime, who, f"fake/{models[0]}")
    parameters = {} if reply is None else {"max_output_tokens": reply}
    async with runtime.db.transaction(who.workspace_id) as conn:
        agents = [
            await make.make_agent(
                conn, who, f"{prefix}{i}", model=f"fake/{model}", parameters=parameters
            )
            for i, model in enumerate(models)
        ]
        manager = {"model": "fake/scripted", "prompt": SCRIPT}
        made = await make.make_room(
            conn, who, agents=agents, goal="Ship", mode=mode, modes=(mode,), manager=manager, **room
        )
        session = await make.make_session(conn, who, room=made)
    return UUID(session["id"])


async def forecast(
    runtime: Runtime, who: Who, session_id: UUID, text: str = "Ship it?", **wanted: Any
) -> dict[str, Any]:
    """Return the forecast of a turn."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        return await forecast_turn(
            conn, runtime.providers, who, session_id, TurnInput(text, **wanted)
        )


def calls(told: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """Return the range of calls of each agent, and of all."""
    each = {agent["key"]: agent["calls"] for agent in told["agents"]} | {"": told["calls"]}
    return {key: (counted["low"], counted["high"]) for key, counted in each.items()}


@pytest.mark.parametrize(
    ("mode", "text", "expected"),
    [
        ("direct", "Ship it?", {"a0": (1, 1), "": (1, 1)}),
        ("manual", "@a1 @a2?", {"a1": (1, 1), "a2": (1, 1), "": (2, 2)}),
        ("roundtable", "Ship it?", {"a0": (1, 1), "a1": (1, 1), "a2": (1, 1), "": (3, 3)}),
        (
            "orchestrator",
            "Ship it?",
            {"manager": (1, 4), "a0": (0, 3), "a1": (0, 3), "a2": (0, 3), "": (1, 13)},
        ),
    ],
)
async def test_calls_of_each_mode(
    idle: Runtime, who: Who, mode: str, text: str, expected: dict[str, tuple[int, int]]
) -> None:
    assert mode in MODES
    session_id = await session_of(idle, who, mode, "ok-40", "ok-40", "ok-40")
    told = await forecast(idle, who, session_id, text)
    assert calls(told) == expected
    assert told["mode"] == mode
    assert told["unpriced"] == told["warnings"] == []
    for agent in told["agents"]:
        assert agent["context"]["window"] == 8_192
        assert 0 < agent["context"]["used"] < 1_000
        assert Decimal(agent["cost_usd"]["low"]) <= Decimal(agent["cost_usd"]["high"])


async def test_an_orchestrator_is_bound_by_its_caps(idle: Runtime, who: Who) -> None:
    session_id = await session_of(idle, who, "orchestrator", *["ok-40"] * 6)
    assert calls(await forecast(idle, who, session_id))[""] == (1, 12 + 4)
    lower = await forecast(
        idle, who, session_id, limits={"rounds": 1, "calls": 2, "calls_per_agent": 1}
    )
    assert calls(lower)[""] == (1, 2 + 2)
    assert calls(lower)["a0"] == (0, 1)


async def test_the_dearest_agents_bound_the_cost(idle: Runtime, who: Who) -> None:
    session_id = await session_of(idle, who, "orchestrator", "ok-40", "ok-41", "ok-40")
    told = await forecast(idle, who, session_id, limits={"calls": 3})
    manager, cheap, dear, _ = (Decimal(a["cost_usd"]["high"]) for a in told["agents"])
    assert dear > 50 * cheap
    assert Decimal(told["cost_usd"]["high"]) == manager + dear
    assert Decimal(told["credits"]["high"]) >= Decimal(told["cost_usd"]["high"])
    # All agents together may not be asked as often as each of them.
    assert sum(a["calls"]["high"] for a in told["agents"][1:]) == 9
    assert told["calls"]["high"] == 3 + 4


async def test_later_agents_of_a_round_table_read_more(idle: Runtime, who: Who) -> None:
    session_id = await session_of(idle, who, "roundtable", "ok-40", "ok-40", "ok-40", reply=500)
    told = await forecast(idle, who, session_id)
    high = [agent["tokens"]["high"] for agent in told["agents"]]
    # What one of them writes may be twice as many tokens for the next, half again at its provider.
    assert high[2] - high[1] == 2 * 1.5 * (500 + 200)
    assert high[1] - high[0] > 2 * 1.5 * 500
    low = [agent["tokens"]["low"] for agent in told["agents"]]
    assert len(set(low)) == 1
    alike = await forecast(idle, who, session_id, "@all")
    assert len({agent["tokens"]["high"] for agent in alike["agents"]}) == 1


async def test_an_answer_is_as_long_as_its_agent_may_write(idle: Runtime, who: Who) -> None:
    sizes = []
    for prefix, reply in (("b", 100), ("c", 300), ("d", None)):
        session_id = await session_of(idle, who, "roundtable", "ok-40", reply=reply, prefix=prefix)
        sizes.append((await forecast(idle, who, session_id))["tokens"]["high"])
    # Without a limit the answer is as long as the model can, and the body is shorter by the limit.
    unlimited = 4_096 - 100 - len('"max_tokens":100,')
    assert [size - sizes[0] for size in sizes] == [0, 200, unlimited]


async def test_history_counts(runtime: Runtime, who: Who) -> None:
    session_id = await session_of(runtime, who, "roundtable", "ok-40")
    first = await forecast(runtime, who, session_id)
    await ended(runtime, who, await send(runtime, who, session_id))
    second = await forecast(runtime, who, session_id)
    assert second["agents"][0]["context"]["used"] > first["agents"][0]["context"]["used"] + 20


async def test_what_has_no_price_is_named(idle: Runtime, who: Who) -> None:
    session_id = await session_of(idle, who, "roundtable", "ok-40", "ok-7", "ok-7")
    told = await forecast(idle, who, session_id)
    assert told["unpriced"] == ["fake/ok-7"]
    priced, *others = told["agents"]
    assert [other["cost_usd"] for other in others] == [None, None]
    assert told["cost_usd"] == priced["cost_usd"]
    alone = await forecast(idle, who, session_id, models={"a0": "fake/ok-7"})
    assert alone["cost_usd"] is None
    assert alone["credits"] == {"low": "0.0000", "high": "0.0000"}


async def test_what_will_not_fit_is_a_warning(idle: Runtime, who: Who) -> None:
    session_id = await session_of(idle, who, "manual", "ok-40", "ok-7")
    told = await forecast(idle, who, session_id, "@a0 @zoe " + "word " * 8_000)
    assert [w["code"] for w in told["warnings"]] == ["unknown_mention", "context_budget_exceeded"]


@pytest.mark.parametrize(
    ("mode", "wanted", "code"),
    [
        ("manual", {"text": "Nobody?"}, "no_valid_mention"),
        ("roundtable", {"text": " "}, "validation_error"),
        ("roundtable", {"models": {"zz": "fake/ok"}}, "validation_error"),
        ("roundtable", {"models": {"a0": "none/ok"}}, "unknown_model"),
        ("roundtable", {"limits": {"rounds": 0}}, "validation_error"),
        ("roundtable", {"approve": "plan"}, "validation_error"),
        ("orchestrator", {"approve": "each_agent"}, "validation_error"),
    ],
)
async def test_what_is_refused_is_refused_here_too(
    idle: Runtime, who: Who, mode: str, wanted: dict[str, Any], code: str
) -> None:
    session_id = await session_of(idle, who, mode, "ok-40", "ok-40")
    with pytest.raises(Problem) as refused:
        await forecast(idle, who, session_id, **wanted)
    assert refused.value.kind.code == code


@pytest.mark.parametrize("mode", MODES)
async def test_a_turn_keeps_to_its_forecast(runtime: Runtime, who: Who, mode: str) -> None:
    session_id = await session_of(runtime, who, mode, "ok-40", "ok-41")
    text = "@all ship it?" if mode == "manual" else "Ship it?"
    told = await forecast(runtime, who, session_id, text)
    assert await rows(runtime, who, "SELECT 1 FROM turns UNION ALL SELECT 1 FROM messages") == []
    turn = await ended(runtime, who, await send(runtime, who, session_id, text))
    assert turn["status"] == "completed"
    usage = turn["usage"]
    assert told["calls"]["low"] <= usage["calls"] <= told["calls"]["high"]
    assert usage["input_tokens"] + usage["output_tokens"] <= told["tokens"]["high"]
    assert 0 < Decimal(usage["cost_usd"]) <= Decimal(told["cost_usd"]["high"])
    assert 0 < Decimal(usage["credits"]) <= Decimal(told["credits"]["high"])
