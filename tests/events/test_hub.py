"""Tests of `pantheon.events.hub`. What readers are given in the end is in test_follow.py."""

import asyncio
from uuid import UUID

import pytest

from pantheon.base import ids
from pantheon.db.pool import Database, Notice
from pantheon.db.wake import Wake
from pantheon.events import hub as hubs
from pantheon.events.hub import Hub
from pantheon.events.types import LiveDelta, LogEvent, TurnRef
from tests.turns.drive import rows
from tests.turns.under_lease import at_work

SESSION = ids.new()


@pytest.fixture
def closed() -> Database:
    """Pools that are not open: nothing here asks them for a connection."""
    return Database("")


@pytest.fixture
def hub(closed) -> Hub:
    """A hub that hears what a test says was committed."""
    return Hub(closed, Wake(closed), 60)


@pytest.fixture
def commit(closed):
    """Return a function that tells of committed events."""

    def commit(*events: LogEvent, session: UUID = SESSION) -> None:
        closed.announce([Notice("work"), Notice("events", session, list(events))])

    return commit


def event(seq: int, index: int = 1, kind: str = "step.started") -> LogEvent:
    """Return a committed event."""
    return LogEvent(index, seq, kind, b"{}")


def delta(offset: int, text: str) -> LiveDelta:
    """Return text that is not saved yet."""
    return LiveDelta(TurnRef(ids.new(), SESSION, ids.new(), 1), ids.new(), 1, offset, text)


def test_followers_of_the_session_are_given_what_happens_in_it(hub, commit):
    sessions = (SESSION, SESSION, ids.new())
    mine, too, other = (hub.subscribe(ids.new(), session, (1, 0)) for session in sessions)
    live = delta(0, "Hi")
    commit(event(1))
    hub.publish(live)
    assert list(mine.queue) == list(too.queue) == [[event(1)], live]
    assert mine.awake.is_set()
    assert not other.queue
    assert (hub.followers, hub.followed(SESSION)) == (3, True)
    hub.unsubscribe(SESSION, mine)
    hub.unsubscribe(SESSION, too)
    commit(event(2))
    assert len(mine.queue) == 2
    assert (hub.followers, hub.followed(SESSION)) == (1, False)


def test_a_slow_reader_goes_back_to_the_log(hub, commit, monkeypatch):
    monkeypatch.setattr(hubs, "QUEUE_LIMIT", 3)
    mine = hub.subscribe(ids.new(), SESSION, (1, 0))
    for seq in range(1, 4):
        commit(event(seq))
    assert (len(mine.queue), mine.behind) == (3, False)
    commit(event(4))
    assert (list(mine.queue), mine.behind) == ([[event(4)]], True)


def test_a_slow_reader_keeps_a_bounded_amount_and_what_is_larger_alone(hub, monkeypatch):
    monkeypatch.setattr(hubs, "QUEUE_BYTES", 10)
    mine = hub.subscribe(ids.new(), SESSION, (1, 0))
    small, large = delta(0, "12345"), delta(5, "x" * 20)
    hub.publish(large)
    assert (list(mine.queue), mine.behind) == ([large], False)
    assert mine.take() is large
    for _ in range(2):
        hub.publish(small)
    assert (len(mine.queue), mine.size, mine.behind) == (2, 10, False)
    hub.publish(small)
    assert (list(mine.queue), mine.size, mine.behind) == ([small], 5, True)
    assert mine.take_all() == [small]
    assert (len(mine.queue), mine.size) == (0, 0)


class Text:
    """A running step's text."""

    def __init__(self, rest: LiveDelta | None) -> None:
        self.rest = rest

    def unsaved(self) -> LiveDelta | None:
        """Return what is not saved."""
        return self.rest


def test_unsaved_text_is_known_until_it_is_dropped(hub):
    live = delta(3, "lo")
    one, two = ids.new(), ids.new()
    hub.keep_unsaved(SESSION, one, Text(live))
    hub.keep_unsaved(SESSION, two, Text(None))
    assert hub.unsaved(SESSION) == [live]
    hub.drop_unsaved(SESSION, one)
    hub.drop_unsaved(SESSION, one)
    hub.drop_unsaved(SESSION, two)
    assert hub.unsaved(SESSION) == []


def test_a_live_turn_is_remembered_whole_or_not_at_all(hub, commit):
    commit(event(1), event(2))
    assert hub.live(SESSION, 1) == [event(1), event(2)]
    assert hub.live(SESSION, 2) is None
    commit(event(3))
    assert hub.live(SESSION, 1) == [event(1), event(2), event(3)]
    commit(event(5))
    assert hub.live(SESSION, 1) is None
    commit(event(6))
    assert hub.live(SESSION, 1) is None
    commit(event(1, index=2))
    commit(event(2, index=2, kind="turn.completed"))
    assert hub.live(SESSION, 2) is None


def test_what_is_remembered_is_bounded(hub, commit, monkeypatch):
    monkeypatch.setattr(hubs, "LIVE_LIMIT", 2)
    monkeypatch.setattr(hubs, "LIVE_EVENTS", 3)
    sessions = [ids.new() for _ in range(3)]
    for session in sessions:
        commit(event(1), session=session)
    assert [hub.live(session, 1) is None for session in sessions] == [True, False, False]
    commit(event(2), event(3), event(4), session=sessions[1])
    assert hub.live(sessions[1], 1) is None


async def test_the_poll_finds_what_no_wake_up_told_of(idle, who):
    work = await at_work(idle, who, "demo/fast")
    behind = idle.hub.subscribe(who.workspace_id, work.ref.session_id, (1, 1))
    level = idle.hub.subscribe(who.workspace_id, work.ref.session_id, (1, 2))
    await rows(idle, who, "UPDATE turns SET last_seq = 2 RETURNING id")
    await asyncio.wait_for(behind.awake.wait(), 5)
    assert (behind.behind, level.behind) == (True, False)
