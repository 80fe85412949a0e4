"""Taking text out of a log: what was taken back or purged may not stand in its events either.

The events stay, with their numbers and the lengths of their texts: readers keep their place.
"""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

import orjson

from pantheon.db.pool import Connection

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
    cursor = await conn.execute(
        """
        SELECT seq, data::text FROM turn_events
        WHERE workspace_id = %(workspace)s AND turn_id = %(turn)s
        """,
        {"workspace": workspace_id, "turn": turn_id},
    )
    wanted = {str(step_id) for step_id in step_ids}
    for seq, text in await cursor.fetchall():
        data = orjson.loads(text)
        left = _without(data, question, wanted)
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


def _without(data: Mapping[str, Any], question: bool, step_ids: set[str]) -> dict[str, Any]:
    left = dict(data)
    if left.get("step_id") in step_ids and isinstance(left.get("text"), str):
        left["text"] = FILL * len(left["text"])
    if isinstance(left.get("step"), dict):
        left["step"] = _step(left["step"], step_ids)
    if isinstance(left.get("turn"), dict):
        turn = dict(left["turn"])
        turn["steps"] = [_step(step, step_ids) for step in turn["steps"]]
        if question:
            turn["input"] = ""
        left["turn"] = turn
    return left


def _step(step: Mapping[str, Any], step_ids: set[str]) -> dict[str, Any]:
    if step["id"] in step_ids and step["message"] is not None:
        return {**step, "message": {**step["message"], "content": ""}}
    return dict(step)
