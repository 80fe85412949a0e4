"""A roster beside a plain list: positions stay 1…n, in the order that was asked for."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from pantheon.accounts.roles import Who
from pantheon.agents.agents import delete_agent
from pantheon.base.errors import Problem
from pantheon.db.pool import Connection
from pantheon.rooms import roster
from pantheon.rooms.rooms import get_room
from tests.make import make_agent, make_room, make_workspace
from tests.properties.machines import Machine, Place, Walk
from tests.rooms.test_roster import agent_ids


class RosterMachine(Machine):
    """A room beside a plain list: whatever is done to both, they have the same order."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.expected: list[UUID] = []
        self.outside: list[UUID] = []

    def call(self, function: Any, *arguments: Any, **named: Any) -> Any:
        """Call a function of the roster in a transaction of its own."""

        async def call() -> Any:
            async with self.place.db.transaction(self.who.workspace_id) as conn:
                return await function(conn, self.who, *arguments, **named)

        return self.run(call())

    @initialize(seated=st.integers(0, 4))
    def begin(self, seated: int) -> None:
        self.who = self.run(make_workspace(self.place.db))
        room = self.call(make_room, agents=seated)
        self.room_id, self.expected = UUID(room["id"]), agent_ids(room)
        self.outside = [UUID(self.call(make_agent)["id"]) for _ in range(3)]

    @precondition(lambda self: self.outside)
    @rule(data=st.data())
    def assign(self, data: Any) -> None:
        agent_id = self.outside.pop(data.draw(st.integers(0, len(self.outside) - 1)))
        position = data.draw(st.none() | st.integers(1, len(self.expected) + 1))
        self.call(roster.assign, self.room_id, agent_id, position=position)
        self.expected.insert(len(self.expected) if position is None else position - 1, agent_id)

    @precondition(lambda self: self.expected)
    @rule(data=st.data())
    def assign_again(self, data: Any) -> None:
        with pytest.raises(Problem, match="already_assigned"):
            self.call(
                roster.assign, self.room_id, data.draw(st.sampled_from(self.expected)), position=1
            )

    @precondition(lambda self: self.expected)
    @rule(data=st.data())
    def unassign(self, data: Any) -> None:
        agent_id = data.draw(st.sampled_from(self.expected))
        self.call(roster.unassign, self.room_id, agent_id)
        self.expected.remove(agent_id)
        self.outside.append(agent_id)

    @rule(data=st.data())
    def reorder(self, data: Any) -> None:
        self.expected = list(data.draw(st.permutations(self.expected)))
        self.call(roster.reorder, self.room_id, self.expected)

    @precondition(lambda self: len(self.expected) > 1)
    @rule()
    def reorder_twice_the_first(self) -> None:
        wanted = [self.expected[0], *self.expected[:-1]]
        with pytest.raises(Problem, match="validation_error"):
            self.call(roster.reorder, self.room_id, wanted)

    @precondition(lambda self: self.expected)
    @rule(data=st.data(), muted=st.booleans())
    def mute(self, data: Any, muted: bool) -> None:
        agent_id = data.draw(st.sampled_from(self.expected))
        room = self.call(roster.change_seat, self.room_id, agent_id, {"muted": muted})
        assert roster.seat_of(room, agent_id)["muted"] is muted

    @precondition(lambda self: self.expected)
    @rule(data=st.data())
    def delete(self, data: Any) -> None:
        agent_id = data.draw(st.sampled_from(self.expected))

        async def delete(conn: Connection, who: Who) -> None:
            await delete_agent(conn, who, agent_id)
            await roster.leave_rooms(conn, who, agent_id)

        self.call(delete)
        self.expected.remove(agent_id)

    @invariant()
    def same_order(self) -> None:
        assert agent_ids(self.call(get_room, self.room_id)) == self.expected


def test_the_roster_is_a_list(walk: Walk) -> None:
    walk("a roster beside a list", RosterMachine)


def test_without_moving_up_the_order_breaks(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: whoever sits down at a place sits down at the end."""
    assign = roster.assign

    async def assign_last(*given: Any, position: int | None = None) -> Any:
        return await assign(*given)

    monkeypatch.setattr(roster, "assign", assign_last)
    walk("a roster beside a list", RosterMachine, without="position")
