"""Tests of `pantheon.turns.history`: the head's chain, and no more of it than is needed."""

from typing import Any
from uuid import UUID

import pytest

from pantheon.accounts.roles import Who
from pantheon.context.quotes import PastTurn
from pantheon.context.tokens import MESSAGE_OVERHEAD, estimate
from pantheon.db.pool import Connection
from pantheon.sessions import messages
from pantheon.turns.history import PAGE, WORTH_KEEPING, load_history
from pantheon.turns.retry import rerun_turn
from tests.make import demo_providers, make_agent, make_session, make_turn
from tests.turns.drive import ended, send, session_with

ENOUGH = 2**62
COST = estimate("Q") + MESSAGE_OVERHEAD


async def turns(conn: Connection, who: Who, count: int) -> list[dict[str, Any]]:
    """Make a session with so many turns without answers, each the question `Q`."""
    session = await make_session(conn, who, agent=await make_agent(conn, who, "ann"))
    return [await make_turn(conn, who, session, "Q", status="failed") for _ in range(count)]


async def history(
    conn: Connection,
    who: Who,
    last: dict[str, Any],
    *,
    most_turns: int | None = None,
    most_tokens: int = ENOUGH,
) -> list[PastTurn]:
    """Load what a turn that continues `last` is told."""
    return await load_history(
        conn, who.workspace_id, UUID(last["session_id"]), UUID(last["id"]), last["index"] + 1,
        most_turns=most_turns, most_tokens=most_tokens,
    )  # fmt: skip


@pytest.mark.parametrize("count", [1, PAGE, PAGE + 1, 2 * PAGE + 3])
async def test_the_chain_is_whole_and_oldest_first(conn, who, count):
    made = await turns(conn, who, count)
    told = await history(conn, who, made[-1])
    assert [past.index for past in told] == list(range(1, count + 1))
    assert {past.input.text for past in told} == {"Q"}


async def test_the_first_turn_has_none(conn, who):
    (first,) = await turns(conn, who, 1)
    session_id = UUID(first["session_id"])
    assert await load_history(
        conn, who.workspace_id, session_id, None, 1, most_turns=None, most_tokens=ENOUGH
    ) == []  # fmt: skip


@pytest.mark.parametrize(("most", "expected"), [(0, []), (1, [5]), (3, [3, 4, 5])])
async def test_so_many_turns_at_most(conn, who, most, expected):
    made = await turns(conn, who, 5)
    told = await history(conn, who, made[-1], most_turns=most)
    assert [past.index for past in told] == expected


@pytest.mark.parametrize(
    ("room", "expected"), [(COST - 1, [5]), (COST, [4, 5]), (2 * COST, [3, 4, 5])]
)
async def test_one_turn_more_than_fits_at_most(conn, who, room, expected):
    # The last one tells the assembling that something was left out.
    made = await turns(conn, who, 5)
    told = await history(conn, who, made[-1], most_tokens=room)
    assert [past.index for past in told] == expected


async def test_what_is_off_the_chain_is_not_told(conn, who):
    made = await turns(conn, who, 2)
    again = await rerun_turn(conn, demo_providers(), who, UUID(made[1]["id"]), text="Other?")
    assert again["parent_id"] == made[0]["id"]
    told = await history(conn, who, again)
    assert [(past.index, past.input.text) for past in told] == [(1, "Q"), (3, "Other?")]


async def test_answers_are_told_in_order_and_failures_are_not(runtime, who):
    session_id = await session_with(
        runtime, who, "demo/fast", "demo/failing", "demo/fast", mode="roundtable"
    )
    turn = await ended(runtime, who, await send(runtime, who, session_id))
    async with runtime.db.transaction(who.workspace_id) as conn:
        (past,) = await history(conn, who, turn)
    steps = turn["steps"]
    assert [(quote.agent_key, quote.text, str(quote.step_id)) for quote in past.answers] == [
        (step["agent"]["key"], step["message"]["content"], step["id"])
        for step in (steps[0], steps[2])
    ]


async def test_a_turn_that_is_as_it_was_is_the_same_object_and_changes_are_seen(
    conn: Connection, who: Who
) -> None:
    made = await turns(conn, who, WORTH_KEEPING + 1)
    first = await history(conn, who, made[-2])
    again = await history(conn, who, made[-1])
    assert len(again) == len(first) + 1
    assert all(old is new for old, new in zip(first, again, strict=False))
    message_id = again[5].input.message_id
    assert message_id is not None
    await messages.pin(conn, who, message_id, pinned=True)
    await conn.execute("UPDATE messages SET content = 'Other' WHERE id = %s", (message_id,))
    changed = await history(conn, who, made[-1])
    assert changed[5].input.pinned
    assert changed[5].input.text == "Other"
    assert [at for at, past in enumerate(changed) if past is not again[at]] == [5]
