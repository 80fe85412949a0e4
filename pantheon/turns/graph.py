"""LangGraph's door: one compiled graph for all turns; agents are data, the state holds references.

The modes and the steps do not know LangGraph. Truth is in the rows: the graph is at least once,
`execute` reads through what is done.
"""

import asyncio
import operator
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, TypedDict

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.errors import EmptyInputError
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.types import Durability, Send, interrupt

from pantheon.turns.types import StepPlan, Stop

Batch = list[StepPlan] | Stop
Execute = Callable[[StepPlan], Awaitable[None]]


class State(TypedDict):
    """What a checkpoint keeps: references and counters, never text."""

    turn_id: str
    steps: Annotated[int, operator.add]


class Task(TypedDict):
    """One step to run, as it is sent to the node."""

    turn_id: str
    plan: list[Any]


@dataclass(slots=True)
class Drive:
    """A run's context: kept out of the checkpoints."""

    next_batch: Callable[[], Batch]
    execute: Execute
    paused: Callable[[], bool]
    dispatched: set[str] = field(default_factory=set)


Graph = CompiledStateGraph[State, Drive, State, State]


def compile_graph(saver: "BaseCheckpointSaver[Any]") -> Graph:
    """Build the graph: `step` nodes, and edges that ask the mode what comes next."""
    graph: StateGraph[State, Drive, State, State] = StateGraph(State, context_schema=Drive)
    graph.add_node("step", _step)  # type: ignore[call-overload]
    graph.add_conditional_edges(START, _route, ["step", END])
    graph.add_conditional_edges("step", _route, ["step", END])
    return graph.compile(checkpointer=saver)


async def drive(
    graph: Graph,
    turn_id: str,
    next_batch: Callable[[], Batch],
    execute: Execute,
    *,
    steps: int,
    pausable: bool,
    resume: bool,
    paused: Callable[[], bool] = lambda: False,
) -> None:
    """Run a turn's steps until its mode has no more.

    `steps` bounds the graph's recursion. `pausable`: the turn may wait for its user, so it saves
    after each batch (`sync`); what others have done stands in the rows, and they save at their
    end (`exit`). `resume`: a checkpoint may be there. `paused` tells, after a step, that the turn
    waits for its user: the graph interrupts there.
    """
    start: State = {"turn_id": turn_id, "steps": 0}
    config: Any = {
        "configurable": {"thread_id": turn_id},
        "recursion_limit": steps * 3 + 10,
    }
    context = Drive(next_batch, execute, paused)
    durability: Durability = "sync" if pausable else "exit"
    going_on = resume and bool((await graph.aget_state(config)).next)
    try:
        await graph.ainvoke(
            None if going_on else start, config, context=context, durability=durability
        )
    except EmptyInputError:
        # The checkpoint has gone since it was looked for; the rows of the steps are there.
        await graph.ainvoke(start, config, context=context, durability=durability)
    # A checkpoint that another build wrote can end the graph early: rows decide, not the graph.
    while not isinstance(batch := next_batch(), Stop):
        await asyncio.gather(*(execute(plan) for plan in batch))


async def drive_plainly(next_batch: Callable[[], Batch], execute: Execute) -> None:
    """Run a turn's steps without LangGraph: the loop that the graph is compared with in tests."""
    while not isinstance(batch := next_batch(), Stop):
        await asyncio.gather(*(execute(plan) for plan in batch))


async def _step(task: Task, runtime: Runtime[Drive]) -> dict[str, int]:
    plan = StepPlan(*task["plan"])
    runtime.context.dispatched.add(plan.key)
    try:
        await runtime.context.execute(plan)
    finally:
        runtime.context.dispatched.discard(plan.key)
    if runtime.context.paused():
        # Whoever resumes comes to this step again, and finds what the user has decided.
        interrupt(plan.key)
    return {"steps": 1}


async def _route(state: State, runtime: Runtime[Drive]) -> list[Send] | str:
    # A coroutine though it awaits nothing: LangGraph runs plain functions in a thread.
    drive = runtime.context
    if drive.dispatched:
        # Others of this batch still run; the last one to end asks for the next batch.
        return END
    batch = drive.next_batch()
    if isinstance(batch, Stop):
        return END
    drive.dispatched.update(plan.key for plan in batch)
    return [
        Send(
            "step",
            {
                "turn_id": state["turn_id"],
                "plan": [plan.key, plan.kind, plan.round, plan.position, plan.agent_key],
            },
        )
        for plan in batch
    ]
