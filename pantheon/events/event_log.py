"""The log of a turn: gap-free by `seq`, appended only by whoever may, read by followers."""

from collections.abc import Sequence
from uuid import UUID

import orjson

from pantheon.db.pool import Connection, Notice
from pantheon.events.types import EventType, LogEvent, NewEvent, TurnRef

PAGE_BYTES = 1 << 18


class LeaseLost(Exception):
    """The turn belongs to another worker by now: whoever gets this writes nothing more."""


async def fence(
    conn: Connection, ref: TurnRef, epoch: int, count: int, *, settles: bool = False
) -> int:
    """Reserve `count` numbers of the turn's log for the holder of lease `epoch`.

    The first statement of every transaction of a worker: it locks the turn, and with it orders
    all writers. `settles`: a step gets its result, so the turn is not stuck and its counts of
    faults and takeovers begin anew. Returns the first of the numbers.
    Raises LeaseLost if the lease is another's or the turn is over.
    """
    cursor = await conn.execute(
        """
        UPDATE turns SET last_seq = last_seq + %(count)s,
            faults = CASE WHEN %(settles)s THEN 0 ELSE faults END,
            takeovers = CASE WHEN %(settles)s THEN 0 ELSE takeovers END
        WHERE workspace_id = %(workspace)s AND id = %(turn)s AND lease_epoch = %(epoch)s
          AND status = 'running'
        RETURNING last_seq
        """,
        {
            "count": count,
            "settles": settles,
            "workspace": ref.workspace_id,
            "turn": ref.id,
            "epoch": epoch,
        },
    )
    row = await cursor.fetchone()
    if row is None:
        raise LeaseLost(f"turn {ref.id}, lease {epoch}")
    return int(row[0]) - count + 1


async def reserve(conn: Connection, ref: TurnRef, count: int) -> int:
    """Reserve `count` numbers for a writer without a lease (accept, cancel, sweep)."""
    cursor = await conn.execute(
        """
        UPDATE turns SET last_seq = last_seq + %(count)s
        WHERE workspace_id = %(workspace)s AND id = %(turn)s
        RETURNING last_seq
        """,
        {"count": count, "workspace": ref.workspace_id, "turn": ref.id},
    )
    row = await cursor.fetchone()
    assert row is not None, "the turn was read in this transaction"
    return int(row[0]) - count + 1


async def write(conn: Connection, ref: TurnRef, first_seq: int, events: Sequence[NewEvent]) -> None:
    """Write the events under numbers that were reserved in the same transaction.

    After the commit they are handed to the followers of this process and made known to others.
    """
    written = [_encoded(ref, first_seq + i, event) for i, event in enumerate(events)]
    await conn.execute(
        """
        INSERT INTO turn_events (workspace_id, turn_id, seq, type, data)
        SELECT %(workspace)s, %(turn)s, %(first)s + place - 1, types.type, data.value
        FROM json_array_elements(%(data)s::json) WITH ORDINALITY AS data (value, place)
        JOIN unnest(%(types)s::text[]) WITH ORDINALITY AS types (type, place) USING (place)
        """,
        {
            "workspace": ref.workspace_id,
            "turn": ref.id,
            "first": first_seq,
            "types": [event.type for event in written],
            # One value: an array of texts would have every quote in it escaped, in Python.
            "data": f"[{b','.join(event.data for event in written).decode()}]",
        },
    )
    conn.carried(sum(len(event.data) for event in written))
    conn.notices.append(Notice("events", ref.session_id, written))


async def append(conn: Connection, ref: TurnRef, epoch: int, event: NewEvent) -> None:
    """Append one event for the holder of lease `epoch`: fence and log in one statement.

    Raises LeaseLost.
    """
    data = _data(ref, event)
    cursor = await conn.execute(
        """
        WITH fence AS (
            UPDATE turns SET last_seq = last_seq + 1
            WHERE workspace_id = %(workspace)s AND id = %(turn)s AND lease_epoch = %(epoch)s
              AND status = 'running'
            RETURNING workspace_id, id, last_seq
        )
        INSERT INTO turn_events (workspace_id, turn_id, seq, type, data)
        SELECT workspace_id, id, last_seq, %(type)s, %(data)s::json FROM fence
        RETURNING seq
        """,
        {
            "workspace": ref.workspace_id,
            "turn": ref.id,
            "epoch": epoch,
            "type": event.type.value,
            "data": data.decode(),
        },
    )
    row = await cursor.fetchone()
    if row is None:
        raise LeaseLost(f"turn {ref.id}, lease {epoch}")
    written = [LogEvent(ref.index, row[0], event.type.value, data)]
    conn.notices.append(Notice("events", ref.session_id, written))


async def read(
    conn: Connection, workspace_id: UUID, session_id: UUID, after: tuple[int, int], limit: int
) -> tuple[list[LogEvent], bool]:
    """Read a session's events after `(turn index, seq)`, in order; and whether there may be more.

    At most `limit`, and no further than the one with which they have PAGE_BYTES: whoever stands
    still while they are handed over keeps no more. Where deltas were purged a `stream.reset` stands
    in their place, once a turn.
    """
    cursor = await conn.execute(
        """
        SELECT index, seq, type, data, events_purged, id, total
        FROM (
            SELECT *, sum(octet_length(data)) OVER (
                ORDER BY index, seq ROWS UNBOUNDED PRECEDING
            ) AS total
            FROM (
                SELECT t.index, e.seq, e.type, e.data::text AS data, t.events_purged, t.id
                FROM turns t
                JOIN turn_events e ON e.workspace_id = t.workspace_id AND e.turn_id = t.id
                WHERE t.workspace_id = %(workspace)s AND t.session_id = %(session)s
                  AND t.index >= %(index)s AND (t.index, e.seq) > (%(index)s, %(seq)s)
                ORDER BY t.index, e.seq
                LIMIT %(limit)s
            ) AS counted
        ) AS measured
        WHERE total - octet_length(data) < %(bytes)s
        ORDER BY index, seq
        """,
        {
            "workspace": workspace_id,
            "session": session_id,
            "index": after[0],
            "seq": after[1],
            "limit": limit,
            "bytes": PAGE_BYTES,
        },
    )
    events: list[LogEvent] = []
    at = after
    told: set[int] = set()
    found = await cursor.fetchall()
    conn.carried(int(found[-1][6]) if found else 0)
    for index, seq, kind, data, purged, turn_id, _ in found:
        before = at[1] if index == at[0] else 0
        if purged and seq != before + 1 and index not in told:
            told.add(index)
            events.append(_reset(session_id, turn_id, index, before))
        events.append(LogEvent(index, seq, kind, data.encode()))
        at = (index, seq)
    return events, len(found) == limit or (bool(found) and found[-1][6] >= PAGE_BYTES)


async def text_offsets(
    conn: Connection, workspace_id: UUID, session_id: UUID, at: tuple[int, int]
) -> dict[UUID, tuple[int, int]]:
    """Return `(attempt, code points of text)` per step, as the log stands at `(index, seq)`."""
    cursor = await conn.execute(
        """
        SELECT DISTINCT ON (e.data ->> 'step_id')
               (e.data ->> 'step_id')::uuid, (e.data ->> 'attempt')::int,
               coalesce((e.data ->> 'offset')::int + (e.data ->> 'length')::int, 0)
        FROM turns t
        JOIN turn_events e ON e.workspace_id = t.workspace_id AND e.turn_id = t.id
        WHERE t.workspace_id = %(workspace)s AND t.session_id = %(session)s
          AND t.index = %(index)s AND e.seq <= %(seq)s
          AND e.type IN ('step.started', 'step.restarted', 'step.delta')
        ORDER BY e.data ->> 'step_id', e.seq DESC
        """,
        {"workspace": workspace_id, "session": session_id, "index": at[0], "seq": at[1]},
    )
    return {step: (attempt, offset) for step, attempt, offset in await cursor.fetchall()}


async def is_end(
    conn: Connection, workspace_id: UUID, session_id: UUID, at: tuple[int, int]
) -> bool:
    """Whether the event at `(turn index, seq)` is the last of its turn."""
    cursor = await conn.execute(
        """
        SELECT finished_at IS NOT NULL AND last_seq <= %(seq)s FROM turns
        WHERE workspace_id = %(workspace)s AND session_id = %(session)s AND index = %(index)s
        """,
        {"workspace": workspace_id, "session": session_id, "index": at[0], "seq": at[1]},
    )
    row = await cursor.fetchone()
    return row is not None and bool(row[0])


async def texts(
    conn: Connection, workspace_id: UUID, turn_ids: Sequence[UUID]
) -> dict[tuple[UUID, int], str]:
    """Return the text that the log has of each `(step, attempt)` of some turns."""
    cursor = await conn.execute(
        """
        SELECT (data ->> 'step_id')::uuid, (data ->> 'attempt')::int, (data ->> 'offset')::int,
               data ->> 'text'
        FROM turn_events
        WHERE workspace_id = %(workspace)s AND turn_id = ANY (%(turns)s) AND type = 'step.delta'
        ORDER BY turn_id, seq
        """,
        {"workspace": workspace_id, "turns": list(turn_ids)},
    )
    found: dict[tuple[UUID, int], str] = {}
    for step_id, attempt, offset, text in await cursor.fetchall():
        # A group whose commit was not heard of is saved again, with what came since.
        found[step_id, attempt] = found.get((step_id, attempt), "")[:offset] + text
    return found


def _encoded(ref: TurnRef, seq: int, event: NewEvent) -> LogEvent:
    return LogEvent(ref.index, seq, event.type.value, _data(ref, event))


def _data(ref: TurnRef, event: NewEvent) -> bytes:
    return orjson.dumps({"session_id": ref.session_id, "turn_id": ref.id, **event.data})


def _reset(session_id: UUID, turn_id: UUID, index: int, seq: int) -> LogEvent:
    data = orjson.dumps({"session_id": session_id, "turn_id": turn_id})
    return LogEvent(index, seq, EventType.stream_reset.value, data)
