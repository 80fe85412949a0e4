"""The states of turns beside a model: claims, leases, cancels, faults and ends in any order."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from pantheon.base import ids
from pantheon.base.errors import Problem
from pantheon.db.pool import Connection
from pantheon.events import event_log
from pantheon.turns import leases
from pantheon.turns.accept import accept_turn
from pantheon.turns.cancel import cancel_live, request_cancel
from pantheon.turns.finalize import finalize_turn
from pantheon.turns.types import GRAPH_VERSION, TurnInput, TurnRow
from tests.faults.guards import switch_off
from tests.make import make_agent, make_session, make_workspace
from tests.properties.machines import Machine, Walk
from tests.turns.under_lease import work_of

SESSIONS = 3
TERMINAL = ("cancelled", "failed")
STATES = "SELECT id, status, lease_epoch, cancel_requested, takeovers, faults FROM turns"


@dataclass
class Turn:
    """What a turn is to be: its state, its leases, and whether the last of them is over."""

    session: int
    status: str = "queued"
    epoch: int = 0
    cancel: str | None = None
    takeovers: int = 0
    faults: int = 0
    expired: bool = False

    @property
    def over(self) -> bool:
        """Terminal is terminal."""
        return self.status in TERMINAL

    @property
    def free(self) -> bool:
        """Whether a worker may claim it."""
        return self.status == "queued" or (self.status == "running" and self.expired)


class TurnsMachine(Machine):
    """Three sessions, their turns, and every lease that a worker ever had of one."""

    @initialize()
    def begin(self) -> None:
        self.who = self.run(make_workspace(self.place.db))
        self.turns: dict[UUID, Turn] = {}
        self.held: list[TurnRow] = []

        async def open_sessions(conn: Connection) -> list[UUID]:
            agent = await make_agent(conn, self.who)
            made = [await make_session(conn, self.who, agent=agent) for _ in range(SESSIONS)]
            return [UUID(session["id"]) for session in made]

        self.sessions = self.do(open_sessions)

    def do(self, doing: Any) -> Any:
        """Do something in a transaction of its own."""

        async def done() -> Any:
            async with self.place.db.transaction(self.who.workspace_id) as conn:
                return await doing(conn)

        return self.run(done())

    def live(self, session: int) -> list[Turn]:
        """Return the live turns of a session: one at most."""
        return [t for t in self.turns.values() if t.session == session and not t.over]

    def holds(self, row: TurnRow) -> bool:
        """Tell whether a lease that was given out still counts."""
        turn = self.turns[row.id]
        return turn.status == "running" and turn.epoch == row.lease_epoch

    @rule(session=st.integers(0, SESSIONS - 1))
    def accept(self, session: int) -> None:
        """One live turn a session: a second one is refused, and leaves nothing."""

        async def ask(conn: Connection) -> dict[str, Any]:
            wanted = TurnInput("What now?")
            providers = self.place.runtime.providers
            return await accept_turn(conn, providers, self.who, self.sessions[session], wanted)

        if self.live(session):
            with pytest.raises(Problem, match="turn_in_progress"):
                self.do(ask)
        else:
            self.turns[UUID(self.do(ask)["id"])] = Turn(session)

    @rule(limit=st.integers(1, 4))
    def claim(self, limit: int) -> None:
        """Whatever is free can be claimed, nothing else, and each time by a new epoch."""

        async def claim() -> list[TurnRow]:
            async with self.place.db.sweep() as conn:
                return await leases.claim(conn, ids.new(), [GRAPH_VERSION], 600, limit)

        free = {turn_id for turn_id, turn in self.turns.items() if turn.free}
        claimed = self.run(claim())
        assert len(claimed) == min(limit, len(free))
        assert {row.id for row in claimed} <= free
        for row in claimed:
            turn = self.turns[row.id]
            turn.takeovers += turn.status == "running"
            turn.status, turn.expired, turn.epoch = "running", False, turn.epoch + 1
        self.held += claimed

    @precondition(lambda self: any(turn.status == "running" for turn in self.turns.values()))
    @rule(data=st.data())
    def let_a_lease_end(self, data: Any) -> None:
        running = [i for i, turn in self.turns.items() if turn.status == "running"]
        chosen = data.draw(st.sampled_from(running))
        self.place.owner.execute(
            "UPDATE turns SET lease_expires_at = now() - interval '1 s' WHERE id = %s", (chosen,)
        )
        self.turns[chosen].expired = True

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def renew(self, data: Any) -> None:
        """A lease is renewed while it counts, also a little late, and tells of a cancel."""
        row = data.draw(st.sampled_from(self.held))

        async def renew() -> list[leases.Renewed]:
            async with self.place.db.sweep() as conn:
                lease = (row.workspace_id, row.id, row.lease_epoch)
                return await leases.renew(conn, [lease], 600)

        turn, counts = self.turns[row.id], self.holds(row)
        told = [(found.id, found.cancel_requested) for found in self.run(renew())]
        assert told == ([(row.id, turn.cancel)] if counts else [])
        if counts:
            turn.expired = False

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def give_back(self, data: Any) -> None:
        """As a drain does: no fault, and nothing at all by a lease that is lost."""
        row = data.draw(st.sampled_from(self.held))
        counts = self.holds(row)
        self.do(lambda conn: leases.give_back(conn, row))
        if counts:
            self.turns[row.id].status = "queued"

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def count_fault(self, data: Any) -> None:
        """The third in a row stays with its worker, which ends the turn."""
        row = data.draw(st.sampled_from(self.held))
        turn, counts = self.turns[row.id], self.holds(row)
        faults = self.do(lambda conn: leases.count_fault(conn, row))
        assert faults == (turn.faults + 1 if counts else None)
        if counts:
            turn.faults += 1
            turn.expired = turn.expired or turn.faults < leases.MAX_FAULTS

    @precondition(lambda self: self.turns)
    @rule(data=st.data(), when=st.sampled_from(["now", "after_step"]))
    def cancel(self, data: Any, when: Any) -> None:
        """A wish that `now` overrides, or a refusal once there is nothing to cancel."""
        chosen = data.draw(st.sampled_from(list(self.turns)))
        turn = self.turns[chosen]
        if turn.over:
            with pytest.raises(Problem, match="already_terminal"):
                self.do(lambda conn: request_cancel(conn, self.who, chosen, when))
            return
        self.do(lambda conn: request_cancel(conn, self.who, chosen, when))
        turn.cancel = "now" if turn.cancel == "now" else when

    @rule(session=st.integers(0, SESSIONS - 1))
    def cancel_a_session(self, session: int) -> None:
        live = self.live(session)
        ids_ = [self.sessions[session]]
        told = self.do(lambda conn: cancel_live(conn, self.who.workspace_id, ids_))
        assert told == len(live) <= 1
        for turn in live:
            turn.cancel = "now"

    @precondition(lambda self: self.held)
    @rule(data=st.data(), cancelled=st.booleans())
    def end(self, data: Any, cancelled: bool) -> None:
        """Whoever holds it ends it, once; nobody else does."""
        row = data.draw(st.sampled_from(self.held))
        counts = self.holds(row)

        async def end() -> bool:
            work = await work_of(self.place.runtime, row)
            await finalize_turn(work, "cancel" if cancelled else None)
            return work.finished

        assert self.run(end()) == counts
        if counts:
            self.turns[row.id].status = "cancelled" if cancelled else "failed"

    @invariant()
    def same(self) -> None:
        async def states(conn: Connection) -> list[Any]:
            return await (await conn.execute(STATES.encode())).fetchall()

        told = {row[0]: row[1:] for row in self.do(states)}
        assert told == {
            turn_id: (turn.status, turn.epoch, turn.cancel, turn.takeovers, turn.faults)
            for turn_id, turn in self.turns.items()
        }

    def teardown(self) -> None:
        """The books hold; nothing is left to claim."""
        gaps = self.place.owner.execute(
            "SELECT t.id FROM turns t JOIN turn_events e ON e.turn_id = t.id"
            " GROUP BY t.id, t.last_seq HAVING count(*) <> t.last_seq OR max(e.seq) <> t.last_seq"
        ).fetchall()
        assert gaps == []
        self.place.owner.execute(
            "UPDATE turns SET status = 'cancelled', finished_at = now(), lease_expires_at = NULL"
            " WHERE finished_at IS NULL"
        )


def test_turns_are_what_the_model_says(walk: Walk) -> None:
    walk("turn states beside a model", TurnsMachine)


def test_without_the_fence_a_turn_ends_twice(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: whoever held a lease once may end the turn."""
    for name in ("fence", "append"):
        monkeypatch.setattr(event_log, name, getattr(event_log, name))
    switch_off("fence")
    walk("turn states beside a model", TurnsMachine, without="fence")
