"""Taking text out of a log: what was taken back or purged may not stand in its events either.

The events stay, with their numbers and the lengths of their texts: readers keep their place. What
was taken back can be put back, as long as somebody has it.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any
from uuid import UUID

import orjson

from pantheon.db.pool import Connection
from pantheon.events.types import EventType

FILL = "·"


async def erase_texts(
    conn: Connection,
    workspace_id: UUID,
    turn_id: UUID,
    *,
    question: bool = False,
    step_ids: Collection[UUID] = (),
) -> None:
    """Take the turn's question and the answers of some of its steps out of its events."""

    def without(_: str, data: Mapping[str, Any]) -> dict[str, Any]:
        left = dict(data)
        if left.get("step_id") in wanted and isinstance(left.get("text"), str):
            left["text"] = FILL * len(left["text"])
        return _with(left, "", question, wanted)

    wanted = {str(step_id) for step_id in step_ids}
    await _rewrite(conn, workspace_id, turn_id, without)


async def put_back_text(
    conn: Connection,
    workspace_id: UUID,
    turn_id: UUID,
    text: str,
    *,
    question: bool = False,
    step_ids: Collection[UUID] = (),
) -> None:
    """Let the turn's events say a text again: as its question, or as the answer of some steps.

    What was streamed says it too, where it belongs to the attempt that the answer is of; texts of
    attempts that were given up, and reasoning, stay as they are.
    """

    def filled(kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
        left = dict(data)
        if kind == EventType.step_delta and attempts.get(left["step_id"]) == left["attempt"]:
            said = text[left["offset"] : left["offset"] + left["length"]]
            left["text"] = said.ljust(left["length"], FILL)
        return _with(left, text, question, wanted)

    wanted = {str(step_id) for step_id in step_ids}
    attempts = await _last_attempts(conn, workspace_id, turn_id, wanted)
    await _rewrite(conn, workspace_id, turn_id, filled)


async def _last_attempts(
    conn: Connection, workspace_id: UUID, turn_id: UUID, step_ids: Collection[str]
) -> dict[str, int]:
    """Return of some steps which of their attempts was the last that wrote."""
    cursor = await conn.execute(
        """
        SELECT data ->> 'step_id', max((data ->> 'attempt')::int) FROM turn_events
        WHERE workspace_id = %(workspace)s AND turn_id = %(turn)s AND type = 'step.delta'
          AND data ->> 'step_id' = ANY (%(steps)s)
        GROUP BY 1
        """,
        {"workspace": workspace_id, "turn": turn_id, "steps": list(step_ids)},
    )
    return dict(await cursor.fetchall())


async def _rewrite(
    conn: Connection,
    workspace_id: UUID,
    turn_id: UUID,
    change: Callable[[str, Mapping[str, Any]], dict[str, Any]],
) -> None:
    """Let `change` say, by its type and its data, what each event of a turn says."""
    cursor = await conn.execute(
        """
        SELECT seq, type, data::text FROM turn_events
        WHERE workspace_id = %(workspace)s AND turn_id = %(turn)s
        """,
        {"workspace": workspace_id, "turn": turn_id},
    )
    for seq, kind, text in await cursor.fetchall():
        data = orjson.loads(text)
        left = change(kind, data)
        if left != data:
            await conn.execute(
                """
                UPDATE turn_events SET data = %(data)s
                WHERE workspace_id = %(workspace)s AND turn_id = %(turn)s AND seq = %(seq)s
                """,
                {
                    "data": orjson.dumps(left).decode(),
                    "workspace": workspace_id,
                    "turn": turn_id,
                    "seq": seq,
                },
            )


def _with(
    data: dict[str, Any], text: str, question: bool, step_ids: Collection[str]
) -> dict[str, Any]:
    """Return an event's data with this text as the question, or the answer of some steps."""
    left = dict(data)
    if isinstance(left.get("step"), dict):
        left["step"] = _step(left["step"], text, step_ids)
    if isinstance(left.get("turn"), dict):
        turn = dict(left["turn"])
        turn["steps"] = [_step(step, text, step_ids) for step in turn["steps"]]
        if question:
            turn["input"] = text
        left["turn"] = turn
    return left


def _step(step: Mapping[str, Any], text: str, step_ids: Collection[str]) -> dict[str, Any]:
    if step["id"] in step_ids and step["message"] is not None:
        return {**step, "message": {**step["message"], "content": text}}
    return dict(step)
