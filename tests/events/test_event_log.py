"""Tests of `pantheon.events.event_log`."""

from dataclasses import replace
from uuid import UUID

import orjson
import pytest

from pantheon.base import ids
from pantheon.events import event_log
from pantheon.events.event_log import LeaseLost
from pantheon.events.types import EventType, NewEvent
from tests.turns.drive import rows
from tests.turns.under_lease import at_work

COUNTS = "SELECT last_seq, faults, takeovers FROM turns"


@pytest.fixture
async def work(idle, who):
    """The work of a turn, whose log holds `turn.created`."""
    return await at_work(idle, who, "demo/fast")


def delta(step_id: UUID, attempt: int, offset: int, text: str) -> NewEvent:
    """Return a saved group of text."""
    data = {
        "step_id": step_id,
        "attempt": attempt,
        "offset": offset,
        "length": len(text),
        "text": text,
    }
    return NewEvent(EventType.step_delta, data)


async def write(work, *events: NewEvent) -> int:
    """Write events under the lease; return the first one's number."""
    async with work.db.transaction(work.turn.workspace_id) as conn:
        first = await event_log.fence(conn, work.ref, work.turn.lease_epoch, len(events))
        await event_log.write(conn, work.ref, first, events)
    return first


async def read(work, after=(0, 0), limit=100) -> list[tuple[int, int, str]]:
    """Read place and type of the session's events."""
    async with work.db.transaction(work.turn.workspace_id) as conn:
        found, _ = await event_log.read(
            conn, work.turn.workspace_id, work.ref.session_id, after, limit
        )
    assert all(orjson.loads(event.data)["turn_id"] == str(work.turn.id) for event in found)
    return [(event.index, event.seq, event.type) for event in found]


async def test_numbers_have_no_gaps_also_where_a_transaction_fails(work):
    assert await write(work, *[NewEvent(EventType.turn_started, {})] * 2) == 2
    with pytest.raises(TypeError):
        await write(work, NewEvent(EventType.turn_started, {"no": {"json"}}))
    async with work.db.transaction(work.turn.workspace_id) as conn:
        assert await event_log.reserve(conn, work.ref, 1) == 4
        await event_log.write(conn, work.ref, 4, [NewEvent(EventType.turn_completed, {})])
    assert await read(work) == [
        (1, 1, "turn.created"),
        (1, 2, "turn.started"),
        (1, 3, "turn.started"),
        (1, 4, "turn.completed"),
    ]
    assert await read(work, after=(1, 2), limit=1) == [(1, 3, "turn.started")]
    assert await read(work, after=(1, 4)) == []
    assert await read(work, after=(2, 0)) == []


@pytest.mark.parametrize("how", ["another lease", "an end", "another workspace"])
async def test_the_fence_lets_the_holder_pass_alone(idle, who, work, how):
    epoch, ref = work.turn.lease_epoch, work.ref
    if how == "another lease":
        epoch -= 1
    elif how == "an end":
        await rows(
            idle, who, "UPDATE turns SET status = 'failed', finished_at = now() RETURNING id"
        )
    else:
        ref = replace(ref, workspace_id=ids.new())
    with pytest.raises(LeaseLost):
        async with work.db.transaction(work.turn.workspace_id) as conn:
            await event_log.fence(conn, ref, epoch, 1)
    assert (await rows(idle, who, COUNTS))[0][0] == 1


@pytest.mark.parametrize(("settles", "left"), [(True, (1, 0, 0)), (False, (1, 2, 3))])
async def test_a_result_sets_the_counts_of_trouble_back(idle, who, work, settles, left):
    await rows(idle, who, "UPDATE turns SET faults = 2, takeovers = 3 RETURNING id")
    async with work.db.transaction(work.turn.workspace_id) as conn:
        await event_log.fence(conn, work.ref, work.turn.lease_epoch, 0, settles=settles)
    assert await rows(idle, who, COUNTS) == [left]


async def test_texts_are_merged_by_offset_and_attempt(idle, work):
    one, two = ids.new(), ids.new()
    await write(
        work,
        delta(one, 1, 0, "Hel"),
        delta(two, 1, 0, "other"),
        delta(one, 1, 3, "lo"),
        delta(one, 1, 3, "lo there"),
        delta(one, 2, 0, "Anew"),
    )
    async with idle.db.transaction(work.turn.workspace_id) as conn:
        texts = await event_log.texts(conn, work.turn.workspace_id, [work.turn.id])
    assert texts == {(one, 1): "Hello there", (two, 1): "other", (one, 2): "Anew"}


async def test_where_each_text_is_at_a_place_in_the_log(idle, work):
    step = ids.new()
    started = {"step_id": step, "attempt": 1}
    await write(
        work,
        NewEvent(EventType.step_started, started),
        delta(step, 1, 0, "Hel"),
        delta(step, 1, 3, "lo"),
        NewEvent(EventType.step_restarted, {**started, "attempt": 2}),
        delta(step, 2, 0, "Hi"),
    )
    found = []
    for seq in range(1, 7):
        async with idle.db.transaction(work.turn.workspace_id) as conn:
            offsets = await event_log.text_offsets(
                conn, work.turn.workspace_id, work.ref.session_id, (1, seq)
            )
        found.append(offsets.get(step))
    assert found == [None, (1, 0), (1, 3), (1, 5), (2, 0), (2, 2)]


@pytest.mark.parametrize(
    ("after", "told"),
    [
        ((0, 0), ["turn.created", "turn.started", "stream.reset", "turn.completed"]),
        ((1, 2), ["stream.reset", "turn.completed"]),
        ((1, 3), ["stream.reset", "turn.completed"]),
        ((1, 4), ["turn.completed"]),
        ((1, 5), []),
    ],
)
async def test_in_the_place_of_purged_deltas_stands_a_reset(server, idle, work, after, told):
    await write(
        work,
        NewEvent(EventType.turn_started, {}),
        delta(ids.new(), 1, 0, "a"),
        delta(ids.new(), 1, 0, "b"),
        NewEvent(EventType.turn_completed, {}),
    )
    async with idle.db.sweep() as conn:
        await conn.execute("DELETE FROM turn_events WHERE type = 'step.delta'")
        await conn.execute("UPDATE turns SET events_purged = 2")
    assert [kind for _, _, kind in await read(work, after)] == told


async def test_a_page_ends_with_the_event_that_fills_it(work, monkeypatch):
    step_id = ids.new()
    first = await write(work, *(delta(step_id, 1, at * 600, "x" * 600) for at in range(5)))
    monkeypatch.setattr(event_log, "PAGE_BYTES", 1_000)
    pages, at, more = [], (1, first - 1), True
    while more:
        async with work.db.transaction(work.turn.workspace_id) as conn:
            page, more = await event_log.read(
                conn, work.turn.workspace_id, work.ref.session_id, at, 100
            )
        pages.append([event.seq - first for event in page])
        at = (1, page[-1].seq)
    assert pages == [[0, 1], [2, 3], [4]]
