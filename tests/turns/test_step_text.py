"""Tests of `pantheon.turns.step_text`: at once to readers, in groups to the log, by offset."""

import asyncio
from dataclasses import replace

import psycopg
import pytest

from pantheon.context.own_name import OwnNamePrefix
from pantheon.events import event_log
from pantheon.events.types import EventType, LiveDelta
from pantheon.turns import step_text
from pantheon.turns.step_text import StepText
from tests.turns.drive import log_of, rows
from tests.turns.under_lease import at_work, steps_of


class Reader:
    """A follower of this process, whose queue the test looks at."""

    def __init__(self, work) -> None:
        self.got = work.hub.subscribe(work.turn.workspace_id, work.ref.session_id, (1, 1)).queue

    def text(self) -> str:
        """Return what was handed over live, after checking that it is without gaps."""
        text = ""
        for delta in self.got:
            if isinstance(delta, LiveDelta):
                assert delta.offset == len(text)
                text += delta.text
        return text


@pytest.fixture
async def work(idle, who):
    """The work of a turn whose only step runs its first attempt."""
    work = await at_work(idle, who, "demo/fast")
    (step,) = steps_of(work)
    work.steps[step.step_key] = replace(step, status="running", attempts=1)
    return work


@pytest.fixture
def committed(work) -> asyncio.Event:
    """An event that is set by the next commit of this process."""
    committed = asyncio.Event()
    work.db.listeners.append(lambda _: committed.set())
    return committed


def text_of(work) -> StepText:
    """Begin the step's text."""
    return StepText(work, steps_of(work)[0], OwnNamePrefix("a0", "A0"))


async def saved(idle, who, work) -> list[tuple[int, str]]:
    """Return offset and text of the deltas in the log."""
    ref = {"id": str(work.turn.id), "session_id": str(work.turn.session_id), "index": 1}
    return [
        (data["offset"], data["text"])
        for event, data in await log_of(idle, who, ref)
        if event.type == EventType.step_delta
    ]


async def test_readers_have_it_at_once_and_what_is_left_is_for_the_close(idle, who, work):
    reader, text = Reader(work), text_of(work)
    text.add("Hel")
    text.add("lo")
    assert reader.text() == "Hello"
    assert await saved(idle, who, work) == []
    (unsaved,) = work.hub.unsaved(work.ref.session_id)
    assert (unsaved.offset, unsaved.text, unsaved.attempt) == (0, "Hello", 1)
    (event,) = await text.end()
    assert (event.data["text"], event.data["offset"], event.data["length"]) == ("Hello", 0, 5)
    assert text.content == "Hello"
    text.forget()
    assert work.hub.unsaved(work.ref.session_id) == []


async def test_it_is_saved_in_groups(idle, who, work, committed, monkeypatch):
    monkeypatch.setattr(step_text, "FLUSH_SECONDS", 0.01)
    reader, text = Reader(work), text_of(work)
    for word in ("one ", "two ", "three "):
        text.add(word)
    await asyncio.wait_for(committed.wait(), 5)
    monkeypatch.setattr(step_text, "FLUSH_SECONDS", 60)
    text.add("four")
    assert await saved(idle, who, work) == [(0, "one two three ")]
    (event,) = await text.end()
    assert (event.data["offset"], event.data["text"]) == (14, "four")
    assert reader.text() == text.content == "one two three four"


async def test_where_nobody_here_reads_the_first_text_is_saved_at_once(idle, who, work, committed):
    text = text_of(work)
    text.add("First")
    await asyncio.wait_for(committed.wait(), 5)
    assert work.hub.unsaved(work.ref.session_id) == []
    assert await saved(idle, who, work) == [(0, "First")]
    assert await text.end() == []


async def test_the_own_name_is_taken_off_and_offsets_count_what_is_shown(idle, who, work):
    reader, text = Reader(work), text_of(work)
    for piece in ("@a", "0: ", "Yes 👍", " indeed"):
        text.add(piece)
    assert reader.text() == "Yes 👍 indeed"
    (event,) = await text.end()
    assert event.data["length"] == 12


async def test_what_is_held_back_comes_with_the_end(work):
    text = text_of(work)
    text.add("a0")
    assert text.content == ""
    (event,) = await text.end()
    assert event.data["text"] == "a0"


async def test_a_group_that_was_committed_unheard_is_merged_by_its_offset(
    idle, who, work, committed
):
    text = text_of(work)
    whole = work.db.transaction
    work.db.transaction = lambda workspace_id: _LoseReply(whole(workspace_id))
    text.add("Hello ")
    await asyncio.wait_for(committed.wait(), 5)
    work.db.transaction = whole
    text.add("there")
    (event,) = await text.end()
    assert (event.data["offset"], event.data["text"]) == (0, "Hello there")
    async with work.db.transaction(work.turn.workspace_id) as conn:
        await event_log.append(conn, work.ref, work.turn.lease_epoch, event)
    assert await saved(idle, who, work) == [(0, "Hello "), (0, "Hello there")]
    async with work.db.transaction(work.turn.workspace_id) as conn:
        texts = await event_log.texts(conn, work.turn.workspace_id, [work.turn.id])
    assert texts == {(steps_of(work)[0].id, 1): "Hello there"}


class _LoseReply:
    """A transaction that commits, and then tells that the connection is gone."""

    def __init__(self, real) -> None:
        self.real = real

    async def __aenter__(self):
        return await self.real.__aenter__()

    async def __aexit__(self, *error):
        await self.real.__aexit__(*error)
        raise psycopg.OperationalError("the reply of the commit was lost")


async def test_a_lost_lease_stops_the_run(idle, who, work):
    await rows(idle, who, "UPDATE turns SET lease_epoch = lease_epoch + 1 RETURNING id")
    text = text_of(work)
    text.add("Too late")
    await asyncio.wait_for(work.control.halted.wait(), 5)
    assert work.control.halt == "lease_lost"
    assert await saved(idle, who, work) == []
    await text.end()


async def test_what_comes_in_a_rush_is_saved_in_events_of_a_bounded_size(
    idle, who, work, committed, monkeypatch
):
    monkeypatch.setattr(step_text, "LONGEST_EVENT", 4)
    monkeypatch.setattr(step_text, "FLUSH_SECONDS", 0)
    text = text_of(work)
    text.add("0123456789")
    text.add("ab")
    async with asyncio.timeout(10):
        while text._rest:
            committed.clear()
            await committed.wait()
            await asyncio.sleep(0)
    assert await saved(idle, who, work) == [(0, "0123"), (4, "4567"), (8, "89ab")]
    assert await text.end() == []
    assert text.content == "0123456789ab"


async def test_who_joins_gets_no_more_of_the_unsaved_than_fits_an_event(work, monkeypatch):
    monkeypatch.setattr(step_text, "LONGEST_EVENT", 4)
    text = text_of(work)
    text.add("ab")
    text.add("cdef")
    text.add("g")
    (unsaved,) = work.hub.unsaved(work.ref.session_id)
    assert (unsaved.offset, unsaved.text) == (0, "ab")
    await text.end()


async def test_the_rest_is_left_in_events_of_a_bounded_size(work, monkeypatch):
    monkeypatch.setattr(step_text, "LONGEST_EVENT", 4)
    text = text_of(work)
    text.add("0123456789")
    left = [(event.data["offset"], event.data["text"]) for event in await text.end()]
    assert left == [(0, "0123"), (4, "4567"), (8, "89")]
