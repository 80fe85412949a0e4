"""Tests of `pantheon.ledger.usage`."""

from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest

from pantheon.base import ids
from pantheon.base.errors import Problem
from pantheon.ledger.attempts import Outcome
from pantheon.ledger.reports import GROUPS, report
from pantheon.ledger.usage import Filter, list_calls
from pantheon.providers.types import TokenUsage
from tests.make import make_call, make_room, make_session, make_turn, make_user, make_workspace


@pytest.fixture
def move(server):
    """Return a function that sets when a call was made: the app may not change the ledger."""
    with psycopg.connect(server.admin_url, autocommit=True) as admin:

        def move(attempt_id: UUID, at: datetime) -> None:
            moved = admin.execute(
                "UPDATE llm_call_events SET created_at = %s WHERE attempt_id = %s",
                (at, attempt_id),
            )
            assert moved.rowcount == 1

        yield move


async def test_a_call_is_told_with_all_that_billing_needs(conn, who):
    room = await make_room(conn, who)
    turn = await make_turn(conn, who, await make_session(conn, who, room=room))
    call_id = await make_call(
        conn,
        who,
        turn=turn,
        room=room,
        agent_key="critic",
        model="lab/m1",
        usage=TokenUsage(120, 100, 30, 10),
        cost_usd="0.0012345",
        charged_microcredits=1235,
        estimated=True,
    )
    (call,) = (await list_calls(conn, who))["items"]
    assert len(call.pop("request_sha256")) == 64
    assert call.pop("created_at").endswith("Z")
    assert call == {
        "id": str(call_id),
        "turn_id": turn["id"],
        "step_id": None,
        "session_id": turn["session_id"],
        "room_id": room["id"],
        "purpose": "answer",
        "agent_key": "critic",
        "provider": "lab",
        "model": "lab/m1",
        "outcome": "completed",
        "error_code": None,
        "usage": {
            "input_tokens": 120,
            "cached_input_tokens": 100,
            "output_tokens": 30,
            "reasoning_tokens": 10,
            "calls": 1,
            "unpriced_calls": 0,
            "cost_usd": "0.001234",
            "credits": "0.001235",
            "estimated": True,
        },
        "pricing_version": "test",
        "provider_request_id": f"req-{call_id}",
        "time_to_first_token_ms": 50,
        "latency_ms": 200,
    }


async def test_an_unpriced_call_has_no_cost_and_a_lost_one_is_not_unpriced(conn, who):
    await make_call(conn, who, cost_usd=None)
    nothing = TokenUsage()
    await make_call(conn, who, outcome=Outcome.lost, cost_usd=None, usage=nothing)
    lost, unpriced = [call["usage"] for call in (await list_calls(conn, who))["items"]]
    assert (unpriced["cost_usd"], unpriced["unpriced_calls"]) == (None, 1)
    assert (lost["cost_usd"], lost["unpriced_calls"]) == ("0.000000", 0)
    (both,) = (await report(conn, who, ["purpose"]))["items"]
    assert (both["usage"]["calls"], both["usage"]["unpriced_calls"]) == (2, 1)
    assert both["usage"]["cost_usd"] == "0.000000"


async def test_each_filter_leaves_what_it_names(conn, who):
    room = await make_room(conn, who)
    turn = await make_turn(conn, who, await make_session(conn, who, room=room))
    answer = await make_call(conn, who, turn=turn, room=room, agent_key="critic", model="lab/m1")
    test = await make_call(conn, who, purpose="test")
    for wanted, expected in (
        (Filter(), [test, answer]),
        (Filter(room_id=UUID(room["id"])), [answer]),
        (Filter(agent_key="critic"), [answer]),
        (Filter(session_id=UUID(turn["session_id"])), [answer]),
        (Filter(turn_id=UUID(turn["id"])), [answer]),
        (Filter(purpose="test"), [test]),
        (Filter(model="lab/m1"), [answer]),
        (Filter(room_id=ids.new()), []),
        (Filter(purpose="test", model="lab/m1"), []),
    ):
        found = (await list_calls(conn, who, wanted))["items"]
        assert [UUID(call["id"]) for call in found] == expected
        sums = (await report(conn, who, ["month"], wanted))["items"]
        assert sum(item["usage"]["calls"] for item in sums) == len(expected)


async def test_a_span_has_its_beginning_and_not_its_end(db, who, move):
    moments = [datetime(2026, 3, day, tzinfo=UTC) for day in (1, 2, 3)]
    async with db.transaction(who.workspace_id) as conn:
        calls = [await make_call(conn, who) for _ in moments]
    for call_id, moment in zip(calls, moments, strict=True):
        move(call_id, moment)
    async with db.transaction(who.workspace_id) as conn:
        wanted = Filter(since=moments[0], until=moments[2])
        found = (await list_calls(conn, who, wanted))["items"]
        assert [UUID(call["id"]) for call in found] == [calls[1], calls[0]]
        assert [item["day"] for item in (await report(conn, who, ["day"], wanted))["items"]] == [
            "2026-03-02",
            "2026-03-01",
        ]


async def test_pages_give_each_call_once_the_newest_first(db, who, move):
    async with db.transaction(who.workspace_id) as conn:
        calls = [await make_call(conn, who) for _ in range(7)]
    for call_id in calls[2:5]:
        move(call_id, datetime(2026, 3, 1, tzinfo=UTC))
    wanted = [*calls[:4:-1], *calls[1::-1], *calls[4:1:-1]]
    async with db.transaction(who.workspace_id) as conn:
        seen, cursor = [], None
        while True:
            page = await list_calls(conn, who, limit=2, cursor=cursor)
            seen += [UUID(call["id"]) for call in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
    assert seen == wanted


async def test_times_are_those_of_the_workspace_the_newest_first(db, who, move):
    # In Auckland, 13 hours ahead, the last hour of 2026 is in 2027.
    moments = {
        "2026-12-31T23:30:00+00:00": ("2027-01-01", "2026-W53", "2027-01"),
        "2026-12-30T12:00:00+00:00": ("2026-12-31", "2026-W53", "2026-12"),
        "2026-12-26T12:00:00+00:00": ("2026-12-27", "2026-W52", "2026-12"),
    }
    async with db.transaction(who.workspace_id) as conn:
        await conn.execute("UPDATE workspaces SET time_zone = 'Pacific/Auckland'")
        calls = [await make_call(conn, who) for _ in moments]
    for call_id, moment in zip(calls, moments, strict=True):
        move(call_id, datetime.fromisoformat(moment))
    async with db.transaction(who.workspace_id) as conn:
        items = (await report(conn, who, ["day", "week", "month"]))["items"]
        found = [(item["day"], item["week"], item["month"]) for item in items]
        assert found == list(moments.values())
        weeks = (await report(conn, who, ["week"]))["items"]
        assert [(item["week"], item["usage"]["calls"]) for item in weeks] == [
            ("2026-W53", 2),
            ("2026-W52", 1),
        ]


async def test_a_report_sums_exactly(conn, who):
    room = await make_room(conn, who)
    turn = await make_turn(conn, who, await make_session(conn, who, room=room))
    for key, cost, credit in (
        ("critic", "0.000000100", 1),
        ("critic", "0.000000200", 1),
        ("writer", "0.1", 100_000),
        ("writer", None, 0),
    ):
        await make_call(
            conn,
            who,
            turn=turn,
            room=room,
            agent_key=key,
            usage=TokenUsage(10, 4, 5, 2),
            cost_usd=cost,
            charged_microcredits=credit,
        )
    items = (await report(conn, who, ["agent", "room"]))["items"]
    assert items == [
        {
            "agent": key,
            "room": room["id"],
            "usage": {
                "input_tokens": 20,
                "cached_input_tokens": 8,
                "output_tokens": 10,
                "reasoning_tokens": 4,
                "calls": 2,
                "unpriced_calls": unpriced,
                "cost_usd": cost,
                "credits": credit,
                "estimated": False,
            },
        }
        for key, unpriced, cost, credit in (
            ("writer", 1, "0.100000", "0.1000"),
            ("critic", 0, "0.000000", "0.000002"),
        )
    ]


async def test_every_group_has_the_value_of_its_calls(conn, who):
    room = await make_room(conn, who)
    turn = await make_turn(conn, who, await make_session(conn, who, room=room))
    await make_call(conn, who, turn=turn, room=room, agent_key="critic", model="lab/m1")
    expected = {
        "model": "lab/m1",
        "agent": "critic",
        "room": room["id"],
        "session": turn["session_id"],
        "turn": turn["id"],
        "purpose": "answer",
        "user": str(who.user_id),
    }
    for group in GROUPS:
        (item,) = (await report(conn, who, [group]))["items"]
        assert set(item) == {group, "usage"}
        assert item[group] == expected.get(group, item[group])
        assert item[group] is not None
    await make_call(conn, who, purpose="test")
    rooms = (await report(conn, who, ["room"]))["items"]
    assert {item["room"] for item in rooms} == {room["id"], None}


async def test_a_report_has_pages(conn, who):
    models = [f"lab/m{n}" for n in range(5)]
    for model in models:
        await make_call(conn, who, model=model)
    seen, cursor = [], None
    while True:
        page = await report(conn, who, ["model"], limit=2, cursor=cursor)
        seen += [item["model"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == models


@pytest.mark.parametrize("groups", [[], [""], ["hour"], ["day", "day"], ["day", "secret"]])
async def test_a_group_that_is_not_there_is_refused(conn, who, groups):
    with pytest.raises(Problem, match="validation_error") as caught:
        await report(conn, who, groups)
    assert "purpose" in caught.value.detail


@pytest.mark.parametrize("cursor", ["", "x", "WyJhIl0", "Wy0xXQ", "Wzk5OTk5OTk5OTk5OTk5OTk5XQ"])
async def test_a_foreign_cursor_is_refused(conn, who, cursor):
    for call in (list_calls(conn, who, cursor=cursor), report(conn, who, ["day"], cursor=cursor)):
        with pytest.raises(Problem, match="validation_error"):
            await call


async def test_a_member_sees_own_calls_an_admin_all_nobody_another_workspaces(db, conn, who):
    member = await make_user(conn, who)
    admin = await make_user(conn, who, role="admin")
    other = await make_workspace(db)
    async with db.transaction(other.workspace_id) as theirs:
        await make_call(theirs, other)
    owners = str(await make_call(conn, who))
    members = str(await make_call(conn, member))
    for user, expected in (
        (who, [members, owners]),
        (admin, [members, owners]),
        (member, [members]),
    ):
        assert [call["id"] for call in (await list_calls(conn, user))["items"]] == expected
        (item,) = (await report(conn, user, ["purpose"]))["items"]
        assert item["usage"]["calls"] == len(expected)
