"""Text is taken out of a log; numbers, kinds and lengths stay."""

from uuid import UUID

from pantheon.events import event_log
from pantheon.events.erase import FILL, erase_texts, put_back_text
from pantheon.events.types import EventType, NewEvent, TurnRef
from tests.make import make_turn
from tests.turns.drive import ended, log_of, send, session_with
from tests.turns.test_step import settings

__all__ = ["settings"]


async def test_an_answer_and_a_question_are_gone_and_nothing_else(runtime, who):
    session_id = await session_with(runtime, who, "fake/ok-5", "fake/ok-5", mode="roundtable")
    turn = await ended(runtime, who, await send(runtime, who, session_id, "A secret question?"))
    before = await log_of(runtime, who, turn)
    first, second = turn["steps"]
    async with runtime.db.transaction(who.workspace_id) as conn:
        await erase_texts(
            conn, who.workspace_id, UUID(turn["id"]), question=True, step_ids=[UUID(first["id"])]
        )
    after = await log_of(runtime, who, turn)
    assert [(e.seq, e.type) for e, _ in after] == [(e.seq, e.type) for e, _ in before]
    told = b"".join(event.data for event, _ in after).decode()
    assert "A secret question?" not in told
    last = after[-1][1]["turn"]
    assert (last["input"], last["steps"][0]["message"]["content"]) == ("", "")
    assert last["steps"][1] == before[-1][1]["turn"]["steps"][1]
    for (event, data), (_, old) in zip(after, before, strict=True):
        if event.type == "step.delta":
            assert len(data["text"]) == len(old["text"])
            mine = data["step_id"] == first["id"]
            assert (set(data["text"]) == {FILL}) == mine
            assert (data["offset"], data["length"]) == (old["offset"], old["length"])
    assert second["message"]["content"] == last["steps"][1]["message"]["content"]


async def test_what_was_taken_out_is_put_back_but_for_attempts_that_were_given_up(conn, who):
    turn = await make_turn(conn, who)
    turn_id, step_id = UUID(turn["id"]), turn["steps"][0]["id"]
    ref = TurnRef(who.workspace_id, UUID(turn["session_id"]), turn_id, turn["index"])
    said = [(1, 0, "Half"), (2, 0, "All "), (2, 4, "of it")]
    deltas = [
        NewEvent(
            EventType.step_delta,
            {
                "step_id": step_id,
                "attempt": attempt,
                "offset": offset,
                "length": len(text),
                "text": text,
            },
        )
        for attempt, offset, text in said
    ]
    reasoned = NewEvent(EventType.step_reasoning, {"step_id": step_id, "text": "Hmm"})
    await event_log.write(conn, ref, 2, [*deltas, reasoned])
    await erase_texts(conn, who.workspace_id, turn_id, question=True, step_ids=[UUID(step_id)])
    await put_back_text(conn, who.workspace_id, turn_id, "All of it", step_ids=[UUID(step_id)])
    await put_back_text(conn, who.workspace_id, turn_id, "Why?", question=True)
    cursor = await conn.execute(
        "SELECT data ->> 'text', data -> 'turn' ->> 'input' FROM turn_events ORDER BY seq"
    )
    told = await cursor.fetchall()
    assert told == [
        (None, "Why?"), ("····", None), ("All ", None), ("of it", None), ("···", None)
    ]  # fmt: skip


async def test_where_nothing_is_to_be_taken_out_nothing_is_written(conn, who):
    turn = await make_turn(conn, who)
    ref = TurnRef(who.workspace_id, UUID(turn["session_id"]), UUID(turn["id"]), turn["index"])
    await event_log.write(conn, ref, 2, [NewEvent(EventType.turn_started, {})])
    await erase_texts(conn, who.workspace_id, UUID(turn["id"]))
    cursor = await conn.execute("SELECT data -> 'turn' ->> 'input' FROM turn_events WHERE seq = 1")
    assert await cursor.fetchall() == [("What do you think?",)]
