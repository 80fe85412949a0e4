"""Turns of every kind side by side: what each charged, and what was said of it before.

Four modes, failures, retries, cancels, cached and reasoning tokens; `tests.ledger.reference`
reckons what each call charges and what the wallet has left, to the micro-credit.
"""

import asyncio
import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any
from uuid import UUID, uuid4

from pantheon.base.money import microcredits_of
from tests.faults.books import check, check_money
from tests.faults.conftest import Figures, Search, Size
from tests.faults.processes import Process
from tests.faults.world import MODES, TERMINAL, World

CLIENTS = 24
AGENTS = 2
MODELS = (
    "ok", "ok-40", "ok-100", "reasoning", "length", "no-usage", "wobbly-3", "drip-0.2",
    "paced-20-2-20", "status-400", "empty", "reset-mid",
)  # fmt: skip
SLOW = "paced-20-10-40"
# Of each client's turns: which are cut short, and after which one is asked again or anew.
CUT_EVERY = 7
WAIT_SECONDS = 60
LEARNT = 0.02
"""How far a hold may lie from what was forecast a moment before, as a part of it."""


@dataclass
class Mix:
    """What was done: the most that was said of each turn, and how many were asked how."""

    most: dict[str, int] = field(default_factory=dict)
    least: dict[str, int] = field(default_factory=dict)
    retried: int = 0
    cut: int = 0


async def mix(here: World, rng: random.Random, turns: int, without: Collection[str] = ()) -> Mix:
    """Let clients ask so many turns together, each forecast before; return what was done."""
    servers = [await here.start("up", without=without) for _ in range(2)]
    done = Mix()
    left = iter(range(turns))
    await asyncio.gather(
        *(_client(here, random.Random(rng.random()), servers, left, done) for _ in range(CLIENTS))
    )
    await here.all_over(WAIT_SECONDS)
    return done


async def _client(
    here: World, rng: random.Random, servers: Sequence[Process], left: Any, done: Mix
) -> None:
    sessions: dict[tuple[str, bool], UUID] = {}
    for at in left:
        mode, cut = MODES[at % len(MODES)], at % CUT_EVERY == 0
        if (mode, cut) not in sessions:
            models = [SLOW if cut else rng.choice(MODELS) for _ in range(AGENTS)]
            sessions[mode, cut] = await here.session(mode, models=models)
        turn = await _turn(here, rng, servers, sessions[mode, cut], mode, cut, done)
        if turn["status"] in ("failed", "partial") and at % 2:
            await _retry(here, rng.choice(servers), turn, done)


async def _turn(
    here: World, rng: random.Random, servers: Sequence[Process], session_id: UUID, mode: str,
    cut: bool, done: Mix,
) -> dict[str, Any]:  # fmt: skip
    told = (await here.forecast(rng.choice(servers), session_id, mode))["credits"]
    server, key = rng.choice(servers), uuid4().hex
    if cut:
        turn = await here.ask(server, session_id, mode, key=key)
        await asyncio.sleep(rng.uniform(0, 0.4))
        done.cut += (await here.cancel(server, turn, "now")).status_code == 202
    turn = await here.ask(server, session_id, mode, key=key, wait_seconds=WAIT_SECONDS)
    while turn["status"] not in TERMINAL:
        # It has waited for its user meanwhile.
        turn = await here.ask(server, session_id, mode, key=key, wait_seconds=WAIT_SECONDS)
    done.most[turn["id"]] = microcredits_of(told["high"])
    done.least[turn["id"]] = microcredits_of(told["low"])
    return turn


async def _retry(here: World, server: Process, turn: dict[str, Any], done: Mix) -> None:
    response = await here.client.post(
        f"{server.url}/api/v1/turns/{turn['id']}/retry",
        json={},
        headers={"Prefer": f"wait={WAIT_SECONDS}"},
    )
    assert response.status_code == 201, response.text
    again = response.json()
    await here.until("SELECT finished_at IS NOT NULL FROM turns WHERE id = %s", UUID(again["id"]))
    done.retried += 1


async def check_bounds(here: World, done: Mix) -> tuple[list[float], int]:
    """Assert that no turn charged more than was said, or than its hold; return how much less.

    For each turn that completed, what was held by what it charged; and how often a hold was raised.
    """
    rows = await here.rows(
        """
        SELECT h.turn_id::text, t.status, sum(e.charged_microcredits)::bigint,
            sum(e.excess_microcredits)::bigint, h.amount_microcredits, (
                SELECT count(*) FROM postings p
                WHERE p.workspace_id = h.workspace_id AND p.hold_id = h.id AND p.kind = 'raise'
            )
        FROM holds h
        JOIN turns t ON t.workspace_id = h.workspace_id AND t.id = h.turn_id
        LEFT JOIN llm_call_events e ON e.workspace_id = h.workspace_id AND e.turn_id = h.turn_id
        GROUP BY h.workspace_id, h.id, h.turn_id, t.status, h.amount_microcredits
        """
    )
    widths, raises = [], 0
    for turn_id, status, charged, excess, held, raised in rows:
        what = f"turn {turn_id} ({status})"
        assert (excess or 0) == 0, f"{what}: {excess} beyond its earmarks"
        raises += raised
        assert (charged or 0) <= held, f"{what}: {charged} of {held} held"
        if (told := done.most.get(turn_id)) is not None:
            assert (charged or 0) <= told, f"{what}: {charged} charged, {told} told"
            # Since then a turn beside it may have taught how a model counts its tokens.
            assert abs(held - told) <= told * LEARNT, f"{what}: {held} held, {told} told"
        if status == "completed" and charged:
            widths.append(held / charged)
    assert done.most.keys() <= {row[0] for row in rows}
    return widths, raises


async def test_mixed_turns_charge_what_they_must_and_no_more_than_was_said(
    here: World, rng: random.Random, size: Size, figures: Figures
) -> None:
    turns = size(60, 5_000)
    done = await mix(here, rng, turns)
    assert len(done.most) == turns
    tally = await check(here)
    widths, raises = await check_bounds(here, done)
    counted = dict(
        await here.rows("SELECT outcome, count(*) FROM llm_call_events GROUP BY outcome")
    )
    ((cached, thought),) = await here.rows(
        "SELECT sum(cached_input_tokens)::bigint, sum(reasoning_tokens)::bigint"
        " FROM llm_call_events"
    )
    assert min(cached, thought, counted["failed"], done.cut, done.retried) > 0
    figures(
        "mixed turns beside a reckoning of its own",
        turns=tally.turns,
        calls=tally.requests,
        failed_calls=counted["failed"],
        cancelled_calls=counted.get("cancelled", 0),
        retried_turns=done.retried,
        credits=f"{tally.credits / 1e6:.6f}",
        differences=0,
        beyond_their_forecast=0,
        raised_holds=raises,
        said_at_most_by_charged=_band(widths),
    )


def _band(widths: Sequence[float]) -> str:
    tenths = quantiles(widths, n=10)
    return f"{median(widths):.0f} times ({tenths[0]:.0f} to {tenths[-1]:.0f})"


async def test_a_micro_credit_too_much_is_found(
    until_found: Search, rng: random.Random, figures: Figures
) -> None:
    """Control: charges that are one micro-credit too high."""

    async def overcharge(here: World) -> None:
        await mix(here, rng, 12, without=["exact"])
        await check_money(here)

    found = await until_found(overcharge)
    figures("control: mixed turns without 'exact'", found=found)
