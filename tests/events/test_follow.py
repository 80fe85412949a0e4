"""Following: every committed event once, each character once, whichever process one reads from."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any
from uuid import UUID

import orjson
import pytest

from pantheon.accounts.roles import Who
from pantheon.base.settings import Settings
from pantheon.events import hub
from pantheon.events.follow import Frame, follow_session, follow_turn
from pantheon.ops.embedded import Server
from pantheon.ops.runtime import Runtime, open_runtime
from pantheon.turns.approve import decide
from tests.turns.drive import ended, log_of, rows, send, session_with, until, view

MODELS = ("demo/analyst", "demo/failing", "demo/fast")


@pytest.fixture
async def elsewhere(settings: Settings, server: Server) -> AsyncIterator[Runtime]:
    """Another process's runtime on the same database, without a worker."""
    async with open_runtime(settings, server, environment={}) as runtime:
        yield runtime


class Reader:
    """What a client keeps: ids of committed events, and each step's text by offset."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str]] = []
        self.texts: dict[str, str] = {}
        self.attempts: dict[str, int] = {}
        self.last_id = (0, 0)
        self.repeated = 0

    def take(self, frame: Frame) -> dict[str, Any]:
        data: dict[str, Any] = orjson.loads(frame.data)
        assert frame.id is not None
        index, seq = map(int, frame.id.split("."))
        assert (index, seq) >= self.last_id
        self.last_id = (index, seq)
        if frame.event == "step.delta":
            step = data["step_id"]
            assert data["attempt"] == self.attempts[step]
            known = self.texts[step]
            assert data["offset"] <= len(known)
            self.repeated += len(known) - data["offset"]
            self.texts[step] = known[: data["offset"]] + data["text"]
            assert data["length"] == len(data["text"])
            return data
        if frame.event in ("step.started", "step.restarted"):
            self.attempts[data["step_id"]] = data["attempt"]
            self.texts[data["step_id"]] = ""
        self.events.append((frame.event, frame.id))
        return data

    @property
    def after(self) -> tuple[int, int]:
        return self.last_id


async def read_to_end(runtime: Runtime, who: Who, turn: dict[str, Any]) -> Reader:
    reader = Reader()
    session_id = UUID(turn["session_id"])
    async for frame in follow_turn(runtime.db, runtime.hub, who, session_id, turn["index"], 0):
        if frame is not None:
            reader.take(frame)
    return reader


def check_whole(reader: Reader, turn: dict[str, Any]) -> None:
    kinds = [kind for kind, _ in reader.events]
    assert kinds[:2] == ["turn.created", "turn.started"]
    assert kinds[-1] == "turn.completed"
    assert len({event_id for _, event_id in reader.events}) == len(reader.events)
    for step in turn["steps"]:
        expected = step["message"]["content"] if step["message"] else ""
        assert reader.texts[step["id"]] == expected


def deaf(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a process hear of nothing that happens in others, neither told nor looked for."""

    async def nothing() -> None:
        """Look for nothing."""

    runtime.wake._received.clear()
    monkeypatch.setattr(runtime.hub, "_poll", nothing)


async def test_readers_here_and_elsewhere_see_the_same(
    runtime: Runtime, elsewhere: Runtime, who: Who
) -> None:
    session_id = await session_with(runtime, who, *MODELS, mode="roundtable")
    accepted = await send(runtime, who, session_id)
    here, there = await asyncio.gather(
        read_to_end(runtime, who, accepted), read_to_end(elsewhere, who, accepted)
    )
    turn = await view(elsewhere, who, accepted)
    check_whole(here, turn)
    check_whole(there, turn)
    assert here.events == there.events
    assert here.repeated == there.repeated == 0


async def test_a_turn_accepted_elsewhere_is_run_here(
    runtime: Runtime, elsewhere: Runtime, who: Who
) -> None:
    session_id = await session_with(elsewhere, who, "demo/fast", mode="roundtable")
    accepted = await send(elsewhere, who, session_id)
    reader = await read_to_end(elsewhere, who, accepted)
    check_whole(reader, await view(elsewhere, who, accepted))


async def test_a_reader_that_changes_process_in_mid_turn_misses_nothing(
    runtime: Runtime, elsewhere: Runtime, who: Who
) -> None:
    session_id = await session_with(runtime, who, *MODELS, mode="roundtable")
    accepted = await send(runtime, who, session_id)
    reader = Reader()
    places = [runtime, elsewhere]
    over = False
    while not over:
        place = places.pop(0)
        places.append(place)
        taken = 0
        async with aclosing(
            follow_session(place.db, place.hub, who, session_id, reader.after)
        ) as frames:
            async for frame in frames:
                if frame is None:
                    continue
                reader.take(frame)
                taken += 1
                over = frame.event == "turn.completed"
                if over or taken == 4:
                    break
    check_whole(reader, await view(runtime, who, accepted))


async def test_lost_wake_ups_are_found_by_the_poll(
    runtime: Runtime, elsewhere: Runtime, who: Who, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere.wake._received.clear()
    session_id = await session_with(runtime, who, "demo/fast", mode="roundtable")
    accepted = await send(runtime, who, session_id)
    reader = await asyncio.wait_for(read_to_end(elsewhere, who, accepted), 10)
    check_whole(reader, await view(runtime, who, accepted))


async def test_a_turn_that_begins_here_before_the_last_ones_end_was_heard_of(
    runtime: Runtime, elsewhere: Runtime, who: Who, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id = await session_with(
        runtime, who, "demo/fast", "demo/fast", mode="roundtable", approve="each_agent"
    )
    first = await send(runtime, who, session_id)
    await until(runtime, who, first, "turn.awaiting_input")
    deaf(elsewhere, monkeypatch)
    reader = Reader()
    async with aclosing(
        follow_session(elsewhere.db, elsewhere.hub, who, session_id, (0, 0))
    ) as frames:
        async for frame in frames:
            assert frame is not None
            reader.take(frame)
            if frame.event == "turn.awaiting_input":
                break
        following = asyncio.create_task(anext(frames))
        await asyncio.sleep(0)
        approval = (await view(runtime, who, first))["approval"]
        async with runtime.db.transaction(who.workspace_id) as conn:
            await decide(conn, who, UUID(first["id"]), UUID(approval["id"]), "stop")
        await ended(runtime, who, first)
        await send(elsewhere, who, session_id)
        frame = await asyncio.wait_for(following, 10)
        while frame is not None and frame.event != "turn.created":
            reader.take(frame)
            frame = await asyncio.wait_for(anext(frames), 10)
    log = [event for event, _ in await log_of(runtime, who, first)]
    assert log[-1].type == "turn.completed"
    told = [(event.type, f"{event.index}.{event.seq}") for event in log]
    assert reader.events == [one for one in told if one[0] != "step.delta"]


async def test_a_slow_reader_goes_back_to_the_log(
    runtime: Runtime, who: Who, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "QUEUE_LIMIT", 2)
    session_id = await session_with(runtime, who, *["demo/fast"] * 5, mode="roundtable")
    accepted = await send(runtime, who, session_id)
    reader = Reader()
    async for frame in follow_turn(runtime.db, runtime.hub, who, session_id, 1, 0):
        if frame is None:
            continue
        reader.take(frame)
        if len(reader.events) == 2:
            await ended(runtime, who, accepted)
    check_whole(reader, await view(runtime, who, accepted))


async def test_purged_deltas_are_told_by_a_reset(runtime: Runtime, who: Who) -> None:
    session_id = await session_with(runtime, who, "demo/fast", mode="roundtable")
    turn = await ended(runtime, who, await send(runtime, who, session_id))
    async with runtime.db.sweep() as conn:
        await conn.execute("DELETE FROM turn_events WHERE type = 'step.delta'")
        await conn.execute("UPDATE turns SET events_purged = 1")
    kinds = []
    async for frame in follow_turn(runtime.db, runtime.hub, who, session_id, 1, 0):
        if frame is not None:
            kinds.append(frame.event)
    assert kinds.count("stream.reset") == 1
    assert kinds.index("stream.reset") < kinds.index("step.completed")
    assert kinds[-1] == "turn.completed"
    assert turn["steps"][0]["message"]["content"]


async def test_leaving_cancels_nothing(runtime: Runtime, who: Who) -> None:
    session_id = await session_with(runtime, who, "demo/fast", mode="roundtable")
    accepted = await send(runtime, who, session_id)
    async with aclosing(follow_session(runtime.db, runtime.hub, who, session_id, (0, 0))) as frames:
        await anext(frames)
    assert runtime.hub.followers == 0
    assert (await ended(runtime, who, accepted))["status"] == "completed"
    assert await rows(runtime, who, "SELECT cancel_requested FROM turns") == [(None,)]
