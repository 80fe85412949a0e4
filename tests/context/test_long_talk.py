"""One long session of five agents: small windows are helped, the large one sees all, figures hold.

`python -m tests.context 1000` runs the long form and prints its table.
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from pantheon.accounts.roles import Who
from pantheon.base import ids
from pantheon.base.settings import ModelSetting, ProviderSetting, Settings
from pantheon.context import tokens
from pantheon.context.assemble import assemble_context
from pantheon.context.quotes import PastTurn, Quote
from pantheon.ops.reconcile import reconcile
from pantheon.ops.runtime import Runtime
from pantheon.turns.ask import history_bounds, meter_of, reply_reserve, speaker_for
from pantheon.turns.history import load_history
from pantheon.turns.speech import Speech
from pantheon.turns.types import Frozen, Seat
from tests.turns.drive import ended, rows, send, session_with

TURNS = int(os.environ.get("PANTHEON_LONG_TURNS", "30"))
WINDOWS = {
    "ok-30": 8_192, "ok-31": 1_000_000, "ok-32": 32_768, "ok-33": 32_768, "ok-34": 131_072,
    "minutes": 131_072,
}  # fmt: skip
SMALL, LARGE = "a0", "a1"
TALK = "We talk about the plan and what has to be done for it, at some length and in plain words. "
LONG_EVERY = 50
REPEATS = 20


@pytest.fixture
def settings(tmp_path: Path, fakes: str) -> Settings:
    """Five models with windows of their own, and one that summarises."""
    models = [ModelSetting(id=name, context_window=window) for name, window in WINDOWS.items()]
    return Settings(
        data_dir=tmp_path,
        lease_seconds=5,
        grace_seconds=2,
        providers={"fake": ProviderSetting(base_url=fakes, models=models)},
        summary_model="fake/minutes",
    )


@dataclass(frozen=True)
class Row:
    """What a turn cost: tokens sent by all and by the small one, CPU and bytes of its contexts.

    `cpu_ms` is that of the turn after it in the same process, `cold_ms` of the first in another.
    """

    turn: int
    sent: int
    small: int
    large: int
    cpu_ms: dict[str, float]
    cold_ms: dict[str, float]
    read_bytes: dict[str, int]
    audit_bytes: int


async def measure(runtime: Runtime, who: Who, turn: dict[str, Any]) -> Row:
    """Measure a turn that is over, by building the contexts of the turn that would follow."""
    calls = await rows(
        runtime, who,
        "SELECT coalesce(agent_key, ''), sum(input_tokens) FROM llm_call_events"
        " WHERE turn_id = %s AND purpose = 'answer' GROUP BY 1",
        turn["id"],
    )  # fmt: skip
    by_agent = {key: int(sent) for key, sent in calls}
    ((stored,),) = await rows(runtime, who, "SELECT frozen FROM turns WHERE id = %s", turn["id"])
    frozen = Frozen.load(stored)
    ((audit_bytes,),) = await rows(
        runtime, who,
        "SELECT sum(pg_column_size(c.*)) FROM context_audits c JOIN steps s ON s.id = c.step_id"
        " WHERE s.turn_id = %s",
        turn["id"],
    )  # fmt: skip
    history: dict[str, list[PastTurn]] = {}
    async with runtime.db.transaction(who.workspace_id) as conn:
        for seat in frozen.seats:
            alone = Frozen((seat,), None, "parallel", {}, True)
            history[seat.key] = await load_history(
                conn, who.workspace_id, UUID(turn["session_id"]), UUID(turn["id"]),
                turn["index"] + 1, **history_bounds(runtime.providers, alone),
            )  # fmt: skip
    read = {
        key: sum(len(said.text.encode()) for past in told for said in past.said)
        for key, told in history.items()
    }
    cpu = {seat.key: assembling_ms(runtime, frozen, seat, history) for seat in frozen.seats}
    cold = {
        seat.key: assembling_ms(runtime, frozen, seat, history, cold=True) for seat in frozen.seats
    }
    return Row(
        turn["index"], sum(by_agent.values()), by_agent[SMALL], by_agent[LARGE], cpu, cold, read,
        int(audit_bytes),
    )  # fmt: skip


def assembling_ms(
    runtime: Runtime,
    frozen: Frozen,
    seat: Seat,
    histories: dict[str, list[PastTurn]],
    *,
    cold: bool = False,
) -> float:
    """Return the CPU of assembling one agent's context, the least of some times.

    The process has answered the turn before, or with `cold` knows nothing of the session.
    """
    model = runtime.providers.resolve(seat.model, accepted=True)[1]
    speaker = speaker_for(
        frozen, Speech(seat, "You are one of five.", "", [], "", None, "answer"),
        model.context_window, reply_reserve(seat, model), meter_of(runtime.providers, model.id),
    )  # fmt: skip
    asked = Quote(None, "What now?", tokens.estimate("What now?"))
    least = 1e9
    for _ in range(REPEATS):
        history = histories[seat.key]
        if cold:
            history = [PastTurn(p.index, p.input, p.answers, p.recaps, p.pins) for p in history]
        else:
            assemble_context(speaker, history[:-1], asked, ids.new(), [])
        started = time.process_time()
        assemble_context(speaker, history, asked, ids.new(), [])
        least = min(least, (time.process_time() - started) * 1000)
    return least


async def test_a_long_session_goes_on(runtime: Runtime, who: Who) -> None:
    models = [f"fake/{name}" for name in WINDOWS if name != "minutes"]
    session_id = await session_with(runtime, who, *models, mode="roundtable", goal="Plan it.")
    table = []
    for i in range(1, TURNS + 1):
        text = f"Item {i} costs {i * 37} EUR. {TALK * (260 if i % LONG_EVERY == 15 else 8)}"
        turn = await ended(runtime, who, await send(runtime, who, session_id, text))
        assert turn["status"] == "completed", (i, turn["error"], turn["steps"])
        if i in (10, 100, 1_000, TURNS):
            table.append(await measure(runtime, who, turn))
    # By the model server's own count no request was larger than its window.
    used = await rows(
        runtime,
        who,
        "SELECT model, max(input_tokens + output_tokens) FROM llm_call_events GROUP BY 1",
    )
    for model, most in used:
        assert most <= WINDOWS[model.partition("/")[2]], (model, most)
    actions = await rows(
        runtime, who,
        "SELECT DISTINCT s.agent_key, a ->> 'kind' FROM context_audits c"
        " JOIN steps s ON s.id = c.step_id, jsonb_array_elements(c.actions) a"
        " WHERE s.kind = 'answer'",
    )  # fmt: skip
    assert {(SMALL, "summarised"), (SMALL, "pruned")} <= set(actions)
    assert not any(key == LARGE for key, _ in actions)
    # What was sent and left out stands in an audit, for every call; the books agree.
    assert [f for f in await reconcile(runtime.server.admin_url) if f.drift] == []
    tell(table)
    # Bounded by the window, not by the session: turn 10 has not filled it yet.
    assert all(row.read_bytes[SMALL] < 4 * WINDOWS["ok-30"] * 4 for row in table)


def tell(table: list[Row]) -> None:
    """Print the tables."""
    print("\nturn  sent tokens  of which 8k  of which 1M  read 8k  read 1M, bytes  audits, bytes")
    for row in table:
        read = row.read_bytes
        print(
            f"{row.turn:4}  {row.sent:11,}  {row.small:11,}  {row.large:11,}  {read[SMALL]:7,}"
            f"  {read[LARGE]:14,}  {row.audit_bytes:13,}"
        )
    windows = [f"{window // 1000}k" for window in list(WINDOWS.values())[:5]]
    print(f"turn  CPU ms, by window: {', '.join(windows)}; then the same in a new process")
    for row in table:
        told = [f"{ms[f'a{i}']:.2f}" for ms in (row.cpu_ms, row.cold_ms) for i in range(5)]
        print(f"{row.turn:4}  {'  '.join(told)}")
