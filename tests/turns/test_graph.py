"""Tests of `pantheon.turns.graph`: the graph does what the plain loop does, also after a fall."""

import asyncio
from collections.abc import Collection
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import Send

from pantheon.base import ids
from pantheon.turns.graph import Batch, Drive, State, compile_graph, drive, drive_plainly
from pantheon.turns.modes.registry import MODES
from pantheon.turns.types import Frozen, Seat, StepPlan

SEATING = ("direct", "manual", "roundtable")


class Fall(Exception):
    """The process is gone."""


class Table:
    """Step rows in memory: what was asked, what ran side by side, what has its result."""

    def __init__(self, mode: str, seats: int, order: str, done: Collection[str] = ()) -> None:
        made = tuple(
            Seat(f"id{i}", f"a{i}", f"A{i}", 1, "demo/fast", i + 1, f"p{i}", {}, {})
            for i in range(seats)
        )
        self.frozen = Frozen(made, None, order, {}, in_room=True)
        self.mode = MODES[mode]
        self.done = set(done)
        self.asked: list[str] = []
        self.running = 0
        self.most = 0

    def next_batch(self) -> Batch:
        done: dict[str, Any] = dict.fromkeys(self.done)
        return self.mode.next_batch(self.frozen, done, None)

    async def execute(self, plan: StepPlan) -> None:
        # LangGraph is at least once: as `run_step` does, what is done is read through.
        if plan.key in self.done:
            return
        self.asked.append(plan.key)
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(0)
        self.running -= 1
        self.done.add(plan.key)


async def through_the_graph(
    table: Table,
    saver: Any = None,
    turn_id: str | None = None,
    *,
    pausable: bool = True,
    resume: bool = False,
) -> None:
    """Drive a table by a graph with these checkpoints."""
    await drive(
        compile_graph(saver or InMemorySaver()),
        turn_id or str(ids.new()),
        table.next_batch,
        table.execute,
        steps=len(table.frozen.seats),
        pausable=pausable,
        resume=resume,
    )


@settings(max_examples=40, deadline=None)
@given(
    mode=st.sampled_from(SEATING),
    seats=st.integers(1, 12),
    order=st.sampled_from(["parallel", "sequence"]),
    done=st.sets(st.integers(0, 11)),
    pausable=st.booleans(),
)
def test_graph_and_loop_ask_the_same(mode, seats, order, done, pausable):
    had = {f"s{i}:a{i}" for i in done if i < seats}
    ours, plain = Table(mode, seats, order, had), Table(mode, seats, order, had)
    asyncio.run(through_the_graph(ours, pausable=pausable))
    asyncio.run(drive_plainly(plain.next_batch, plain.execute))
    assert (ours.asked, ours.most) == (plain.asked, plain.most)
    assert ours.most == (seats - len(had) if order == "parallel" else min(1, seats - len(had)))


class Forgetful(InMemorySaver):
    """A saver whose thread goes just after it was first looked for."""

    async def aget_tuple(self, config: Any) -> Any:
        found = await super().aget_tuple(config)
        await self.adelete_thread(config["configurable"]["thread_id"])
        return found


@pytest.mark.parametrize("forgotten", ["not", "before", "meanwhile"])
@pytest.mark.parametrize("order", ["parallel", "sequence"])
@pytest.mark.parametrize("pausable", [True, False])
async def test_after_a_fall_only_what_is_left_is_asked(order, forgotten, pausable):
    saver, turn_id = InMemorySaver(), str(ids.new())
    if forgotten == "meanwhile":
        saver = Forgetful()
    table = Table("manual", 5, order)
    whole = table.execute

    async def fall_at_the_third(plan: StepPlan) -> None:
        if plan.position == 3:
            raise Fall
        await whole(plan)

    table.execute = fall_at_the_third  # type: ignore[method-assign]
    with pytest.raises(Fall):
        await through_the_graph(table, saver, turn_id, pausable=pausable)
    table.execute, before = whole, list(table.asked)  # type: ignore[method-assign]
    assert 0 < len(before) < 5
    if forgotten == "before":
        saver = InMemorySaver()
    await through_the_graph(table, saver, turn_id, pausable=pausable, resume=True)
    assert sorted(table.asked) == [f"s{i}:a{i}" for i in range(5)]


async def test_a_checkpoint_of_another_build_ends_no_turn_early():
    saver, turn_id = InMemorySaver(), str(ids.new())
    await fall_in_another_build(saver, turn_id)
    table = Table("roundtable", 3, "sequence", done=["s0:a0"])
    await through_the_graph(table, saver, turn_id, resume=True)
    assert table.asked == ["s1:a1", "s2:a2"]


async def fall_in_another_build(saver: InMemorySaver, turn_id: str) -> None:
    """Run a graph like ours, whose node has another name, and fall in its second step."""
    sends = [Send("answer", {"turn_id": turn_id, "plan": [i]}) for i in range(2)]

    async def answer(task: Any) -> dict[str, int]:
        if task["plan"] == [1]:
            raise Fall
        return {"steps": 1}

    async def route(state: State) -> list[Send]:
        return [sends[state["steps"]]]

    graph: StateGraph[State, Drive, State, State] = StateGraph(State, context_schema=Drive)
    graph.add_node("answer", answer)
    graph.add_conditional_edges(START, route, ["answer"])
    graph.add_conditional_edges("answer", route, ["answer"])
    config: Any = {"configurable": {"thread_id": turn_id}}
    start: State = {"turn_id": turn_id, "steps": 0}
    compiled = graph.compile(checkpointer=saver)
    with pytest.raises(Fall):
        await compiled.ainvoke(start, config, durability="sync")
    assert (await compiled.aget_state(config)).next == ("answer",)


async def test_checkpoints_hold_references_and_no_text():
    saver, turn_id = InMemorySaver(), str(ids.new())
    await through_the_graph(Table("roundtable", 3, "sequence"), saver, turn_id)
    config: Any = {"configurable": {"thread_id": turn_id}}
    values = [tuple_.checkpoint["channel_values"] async for tuple_ in saver.alist(config)]
    assert len(values) > 3
    kept = {name for value in values for name in value if not name.startswith(("__", "branch:"))}
    assert kept == {"turn_id", "steps"}
    assert max(value.get("steps", 0) for value in values) == 3
