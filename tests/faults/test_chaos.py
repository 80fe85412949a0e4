"""Every fault of a provider in every mode: typed ends, and no agent stops another."""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any

import pytest

from tests.faults.books import check
from tests.faults.conftest import Figures, must_fail
from tests.faults.reader import Reader, check_reader
from tests.faults.world import ANSWER_SECONDS, MODES, World
from tests.providers.test_contract import FAULTS

# How each fault ends a step: the adapter's codes, but for what only the step's time can end.
CODES = {
    **{model: code for model, (code, _, _) in FAULTS.items()},
    "stall": "step_timeout",
    "stall-mid": "step_timeout",
    "empty": "empty_answer",
    "gone/any": "provider_unreachable",
}
ENDLESS = ("stall", "stall-mid")
HOSTILE = (
    "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c\N{REPLACEMENT CHARACTER}"
    " <script>alert(1)</script><img src=x onerror=alert(1)> é 😀 – 😀"
)
WORDS = " ".join(f"w{at}" for at in range(20))
ODD = {
    "hostile": HOSTILE,
    "drip-0.2": "w0 w1 w2 w3 w4",
    "reasoning": WORDS,
    "length": WORDS,
    "no-usage": WORDS,
    "flaky-1": WORDS,
}
HUGE_BYTES = 10 * 1024 * 1024


async def go_wrong(
    here: World, faults: Mapping[str, str], modes: Collection[str], without: Collection[str] = ()
) -> int:
    """Ask turns of all modes in which one agent's provider fails, each fault once in each.

    Asserts that the step fails with the fault's code, that the others answer and those after it
    are told, and that the turn ends as its answers say. Returns how many turns that were.
    """
    api = await here.start("api", without=without)
    for _ in range(2):
        await here.start("worker", without=without)
    asked = {}
    for fault in faults:
        for mode in modes:
            models = [fault] if mode == "direct" else ["ok", fault, "ok"]
            limits = {"step_seconds": 3 if fault in ENDLESS else 60}
            session_id = await here.session(mode, models=models)
            turn = await here.ask(api, session_id, mode, limits=limits)
            asked[turn["id"]] = fault, mode
    turns = {str(turn["id"]): turn for turn in await here.all_over(120)}
    for turn_id, (fault, mode) in asked.items():
        turn = await here.view(api, turns[turn_id])
        _check_turn(turn, faults[fault], mode)
    await check(here)
    return len(asked)


def _check_turn(turn: Mapping[str, Any], code: str, mode: str) -> None:
    steps = [step for step in turn["steps"] if step["kind"] == "answer"]
    told = [(step["status"], (step["error"] or {}).get("code")) for step in steps]
    what = f"{mode} {code}: {turn['status']} {turn['error']} {told}"
    assert turn["error"] is None, what
    if mode == "direct":
        assert (turn["status"], told) == ("failed", [("failed", code)]), what
        return
    fine = ("completed", None)
    assert (turn["status"], told) == ("partial", [fine, ("failed", code), fine]), what
    if mode in ("sequence", "roundtable"):
        read = [(item["step_id"], item["status"]) for item in steps[2]["read"]]
        wanted = [(steps[0]["id"], "completed"), (steps[1]["id"], "failed")]
        assert read == wanted, what


async def test_every_fault_ends_typed_in_every_mode(here: World, figures: Figures) -> None:
    turns = await go_wrong(here, CODES, MODES)
    figures("provider chaos", faults=len(CODES), modes=len(MODES), turns=turns, untyped=0)


async def test_a_manager_that_fails_ends_its_turn_typed(here: World, figures: Figures) -> None:
    """It decides nothing, and cannot sum up: the turn fails, and says by which fault."""
    api = await here.start("api")
    await here.start("worker")
    asked = {}
    for fault, code in CODES.items():
        manager = fault if "/" in fault else f"fake/{fault}"
        session_id = await here.session("orchestrator", "ok", manager=manager)
        limits = {"step_seconds": 3 if fault in ENDLESS else 60}
        turn = await here.ask(api, session_id, "orchestrator", limits=limits)
        asked[turn["id"]] = code
    turns = {str(turn["id"]): turn for turn in await here.all_over(120)}
    for turn_id, code in asked.items():
        turn = await here.view(api, turns[turn_id])
        told = [(step["key"], (step["error"] or {}).get("code")) for step in turn["steps"]]
        wanted = [("route1", code), ("synth", code)]
        what = f"{code}: {turn['status']} {turn['error']} {told}"
        assert (turn["status"], turn["stop_reason"], told) == (
            "failed",
            "router_invalid",
            wanted,
        ), what
    await check(here)
    figures("provider chaos of a manager", faults=len(CODES), turns=len(asked), untyped=0)


async def test_failures_that_are_no_values_stop_a_room(here: World, figures: Figures) -> None:
    """Control: a provider that raises takes the whole turn with it."""
    faults = {"status-400": CODES["status-400"]}
    found = await must_fail(go_wrong(here, faults, ["roundtable"], without=["values"]))
    figures("control: provider chaos without 'values'", found=found)


async def answer_oddly(here: World, model: str, without: Collection[str] = ()) -> None:
    """Ask in every mode an agent whose model answers oddly, and one after it that reads that.

    Asserts that its words are stored as plain text, and that a reader gets the same.
    """
    api, text = await here.start("api"), ODD.get(model)
    await here.start("worker", without=without)
    for mode in MODES:
        name = f"{model}-{mode}" if model.startswith("flaky") else model
        session_id = await here.session(mode, models=[name, "ok"])
        reader = Reader(here, session_id, lambda: api)
        turn = await here.ask(api, session_id, mode)
        async with asyncio.timeout(ANSWER_SECONDS):
            await reader.read(1)
        turn = await here.view(api, turn)
        step = next(step for step in turn["steps"] if step["kind"] == "answer")
        assert step["status"] == "completed", f"{step['error'] or turn['error']}"
        content = step["message"]["content"]
        assert content == text if text is not None else len(content) == HUGE_BYTES
        await check_reader(here, reader, session_id)
    await check(here)


@pytest.mark.parametrize("model", [*ODD, "huge"])
async def test_odd_answers_are_stored_as_plain_text(
    here: World, figures: Figures, model: str
) -> None:
    await answer_oddly(here, model)
    figures(f"odd output: {model}", modes=len(MODES), crashes=0)


async def test_output_that_is_not_cleaned_breaks_the_turn(here: World, figures: Figures) -> None:
    """Control: NUL and lone surrogates go through."""
    found = await must_fail(answer_oddly(here, "hostile", without=["sanitise"]))
    figures("control: hostile output without 'sanitise'", found=found)
