"""The log of a turn beside a plain list: gap-free, whoever writes, and only by whoever may."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from pantheon.base import ids
from pantheon.events import event_log
from pantheon.events.event_log import LeaseLost
from pantheon.events.types import EventType, NewEvent
from pantheon.turns import leases
from pantheon.turns.types import GRAPH_VERSION, TurnRow
from tests.faults.guards import switch_off
from tests.make import make_turn, make_workspace
from tests.properties.machines import Machine, Walk

PLAIN = st.sampled_from([EventType.step_started, EventType.step_retrying, EventType.step_completed])
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
STEPS = [ids.new() for _ in range(2)]


class Undone(Exception):
    """Ends a transaction that is not to be committed."""


class EventLogMachine(Machine):
    """One turn, its log as a list of types, its steps' texts, and every lease that it had."""

    @initialize()
    def begin(self) -> None:
        self.who = self.run(make_workspace(self.place.db))
        self.log = ["turn.created"]
        self.texts: dict[tuple[UUID, int], str] = {}

        async def accept() -> Any:
            async with self.place.db.transaction(self.who.workspace_id) as conn:
                return await make_turn(conn, self.who)

        self.session_id = UUID(self.run(accept())["session_id"])
        self.held = [self.run(self._claim())]

    @property
    def turn(self) -> TurnRow:
        """The turn, under the lease that counts."""
        return self.held[-1]

    async def _claim(self) -> TurnRow:
        async with self.place.db.sweep() as conn:
            (turn,) = await leases.claim(conn, ids.new(), [GRAPH_VERSION], 600, 10)
        return turn

    async def _append(self, turn: TurnRow, event: NewEvent) -> None:
        async with self.place.db.transaction(self.who.workspace_id) as conn:
            await event_log.append(conn, turn.ref, turn.lease_epoch, event)

    async def _write(
        self, turn: TurnRow, events: list[NewEvent], *, fenced: bool = True, undone: bool = False
    ) -> int:
        async with self.place.db.transaction(self.who.workspace_id) as conn:
            if fenced:
                first = await event_log.fence(conn, turn.ref, turn.lease_epoch, len(events))
            else:
                first = await event_log.reserve(conn, turn.ref, len(events))
            await event_log.write(conn, turn.ref, first, events)
            if undone:
                raise Undone
        return first

    @rule(kind=PLAIN)
    def append(self, kind: EventType) -> None:
        self.run(self._append(self.turn, NewEvent(kind, {})))
        self.log.append(kind.value)

    @rule(kinds=st.lists(PLAIN, min_size=1, max_size=4), fenced=st.booleans())
    def write(self, kinds: list[EventType], fenced: bool) -> None:
        events = [NewEvent(kind, {}) for kind in kinds]
        assert self.run(self._write(self.turn, events, fenced=fenced)) == len(self.log) + 1
        self.log += [kind.value for kind in kinds]

    @rule(kinds=st.lists(PLAIN, min_size=1, max_size=3), fenced=st.booleans())
    def write_and_undo(self, kinds: list[EventType], fenced: bool) -> None:
        """What is not committed leaves no gap."""
        events = [NewEvent(kind, {}) for kind in kinds]
        with pytest.raises(Undone):
            self.run(self._write(self.turn, events, fenced=fenced, undone=True))

    @rule(first=PLAIN, second=st.lists(PLAIN, min_size=2, max_size=3))
    def write_at_once(self, first: EventType, second: list[EventType]) -> None:
        """Two steps of one turn: each one's events stand together, in whichever order."""

        async def both() -> None:
            await asyncio.gather(
                self._append(self.turn, NewEvent(first, {})),
                self._write(self.turn, [NewEvent(kind, {}) for kind in second]),
            )

        self.run(both())
        together = [kind.value for kind in second]
        ways = ([first.value, *together], [*together, first.value])
        written = [kind for _, kind in self._read((1, len(self.log)))]
        assert written in ways
        self.log += written

    @rule(step=st.sampled_from(STEPS), attempt=st.integers(1, 2), text=TEXT, data=st.data())
    def say(self, step: UUID, attempt: int, text: str, data: Any) -> None:
        """A group of text, which may begin in what was saved before: its commit was not heard."""
        had = self.texts.get((step, attempt), "")
        offset = data.draw(st.integers(0, len(had)))
        delta = {
            "step_id": step, "attempt": attempt, "offset": offset, "length": len(text),
            "text": text,
        }  # fmt: skip
        self.run(self._append(self.turn, NewEvent(EventType.step_delta, delta)))
        self.log.append("step.delta")
        self.texts[step, attempt] = had[:offset] + text

    @rule()
    def take_over(self) -> None:
        self.place.owner.execute(
            "UPDATE turns SET lease_expires_at = now() - interval '1 s' WHERE id = %s",
            (self.turn.id,),
        )
        self.held.append(self.run(self._claim()))
        assert self.turn.lease_epoch == len(self.held)

    @precondition(lambda self: len(self.held) > 1)
    @rule(data=st.data(), alone=st.booleans())
    def write_too_late(self, data: Any, alone: bool) -> None:
        """By a lease that was lost: nothing is written."""
        old = data.draw(st.sampled_from(self.held[:-1]))
        event = NewEvent(EventType.step_completed, {})
        late = self._append(old, event) if alone else self._write(old, [event])
        with pytest.raises(LeaseLost):
            self.run(late)

    @rule(data=st.data(), limit=st.integers(1, 60))
    def read_on(self, data: Any, limit: int) -> None:
        after = data.draw(st.integers(0, len(self.log)))
        wanted = list(enumerate(self.log, start=1))[after : after + limit]
        assert self._read((1, after), limit) == wanted

    @invariant()
    def same(self) -> None:
        assert self._read((0, 0)) == list(enumerate(self.log, start=1))

        async def texts() -> dict[tuple[UUID, int], str]:
            async with self.place.db.transaction(self.who.workspace_id) as conn:
                return await event_log.texts(conn, self.who.workspace_id, [self.turn.id])

        assert self.run(texts()) == self.texts

    def _read(self, after: tuple[int, int], limit: int = 1000) -> list[tuple[int, str]]:
        async def read() -> list[tuple[int, str]]:
            async with self.place.db.transaction(self.who.workspace_id) as conn:
                found, _ = await event_log.read(
                    conn, self.who.workspace_id, self.session_id, after, limit
                )
            return [(event.seq, event.type) for event in found]

        return self.run(read())

    def teardown(self) -> None:
        """Leave nothing to claim."""
        self.place.owner.execute(
            "UPDATE turns SET status = 'cancelled', finished_at = now(), lease_expires_at = NULL"
            " WHERE finished_at IS NULL"
        )


def test_the_log_is_a_list(walk: Walk) -> None:
    walk("the event log beside a list", EventLogMachine)


def test_without_the_fence_the_log_is_anybodys(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: whoever held a lease once may write for ever."""
    for name in ("fence", "append"):
        monkeypatch.setattr(event_log, name, getattr(event_log, name))
    switch_off("fence")
    walk("the event log beside a list", EventLogMachine, without="fence")
