"""Retry and rerun: what runs again, what is taken over, what is stale, and what is refused."""

from typing import Any
from uuid import UUID

import pytest

from pantheon.accounts.roles import Who
from pantheon.base.errors import Problem
from pantheon.ops.runtime import Runtime
from pantheon.turns.retry import rerun_turn, retry_turn
from tests.turns.drive import direct_session, ended, rows, send, session_with, view


async def retry(runtime: Runtime, who: Who, turn: Any, steps: list[str] | None = None) -> Any:
    async with runtime.db.transaction(who.workspace_id) as conn:
        ids = None if steps is None else [UUID(step) for step in steps]
        return await retry_turn(conn, runtime.providers, who, UUID(turn["id"]), ids)


async def rerun(runtime: Runtime, who: Who, turn: Any, **given: Any) -> Any:
    async with runtime.db.transaction(who.workspace_id) as conn:
        return await rerun_turn(conn, runtime.providers, who, UUID(turn["id"]), **given)


async def partial(runtime: Runtime, who: Who) -> Any:
    session_id = await session_with(
        runtime, who, "demo/fast", "demo/failing", "demo/fast", mode="roundtable"
    )
    return await ended(runtime, who, await send(runtime, who, session_id))


async def test_retry_runs_what_failed_and_marks_what_rests_on_it(
    runtime: Runtime, who: Who
) -> None:
    old = await partial(runtime, who)
    accepted = await retry(runtime, who, old)
    assert accepted["retry_of"] == old["id"]
    assert accepted["parent_id"] == old["parent_id"]
    turn = await ended(runtime, who, accepted)
    first, failed, last = turn["steps"]
    assert first["source_step_id"] == old["steps"][0]["id"]
    assert first["message"] == old["steps"][0]["message"]
    assert (first["stale"], failed["stale"], last["stale"]) == (False, False, True)
    assert failed["source_step_id"] is None
    assert failed["attempts"] == 1
    assert turn["usage"]["calls"] == 1
    assert first["usage"]["calls"] == 0
    assert turn["status"] == "partial"
    assert failed["siblings"] == [old["steps"][1]["id"]]
    calls = await rows(runtime, who, "SELECT count(*) FROM llm_call_attempts")
    assert calls == [(4,)]


async def test_a_retry_of_a_retry_names_the_step_that_holds_the_message(
    runtime: Runtime, who: Who
) -> None:
    old = await partial(runtime, who)
    second = await ended(runtime, who, await retry(runtime, who, old))
    third = await ended(runtime, who, await retry(runtime, who, second))
    assert third["steps"][0]["source_step_id"] == old["steps"][0]["id"]
    assert third["steps"][2]["source_step_id"] == old["steps"][2]["id"]
    assert third["steps"][2]["stale"]


async def test_rerun_from_a_step_keeps_what_comes_before(runtime: Runtime, who: Who) -> None:
    old = await partial(runtime, who)
    turn = await ended(
        runtime,
        who,
        await rerun(
            runtime, who, old, from_step=UUID(old["steps"][1]["id"]), models={"a1": "demo/fast"}
        ),
    )
    assert turn["status"] == "completed"
    assert [step["source_step_id"] is None for step in turn["steps"]] == [False, True, True]
    assert [step["stale"] for step in turn["steps"]] == [False, False, False]
    assert turn["roster"][1]["model"] == "demo/fast"


async def test_rerun_with_another_text_continues_the_same_parent(
    runtime: Runtime, who: Who
) -> None:
    session_id = await direct_session(runtime, who, "demo/fast")
    await ended(runtime, who, await send(runtime, who, session_id, "One?"))
    second = await ended(runtime, who, await send(runtime, who, session_id, "Two?"))
    third = await ended(runtime, who, await rerun(runtime, who, second, text="Three?"))
    assert third["input"] == "Three?"
    assert third["parent_id"] == second["parent_id"]
    assert third["retry_of"] == second["id"]
    assert third["steps"][0]["siblings"] == [second["steps"][0]["id"]]
    head = await rows(runtime, who, "SELECT head_turn_id FROM sessions WHERE id = %s", session_id)
    assert head == [(UUID(third["id"]),)]


async def test_refusals(runtime: Runtime, who: Who) -> None:
    session_id = await direct_session(runtime, who, "demo/fast")
    first = await ended(runtime, who, await send(runtime, who, session_id))

    async def code(call: Any) -> str:
        with pytest.raises(Problem) as caught:
            await call
        return caught.value.kind.code

    assert await code(retry(runtime, who, first)) == "nothing_to_retry"
    assert await code(retry(runtime, who, first, [first["id"]])) == "validation_error"
    assert await code(rerun(runtime, who, first, models={"zz": "demo/fast"})) == "validation_error"
    assert await code(rerun(runtime, who, first, models={"a0": "demo/none"})) == "unknown_model"
    step = UUID(first["steps"][0]["id"])
    assert await code(rerun(runtime, who, first, text="x", from_step=step)) == "validation_error"
    await ended(runtime, who, await send(runtime, who, session_id))
    assert await code(retry(runtime, who, first)) == "turn_not_last"
    live = await send(runtime, who, session_id, models={"a0": "demo/analyst"})
    assert await code(rerun(runtime, who, first)) == "turn_in_progress"
    assert (await view(runtime, who, live))["index"] == 3
