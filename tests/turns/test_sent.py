"""Tests of `pantheon.turns.sent`: what is shown is what was sent, to the byte."""

import re
from typing import Any
from uuid import UUID

import orjson
import pytest

from pantheon.accounts.roles import Who
from pantheon.base import ids
from pantheon.base.errors import NOT_FOUND, Problem
from pantheon.ops.runtime import Runtime
from pantheon.turns.retry import retry_turn
from pantheon.turns.sent import view_sent
from tests import make
from tests.fakes.process import requests
from tests.turns.drive import direct_session, ended, send, session_with
from tests.turns.test_step import settings

__all__ = ["settings"]


async def sent(runtime: Runtime, who: Who, step: dict[str, Any]) -> dict[str, Any]:
    """Read what a step sent."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        return await view_sent(conn, runtime.providers, who, UUID(step["id"]))


async def test_the_sections_are_the_request(runtime, who, fakes):
    session_id = await session_with(
        runtime, who, "fake/ok-5", "demo/failing", "fake/echo-all", mode="roundtable", goal="Go."
    )
    await ended(runtime, who, await send(runtime, who, session_id, "First?"))
    turn = await ended(runtime, who, await send(runtime, who, session_id, "Second?"))
    told = await sent(runtime, who, turn["steps"][2])
    (request,) = requests(fakes, told["attempt_id"], settled_seconds=3)
    assert told["request_sha256"] == request["sha256"]
    assert [(section["origin"], section["from"]) for section in told["sections"]] == [
        ("role", None),
        ("rules", None),
        ("goal", None),
        ("history", {"from_turn": 1, "to_turn": 1, "turns": 1}),
        ("input", None),
        ("earlier", "a0"),
        ("earlier", "a1"),
    ]
    shown = "\n\n".join(section["text"] for section in told["sections"])
    received = orjson.loads(turn["steps"][2]["message"]["content"])
    assert shown == "\n\n".join(message["content"] for message in received)
    assert re.search(r'<message from="@a1" status="failed">', shown)
    assert told["budget"]["used"] == sum(section["tokens"] for section in told["sections"])
    assert told["budget"]["reported"] == turn["steps"][2]["usage"]["input_tokens"]


async def test_a_step_that_was_taken_over_shows_what_its_source_sent(runtime, who):
    session_id = await session_with(runtime, who, "demo/fast", "demo/failing", mode="roundtable")
    old = await ended(runtime, who, await send(runtime, who, session_id))
    async with runtime.db.transaction(who.workspace_id) as conn:
        accepted = await retry_turn(conn, runtime.providers, who, UUID(old["id"]))
    new = await ended(runtime, who, accepted)
    assert new["steps"][0]["source_step_id"] == old["steps"][0]["id"]
    assert await sent(runtime, who, new["steps"][0]) == await sent(runtime, who, old["steps"][0])


async def test_before_the_first_attempt_there_is_nothing(idle, who):
    turn = await send(idle, who, await direct_session(idle, who, "demo/fast"))
    for step in (turn["steps"][0], {"id": str(ids.new())}):
        with pytest.raises(Problem) as caught:
            await sent(idle, who, step)
        assert caught.value.kind is NOT_FOUND


async def test_it_is_private_like_its_session(runtime, who):
    turn = await send(runtime, who, await direct_session(runtime, who, "demo/fast"))
    turn = await ended(runtime, who, turn)
    async with runtime.db.transaction(who.workspace_id) as conn:
        colleague = await make.make_user(conn, who)
    stranger = await make.make_workspace(runtime.db)
    for other in (colleague, stranger):
        with pytest.raises(Problem) as caught:
            await sent(runtime, other, turn["steps"][0])
        assert caught.value.kind is NOT_FOUND
