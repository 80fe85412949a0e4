"""Forks: a session that goes on from a turn of another one, sharing what was said there."""

from typing import Any
from uuid import UUID

import pytest

from pantheon.accounts.roles import Who
from pantheon.base import ids
from pantheon.base.errors import NOT_FOUND, Problem
from pantheon.ops.reconcile import reconcile
from pantheon.ops.runtime import Runtime
from pantheon.sessions import messages, sessions
from pantheon.sessions.messages import list_messages
from pantheon.sessions.sessions import TURN_IN_PROGRESS
from pantheon.turns.fork import fork_session, load_chain
from pantheon.turns.history import load_history
from pantheon.turns.retry import rerun_turn, retry_turn
from pantheon.turns.sent import view_sent
from pantheon.turns.timeline import view_timeline
from tests.turns.drive import ended, rows, send, session_with, view


async def fork(runtime: Runtime, who: Who, session_id: UUID, turn: Any) -> dict[str, Any]:
    async with runtime.db.transaction(who.workspace_id) as conn:
        return await fork_session(conn, who, session_id, UUID(turn["id"]))


async def timeline(runtime: Runtime, who: Who, session: Any) -> list[dict[str, Any]]:
    async with runtime.db.transaction(who.workspace_id, snapshot=True) as conn:
        shown = await view_timeline(
            conn, who, UUID(session["id"]), limit=50, cursor=None, everything=False
        )
    return list(reversed(shown["items"]))


async def said(runtime: Runtime, who: Who, session_id: UUID, *texts: str) -> list[dict[str, Any]]:
    return [await ended(runtime, who, await send(runtime, who, session_id, text)) for text in texts]


async def test_a_fork_shows_what_was_said_and_charges_nothing(runtime: Runtime, who: Who) -> None:
    session_id = await session_with(runtime, who, "demo/fast", "demo/failing", mode="roundtable")
    first, second, third = await said(runtime, who, session_id, "One?", "Two?", "Three?")
    made = await fork(runtime, who, session_id, second)
    assert (made["forked_from"], made["turns"]) == (second["id"], 2)
    shown = await timeline(runtime, who, made)
    assert [turn["input"] for turn in shown] == ["One?", "Two?"]
    assert [turn["index"] for turn in shown] == [1, 2]
    assert [turn["parent_id"] for turn in shown] == [None, shown[0]["id"]]
    assert made["head_turn_id"] == shown[1]["id"]
    for new, old in zip(shown, (first, second), strict=True):
        assert new["id"] != old["id"]
        for name in ("mode", "status", "roster", "created_at", "finished_at", "limits"):
            assert new[name] == old[name], name
        assert [s["source_step_id"] for s in new["steps"]] == [s["id"] for s in old["steps"]]
        assert [s["message"] for s in new["steps"]] == [s["message"] for s in old["steps"]]
        assert (new["usage"]["calls"], new["usage"]["credits"]) == (0, "0.0000")
    assert third["id"] not in {turn["id"] for turn in shown}
    assert [f for f in await reconcile(runtime.server.admin_url) if f.drift] == []


async def test_a_fork_goes_on_with_its_history_and_the_origin_without_it(
    runtime: Runtime, who: Who, fakes: str
) -> None:
    session_id = await session_with(runtime, who, "demo/fast", mode="roundtable")
    (first,) = await said(runtime, who, session_id, "Remember the zebra.")
    made = await fork(runtime, who, session_id, first)
    (more,) = await said(runtime, who, UUID(made["id"]), "Which animal?")
    assert (more["status"], more["index"], more["parent_id"]) == (
        "completed",
        2,
        made["head_turn_id"],
    )
    async with runtime.db.transaction(who.workspace_id) as conn:
        sent = await view_sent(conn, runtime.providers, who, UUID(more["steps"][0]["id"]))
    assert any("Remember the zebra." in section["text"] for section in sent["sections"])
    (other,) = await said(runtime, who, session_id, "And here?")
    assert (other["index"], other["parent_id"]) == (2, first["id"])
    assert [f for f in await reconcile(runtime.server.admin_url) if f.drift] == []


async def test_a_turn_of_a_fork_can_be_tried_again(runtime: Runtime, who: Who) -> None:
    session_id = await session_with(runtime, who, "demo/fast", "demo/failing", mode="roundtable")
    (first,) = await said(runtime, who, session_id, "One?")
    made = await fork(runtime, who, session_id, first)
    head = UUID(made["head_turn_id"])
    async with runtime.db.transaction(who.workspace_id) as conn:
        again = await retry_turn(conn, runtime.providers, who, head)
    retried = await ended(runtime, who, again)
    assert [s["source_step_id"] is None for s in retried["steps"]] == [False, True]
    assert retried["steps"][0]["source_step_id"] == first["steps"][0]["id"]
    async with runtime.db.transaction(who.workspace_id) as conn:
        anew = await rerun_turn(conn, runtime.providers, who, head, text="Another?")
    assert (await ended(runtime, who, anew))["input"] == "Another?"
    assert [f for f in await reconcile(runtime.server.admin_url) if f.drift] == []


async def test_a_fork_of_a_fork_names_the_steps_that_hold_the_answers(
    runtime: Runtime, who: Who
) -> None:
    session_id = await session_with(runtime, who, "demo/fast", mode="roundtable")
    (first,) = await said(runtime, who, session_id, "One?")
    made = await fork(runtime, who, session_id, first)
    again = await fork(runtime, who, UUID(made["id"]), {"id": made["head_turn_id"]})
    ((turn,)) = await timeline(runtime, who, again)
    assert turn["steps"][0]["source_step_id"] == first["steps"][0]["id"]
    assert again["forked_from"] == made["head_turn_id"]
    async with runtime.db.transaction(who.workspace_id) as conn:
        sent = await view_sent(conn, runtime.providers, who, UUID(turn["steps"][0]["id"]))
    assert sent["sections"]


async def test_a_fork_outlives_its_origin_and_is_nobody_elses(runtime: Runtime, who: Who) -> None:
    session_id = await session_with(runtime, who, "demo/fast", mode="roundtable")
    (first,) = await said(runtime, who, session_id, "One?")
    made = await fork(runtime, who, session_id, first)
    async with runtime.db.transaction(who.workspace_id) as conn:
        await sessions.delete_session(conn, who, session_id)
    ((turn,)) = await timeline(runtime, who, made)
    assert (await view(runtime, who, turn)) == turn
    with pytest.raises(Problem) as caught:
        await fork(runtime, who, session_id, first)
    assert caught.value.kind is NOT_FOUND


async def test_only_a_turn_that_is_over_and_of_the_session(idle: Runtime, who: Who) -> None:
    session_id = await session_with(idle, who, "demo/fast", mode="roundtable")
    other = await session_with(idle, who, mode="roundtable")
    live = await send(idle, who, session_id)
    for where, turn, kind in (
        (session_id, live, TURN_IN_PROGRESS),
        (session_id, {"id": str(ids.new())}, NOT_FOUND),
        (other, live, NOT_FOUND),
        (ids.new(), live, NOT_FOUND),
    ):
        with pytest.raises(Problem) as caught:
            await fork(idle, who, where, turn)
        assert caught.value.kind is kind
    assert await rows(idle, who, "SELECT count(*) FROM sessions") == [(2,)]


async def test_a_chain_is_a_turn_and_what_it_continues(runtime: Runtime, who: Who) -> None:
    session_id = await session_with(runtime, who, "demo/fast", mode="roundtable")
    first, second = await said(runtime, who, session_id, "One?", "Two?")
    async with runtime.db.transaction(who.workspace_id) as conn:
        aside = await rerun_turn(conn, runtime.providers, who, UUID(second["id"]), text="Other?")
    await ended(runtime, who, aside)
    async with runtime.db.transaction(who.workspace_id) as conn:
        chains = [
            await load_chain(conn, who.workspace_id, session_id, UUID(turn["id"]))
            for turn in (second, aside)
        ]
        assert await load_chain(conn, who.workspace_id, session_id, None) == []
    assert chains == [[UUID(first["id"]), UUID(last["id"])] for last in (second, aside)]


async def test_the_plain_history_of_a_fork_begins_before_it(runtime: Runtime, who: Who) -> None:
    session_id = await session_with(runtime, who, "demo/fast", "demo/failing", mode="roundtable")
    first, _ = await said(runtime, who, session_id, "One?", "Elsewhere?")
    made = await fork(runtime, who, session_id, first)
    async with runtime.db.transaction(who.workspace_id) as conn:
        again = await retry_turn(conn, runtime.providers, who, UUID(made["head_turn_id"]))
    await ended(runtime, who, again)
    await said(runtime, who, UUID(made["id"]), "Two?")
    told, cursor = [], None
    while True:
        async with runtime.db.transaction(who.workspace_id) as conn:
            page = await list_messages(conn, who, UUID(made["id"]), limit=2, cursor=cursor)
        told += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert [item["content"] for item in told if item["role"] == "user"] == [
        "One?", "One?", "Two?",
    ]  # fmt: skip
    assert told[0]["turn_id"] == made["head_turn_id"]
    assert len({item["id"] for item in told}) == len(told) == 5
    turns = {turn["id"] for turn in await timeline(runtime, who, made)}
    assert {item["turn_id"] for item in told} - {made["head_turn_id"]} <= turns


async def test_what_is_pinned_is_pinned_in_the_fork_too(runtime: Runtime, who: Who) -> None:
    session_id = await session_with(runtime, who, "demo/fast", mode="roundtable")
    first, second = await said(runtime, who, session_id, "Never on Fridays.", "Two?")
    async with runtime.db.transaction(who.workspace_id) as conn:
        listed = await list_messages(conn, who, session_id, limit=10, cursor=None)
        await messages.pin(conn, who, UUID(listed["items"][0]["id"]), pinned=True)
    made = await fork(runtime, who, session_id, second)
    async with runtime.db.transaction(who.workspace_id) as conn:
        told = await load_history(
            conn, who.workspace_id, UUID(made["id"]), UUID(made["head_turn_id"]), 3,
            most_turns=None, most_tokens=10_000,
        )  # fmt: skip
        shown = await list_messages(conn, who, UUID(made["id"]), limit=10, cursor=None)
    assert [[q.text for q in past.pinned] for past in told] == [["Never on Fridays."], []]
    assert [m["pinned"] for m in shown["items"]][:2] == [True, False]
    assert first["input"] == "Never on Fridays."


async def test_pins_from_further_back_than_is_read_come_along(runtime: Runtime, who: Who) -> None:
    session_id = await session_with(runtime, who, "demo/fast", mode="roundtable")
    _, second = await said(runtime, who, session_id, "Never on Fridays.", "Two?")
    async with runtime.db.transaction(who.workspace_id) as conn:
        listed = await list_messages(conn, who, session_id, limit=2, cursor=None)
        for message in listed["items"]:
            await messages.pin(conn, who, UUID(message["id"]), pinned=True)
    once = await fork(runtime, who, session_id, second)
    (third,) = await said(runtime, who, UUID(once["id"]), "Three?")
    twice = await fork(runtime, who, UUID(once["id"]), third)
    for made in (once, twice):
        async with runtime.db.transaction(who.workspace_id) as conn:
            (last,) = await load_history(
                conn, who.workspace_id, UUID(made["id"]), UUID(made["head_turn_id"]), 4,
                most_turns=1, most_tokens=10_000,
            )  # fmt: skip
        assert [quote.text for quote in last.pins] == [m["content"] for m in listed["items"]]
