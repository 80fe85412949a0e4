"""Tests of `pantheon.rooms.roster`."""

import asyncio
import random
from uuid import UUID

import pytest

from pantheon.agents.agents import delete_agent
from pantheon.base import ids
from pantheon.base.errors import Problem
from pantheon.rooms import roster
from pantheon.rooms.rooms import delete_room, get_room, restore_room
from tests.make import make_agent, make_room, make_workspace


def order(room) -> list[str]:
    """Return the ids of a roster in order, after a look at its positions."""
    seats = room["agents"]
    assert [seat["position"] for seat in seats] == list(range(1, len(seats) + 1))
    return [seat["agent_id"] for seat in seats]


def agent_ids(room) -> list[UUID]:
    return [UUID(agent_id) for agent_id in order(room)]


async def test_a_seat_shows_the_agent_as_it_is(conn, who):
    agent = await make_agent(conn, who, "critic", name="Critic", color=4, model="demo/fast")
    room = await make_room(conn, who, agents=0)
    policy = {"policy": "last", "last_turns": 2}
    room_id, agent_id = UUID(room["id"]), UUID(agent["id"])
    changed = await roster.assign(conn, who, room_id, agent_id, muted=True, context=policy)
    assert changed["version"] == room["version"] + 1
    assert changed["agents"] == [roster.seat_of(changed, agent_id)] == [
        {
            "agent_id": agent["id"],
            "key": "critic",
            "name": "Critic",
            "color": 4,
            "model": "demo/fast",
            "position": 1,
            "muted": True,
            "context": policy,
        }
    ]  # fmt: skip


async def test_a_position_moves_the_others_up(conn, who):
    room = await make_room(conn, who, agents=3)
    first, second, third = order(room)
    new = UUID((await make_agent(conn, who))["id"])
    room = await roster.assign(conn, who, UUID(room["id"]), new, position=2)
    assert order(room) == [first, str(new), second, third]
    last = UUID((await make_agent(conn, who))["id"])
    room = await roster.assign(conn, who, UUID(room["id"]), last, position=5)
    assert order(room) == [first, str(new), second, third, str(last)]


@pytest.mark.parametrize("position", [0, -1, 5])
async def test_a_position_that_leaves_a_gap_is_refused(db, who, position):
    async with db.transaction(who.workspace_id) as conn:
        room = await make_room(conn, who, agents=3)
        new = UUID((await make_agent(conn, who))["id"])
    with pytest.raises(Problem, match="validation_error") as caught:
        async with db.transaction(who.workspace_id) as conn:
            await roster.assign(conn, who, UUID(room["id"]), new, position=position)
    assert "from 1 to 4" in caught.value.detail
    async with db.transaction(who.workspace_id) as conn:
        assert await get_room(conn, who, UUID(room["id"])) == room


async def test_an_agent_sits_once_in_a_room(db, who):
    async with db.transaction(who.workspace_id) as conn:
        room = await make_room(conn, who, agents=2)
    with pytest.raises(Problem, match="already_assigned"):
        async with db.transaction(who.workspace_id) as conn:
            await roster.assign(conn, who, UUID(room["id"]), agent_ids(room)[0], position=1)
    async with db.transaction(who.workspace_id) as conn:
        assert await get_room(conn, who, UUID(room["id"])) == room


async def test_the_order_is_what_was_asked(conn, who):
    room = await make_room(conn, who, agents=4)
    wanted = [agent_ids(room)[i] for i in (2, 0, 3, 1)]
    changed = await roster.reorder(conn, who, UUID(room["id"]), wanted, version=room["version"])
    assert agent_ids(changed) == wanted
    with pytest.raises(Problem, match="stale_version"):
        await roster.reorder(conn, who, UUID(room["id"]), wanted, version=room["version"])


async def test_an_order_names_each_agent_once(db, who):
    async with db.transaction(who.workspace_id) as conn:
        room = await make_room(conn, who, agents=3)
        stranger = UUID((await make_agent(conn, who))["id"])
    a, b, c = agent_ids(room)
    for wanted in ([], [a, b], [a, b, b], [a, b, c, c], [a, b, stranger], [a, b, c, stranger]):
        with pytest.raises(Problem, match="validation_error") as caught:
            async with db.transaction(who.workspace_id) as conn:
                await roster.reorder(conn, who, UUID(room["id"]), wanted)
        unknown = [str(stranger)] if stranger in wanted else []
        assert caught.value.extra["unknown"] == unknown
        assert set(caught.value.extra["missing"]) == {str(x) for x in {a, b, c} - set(wanted)}
    async with db.transaction(who.workspace_id) as conn:
        assert await get_room(conn, who, UUID(room["id"])) == room


async def test_a_seat_can_be_muted_and_see_less(conn, who):
    room = await make_room(conn, who, agents=2)
    room_id, (first, second) = UUID(room["id"]), agent_ids(room)
    room = await roster.change_seat(conn, who, room_id, first, {"muted": True})
    room = await roster.change_seat(conn, who, room_id, second, {"context": {"policy": "own"}})
    assert [seat["muted"] for seat in room["agents"]] == [True, False]
    assert [seat["context"] for seat in room["agents"]] == [None, {"policy": "own"}]
    room = await roster.change_seat(conn, who, room_id, first, {"muted": False})
    room = await roster.change_seat(conn, who, room_id, second, {"context": None})
    assert [seat["muted"] for seat in room["agents"]] == [False, False]
    assert [seat["context"] for seat in room["agents"]] == [None, None]
    with pytest.raises(Problem, match="validation_error"):
        await roster.change_seat(conn, who, room_id, first, {"context": {"policy": "mood"}})


async def test_those_behind_an_agent_that_leaves_move_up(conn, who):
    room = await make_room(conn, who, agents=4)
    first, second, third, fourth = order(room)
    room = await roster.unassign(conn, who, UUID(room["id"]), UUID(second))
    assert order(room) == [first, third, fourth]
    with pytest.raises(Problem, match="not_found"):
        await roster.unassign(conn, who, UUID(room["id"]), UUID(second))


async def test_a_deleted_agent_leaves_every_room(conn, who):
    agents = [await make_agent(conn, who) for _ in range(3)]
    one = await make_room(conn, who, agents=agents)
    two = await make_room(conn, who, agents=agents[::-1])
    hidden = await make_room(conn, who, agents=agents)
    untouched = await make_room(conn, who, agents=agents[1:])
    await delete_room(conn, who, UUID(hidden["id"]))
    gone = UUID(agents[0]["id"])
    await delete_agent(conn, who, gone)
    await roster.leave_rooms(conn, who, gone)
    first, second = agents[1]["id"], agents[2]["id"]
    assert order(await get_room(conn, who, UUID(one["id"]))) == [first, second]
    assert order(await get_room(conn, who, UUID(two["id"]))) == [second, first]
    assert order(await restore_room(conn, who, UUID(hidden["id"]))) == [first, second]
    assert await get_room(conn, who, UUID(untouched["id"])) == untouched


async def test_what_is_elsewhere_or_nowhere_is_not_found(db, conn, who):
    other = await make_workspace(db)
    async with db.transaction(other.workspace_id) as theirs:
        foreign = await make_room(theirs, other, agents=1)
    room = await make_room(conn, who, agents=1)
    here, seated = UUID(room["id"]), agent_ids(room)[0]
    for room_id, agent_id in (
        (UUID(foreign["id"]), seated),
        (UUID(foreign["id"]), agent_ids(foreign)[0]),
        (ids.new(), seated),
        (here, agent_ids(foreign)[0]),
        (here, ids.new()),
    ):
        for call in (
            roster.assign(conn, who, room_id, agent_id),
            roster.change_seat(conn, who, room_id, agent_id, {"muted": True}),
            roster.unassign(conn, who, room_id, agent_id),
        ):
            with pytest.raises(Problem, match="not_found"):
                await call
    with pytest.raises(Problem, match="not_found"):
        await roster.reorder(conn, who, UUID(foreign["id"]), agent_ids(foreign))


async def test_positions_stay_gap_free_when_many_change_one_roster(db, who):
    """A fixed seed, 12 tasks, 10 changes each; whoever loses gets a typed problem, nothing else."""
    async with db.transaction(who.workspace_id) as conn:
        room_id = UUID((await make_room(conn, who, agents=4))["id"])
        pool = [UUID((await make_agent(conn, who))["id"]) for _ in range(12)]
        pool += agent_ids(await get_room(conn, who, room_id))

    async def change(seed: int) -> list[str]:
        rng, outcomes = random.Random(seed), []
        for _ in range(10):
            agent_id = rng.choice(pool)
            try:
                async with db.transaction(who.workspace_id) as conn:
                    match rng.choice(("assign", "first", "unassign", "reorder")):
                        case "assign":
                            await roster.assign(conn, who, room_id, agent_id)
                        case "first":
                            await roster.assign(conn, who, room_id, agent_id, position=1)
                        case "unassign":
                            await roster.unassign(conn, who, room_id, agent_id)
                        case _:
                            seated = agent_ids(await get_room(conn, who, room_id))
                            rng.shuffle(seated)
                            await roster.reorder(conn, who, room_id, seated)
            except Problem as problem:
                outcomes.append(problem.kind.code)
            else:
                outcomes.append("changed")
        return outcomes

    results = await asyncio.gather(*(change(seed) for seed in range(12)))
    outcomes = [outcome for result in results for outcome in result]
    allowed = {"changed", "already_assigned", "not_found", "validation_error"}
    assert set(outcomes) <= allowed
    async with db.transaction(who.workspace_id) as conn:
        room = await get_room(conn, who, room_id)
    order(room)
    # Four to seat the first ones, then one for each change that was committed.
    assert room["version"] == 1 + 4 + outcomes.count("changed")


async def test_nobody_seats_an_agent_that_is_being_deleted(db, who):
    async with db.transaction(who.workspace_id) as conn:
        agent = await make_agent(conn, who)
        rooms = [UUID((await make_room(conn, who, agents=2))["id"]) for _ in range(8)]
    agent_id = UUID(agent["id"])

    async def seat(room_id: UUID) -> str:
        try:
            async with db.transaction(who.workspace_id) as conn:
                await roster.assign(conn, who, room_id, agent_id, position=1)
        except Problem as problem:
            return problem.kind.code
        return "seated"

    async def delete() -> str:
        async with db.transaction(who.workspace_id) as conn:
            await delete_agent(conn, who, agent_id)
            await roster.leave_rooms(conn, who, agent_id)
        return "deleted"

    seats = [seat(room_id) for room_id in rooms]
    results = await asyncio.gather(*seats[:4], delete(), *seats[4:])
    assert set(results) <= {"seated", "deleted", "not_found"}
    async with db.transaction(who.workspace_id) as conn:
        for room_id in rooms:
            assert agent["id"] not in order(await get_room(conn, who, room_id))
