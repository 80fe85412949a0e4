"""Who pays for what: every line of the table in docs/billing.md, on real turns and requests."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from decimal import Decimal
from math import ceil
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest

from pantheon.accounts.roles import Who
from pantheon.base.money import microcredits_of
from pantheon.base.settings import ModelSetting, ProviderSetting, Settings
from pantheon.db.pool import Notice
from pantheon.ledger import price_books, wallets
from pantheon.ops.reconcile import reconcile
from pantheon.ops.runtime import Runtime
from pantheon.ops.trial import try_model
from pantheon.turns import step
from pantheon.turns.cancel import request_cancel
from pantheon.turns.retry import retry_turn
from pantheon.turns.work import Control
from pantheon.worker.titles import give_title
from tests import make
from tests.house import ROOT
from tests.turns.drive import rows, send, until, view
from tests.turns.stories import FINISH, FIRST, SECOND, SYNTHESIS, delegate, on
from tests.turns.test_leases import claim, run

MODELS = (
    "ok-40", "status-500", "reset-mid", "stall-mid", "flaky-1-paid", "flaky-3-paid", "no-usage",
    "scripted", "minutes",
)  # fmt: skip
CREDIT = 1_000_000
GRANTED = 1_000 * CREDIT
MARGIN = Decimal(20)
CALLS = """
    SELECT purpose, outcome, cost_usd, charged_microcredits, excess_microcredits
    FROM llm_call_events ORDER BY created_at, number
"""

# A call: purpose, outcome, whether it cost the operator something, whether it charged the user.
Call = tuple[str, str, bool, bool]
PAID, FREE, BORNE = (True, True), (False, False), (True, False)


@pytest.fixture
def settings(tmp_path: Path, fakes: str) -> Settings:
    """Settings with the fake server's models, each with a price."""
    known = [
        ModelSetting.model_validate(
            {
                "id": name,
                "price": {"input": "1", "output": "4"},
                "context_window": 4_096 if name == "minutes" else 8_192,
                "capabilities": ["structured_outputs"],
            }
        )
        for name in MODELS
    ]
    fake = ProviderSetting(base_url=fakes, models=known)
    return Settings(
        data_dir=tmp_path, lease_seconds=1, grace_seconds=2, title_model="fake/ok-40",
        providers={"fake": fake},
    )  # fmt: skip


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step, "FIRST_WAIT_SECONDS", 0.02)


async def session_of(runtime: Runtime, who: Who, *models: str, **room: Any) -> UUID:
    """Open a session of these models' agents: of one alone, or in a room."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        agents = [
            await make.make_agent(
                conn, who, f"a{i}", model=f"fake/{name}", parameters={"max_output_tokens": 200}
            )
            for i, name in enumerate(models)
        ]
        if len(agents) == 1 and not room:
            return UUID((await make.make_session(conn, who, agent=agents[0]))["id"])
        room = {"mode": "roundtable", **room}
        made = await make.make_room(
            conn, who, agents=agents, goal="Ship", modes=(room["mode"],), **room
        )
        return UUID((await make.make_session(conn, who, room=made))["id"])


async def turn_of(runtime: Runtime, who: Who, *models: str, **room: Any) -> dict[str, Any]:
    """Ask in a new session, and run the turn to its end."""
    accepted = await send(runtime, who, await session_of(runtime, who, *models, **room))
    return await run_all(runtime, who, accepted)


async def run_all(runtime: Runtime, who: Who, accepted: dict[str, Any]) -> dict[str, Any]:
    (turn,) = await claim(runtime)
    await run(runtime, turn)
    return await view(runtime, who, accepted)


async def fails_before(runtime: Runtime, who: Who) -> list[Call]:
    await turn_of(runtime, who, "status-500")
    return [("answer", "failed", *FREE)] * 3


async def fails_after(runtime: Runtime, who: Who) -> list[Call]:
    turn = await turn_of(runtime, who, "reset-mid")
    assert turn["steps"][0]["message"]["content"], "the text that came stays"
    return [("answer", "failed", *BORNE)] * turn["steps"][0]["attempts"]


async def retried(runtime: Runtime, who: Who) -> list[Call]:
    await turn_of(runtime, who, "flaky-1-paid")
    return [("answer", "failed", *FREE), ("answer", "completed", *PAID)]


async def cancelled(runtime: Runtime, who: Who) -> list[Call]:
    accepted = await send(runtime, who, await session_of(runtime, who, "stall-mid"))
    (turn,) = await claim(runtime)
    control = Control()
    running = asyncio.create_task(run(runtime, turn, control))
    await until(runtime, who, accepted, "step.delta")
    control.cancel("now")
    await running
    return [("answer", "cancelled", *PAID)]


async def cancelled_unsent(runtime: Runtime, who: Who) -> list[Call]:
    """The cancel meets the commit that records the attempt."""
    await send(runtime, who, await session_of(runtime, who, "ok-40"))
    (turn,) = await claim(runtime)
    control = Control()

    def cancel_at_once(notices: list[Notice]) -> None:
        if any(event.type == "step.started" for n in notices for event in n.payload or ()):
            control.cancel("now")

    runtime.db.listeners.append(cancel_at_once)
    await run(runtime, turn, control)
    return [("answer", "cancelled", *FREE)]


async def lost(runtime: Runtime, who: Who) -> list[Call]:
    """The process goes while the answer comes; the next one is asked to end the turn."""
    accepted = await send(runtime, who, await session_of(runtime, who, "stall-mid"))
    (turn,) = await claim(runtime)
    control = Control()
    running = asyncio.create_task(run(runtime, turn, control))
    await until(runtime, who, accepted, "step.delta")
    control.stop("drain")
    await running
    async with runtime.db.transaction(who.workspace_id) as conn:
        await request_cancel(conn, who, UUID(accepted["id"]), "now")
    assert (await run_all(runtime, who, accepted))["status"] == "cancelled"
    return [("answer", "lost", *FREE)]


async def usage_missing(runtime: Runtime, who: Who) -> list[Call]:
    turn = await turn_of(runtime, who, "no-usage")
    assert turn["usage"]["estimated"]
    return [("answer", "completed", *PAID)]


async def orchestrated(runtime: Runtime, who: Who, *script: str) -> None:
    manager = {"model": "fake/scripted", "prompt": "\n".join((*script, SYNTHESIS))}
    turn = await turn_of(runtime, who, "ok-40", mode="orchestrator", manager=manager)
    assert turn["status"] == "completed"


async def routing(runtime: Runtime, who: Who) -> list[Call]:
    await orchestrated(runtime, who, on(FIRST, delegate("a0")), on(SECOND, FINISH))
    return [(purpose, "completed", *PAID) for purpose in ("route", "answer", "route", "synthesis")]


async def repair(runtime: Runtime, who: Who) -> list[Call]:
    good = on("no valid decision", orjson.dumps(delegate("a0")).decode())
    await orchestrated(runtime, who, good, on(FIRST, "no JSON"), on(SECOND, FINISH))
    paid = ("repair", "answer", "route", "synthesis")
    return [("route", "failed", *BORNE), *((name, "completed", *PAID) for name in paid)]


async def summary(runtime: Runtime, who: Who) -> list[Call]:
    session_id = await session_of(runtime, who, "minutes")
    told: list[Call] = []
    long = "We talk about the plan and what has to be done for it, at some length. " * 20
    while ("summary", "completed", *PAID) not in told:
        assert len(told) < 12, "a summary is due long before"
        accepted = await send(runtime, who, session_id, f"Item costs 37 EUR. {long}")
        turn = await run_all(runtime, who, accepted)
        kinds = [s["kind"] for s in turn["steps"]]
        told += [(kind, "completed", *PAID) for kind in kinds]
    return told


async def title(runtime: Runtime, who: Who) -> list[Call]:
    await send(runtime, who, await session_of(runtime, who, "ok-40"))
    (turn,) = await claim(runtime)
    await run(runtime, turn)
    assert await give_title(runtime, turn)
    return [("answer", "completed", *PAID), ("title", "completed", *PAID)]


async def trial(runtime: Runtime, who: Who) -> list[Call]:
    provider, model = runtime.providers.resolve("fake/ok-40")
    await try_model(runtime.db, who, provider, model, seconds=10)
    return [("test", "completed", *PAID)]


async def taken_over(runtime: Runtime, who: Who) -> list[Call]:
    """One of two fails; its retry takes over the other's answer."""
    turn = await turn_of(runtime, who, "ok-40", "flaky-3-paid")
    assert turn["status"] == "partial"
    async with runtime.db.transaction(who.workspace_id) as conn:
        again = await retry_turn(conn, runtime.providers, who, turn["id"])
    assert (await run_all(runtime, who, again))["status"] == "completed"
    failed: list[Call] = [("answer", "failed", *FREE)] * 3
    return [("answer", "completed", *PAID), *failed, ("answer", "completed", *PAID)]


CASES: dict[str, Callable[[Runtime, Who], Awaitable[list[Call]]]] = {
    "failed before the provider answered": fails_before,
    "failed after text had come": fails_after,
    "retried, then answered": retried,
    "cancelled while text came": cancelled,
    "cancelled before it had left": cancelled_unsent,
    "lost: the process died": lost,
    "answered, but the provider left out the usage": usage_missing,
    "a manager's decision and its synthesis": routing,
    "an invalid decision, and its repair": repair,
    "a summary of older turns": summary,
    "the title of a session": title,
    "a test of an agent or a key": trial,
    "an answer that a retry takes over": taken_over,
}


def test_every_line_of_the_page_has_its_case() -> None:
    page = (ROOT / "docs" / "billing.md").read_text("utf-8")
    table = page.partition("## Who pays for what")[2].partition("\n## ")[0]
    told = re.findall(r"^\| ([^|]+?) \|", table, re.MULTILINE)
    assert told[1:] == list(CASES)


@pytest.mark.parametrize("case", CASES)
async def test_it_is_charged_as_the_page_says(idle: Runtime, who: Who, case: str) -> None:
    async with idle.db.transaction(who.workspace_id) as conn:
        await wallets.grant(conn, who.workspace_id, GRANTED, reason="For tests")
        await wallets.enforce(conn, who, "enforce")
        await price_books.create_book(
            conn, who, {}, idle.providers.models(), reason="Margin", margin_percent=MARGIN
        )
    expected = await CASES[case](idle, who)
    calls = await rows(idle, who, CALLS)
    assert [(c[0], c[1], bool(c[2]), c[3] > 0) for c in calls] == expected
    for _, _, cost, charged, excess in calls:
        if charged:
            assert charged == ceil(cost * (100 + MARGIN) / 100 * CREDIT)
        assert excess == 0
    async with idle.db.transaction(who.workspace_id) as conn:
        wallet = await wallets.view(conn, who.workspace_id)
    assert microcredits_of(wallet["balance"]) == GRANTED - sum(call[3] for call in calls)
    assert wallet["reserved"] == "0.0000"
    assert [f for f in await reconcile(idle.server.admin_url) if f.drift] == []
