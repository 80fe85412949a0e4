"""The books against themselves: every invariant that a database can show, and who breaks it.

Reads across workspaces, as the schema's owner; changes nothing.
"""

from dataclasses import dataclass
from typing import Any

import psycopg

NAMED_AT_MOST = 20


@dataclass(frozen=True, slots=True)
class Check:
    """An invariant: its id in the docs, what it says, and a query for the rows that break it."""

    id: str
    says: str
    query: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A check's result: how many rows break it, and some of them."""

    check: Check
    drift: int
    rows: list[str]


CHECKS = (
    Check(
        "I1",
        "a hold draws what its turn's calls charged, and is released when the turn is over",
        """
        SELECT h.turn_id, h.drawn_microcredits, coalesce(sum(e.charged_microcredits), 0)
        FROM holds h
        JOIN turns t ON t.workspace_id = h.workspace_id AND t.id = h.turn_id
        LEFT JOIN llm_call_events e ON e.workspace_id = h.workspace_id AND e.turn_id = h.turn_id
        GROUP BY h.workspace_id, h.turn_id, h.drawn_microcredits, h.released_at, t.finished_at
        HAVING h.drawn_microcredits <> coalesce(sum(e.charged_microcredits), 0)
            OR (h.released_at IS NULL) <> (t.finished_at IS NULL)
        """,
    ),
    Check(
        "I1",
        "every turn has its hold",
        """
        SELECT t.id FROM turns t
        LEFT JOIN holds h ON h.workspace_id = t.workspace_id AND h.turn_id = t.id
        WHERE h.turn_id IS NULL AND t.last_seq > 0 -- a fork's turns were over before: no events
        """,
    ),
    Check(
        "I2",
        "an attempt is closed by exactly one call event",
        """
        SELECT a.id, a.closed_at FROM llm_call_attempts a
        LEFT JOIN llm_call_events e ON e.workspace_id = a.workspace_id AND e.attempt_id = a.id
        WHERE (a.closed_at IS NULL) <> (e.attempt_id IS NULL)
        """,
    ),
    Check(
        "I2",
        "no attempt of a turn that is over, or of a finished step, is open",
        """
        SELECT a.id, a.turn_id FROM llm_call_attempts a
        LEFT JOIN turns t ON t.workspace_id = a.workspace_id AND t.id = a.turn_id
        LEFT JOIN steps s ON s.workspace_id = a.workspace_id AND s.id = a.step_id
        WHERE a.closed_at IS NULL
          AND (t.finished_at IS NOT NULL OR s.finished_at IS NOT NULL
               OR a.expires_at < clock_timestamp() - interval '5 minutes')
        """,
    ),
    Check(
        "I2",
        "a step is paid once: its one completed call is its last, and its usage is its calls'",
        """
        SELECT s.id, s.attempts, s.calls, count(e.attempt_id) FROM steps s
        LEFT JOIN llm_call_events e ON e.workspace_id = s.workspace_id AND e.step_id = s.id
        GROUP BY s.workspace_id, s.id, s.attempts, s.calls, s.finished_at, s.output_tokens,
            s.charged_microcredits
        HAVING count(*) FILTER (WHERE e.outcome = 'completed') > 1
            OR max(e.number) > min(e.number) FILTER (WHERE e.outcome = 'completed')
            OR s.calls <> count(e.attempt_id)
            OR s.output_tokens <> coalesce(sum(e.output_tokens), 0)
            OR s.charged_microcredits <> coalesce(sum(e.charged_microcredits), 0)
            OR s.finished_at IS NOT NULL AND s.attempts <> count(e.attempt_id)
        """,
    ),
    Check(
        "I3",
        "a session has one live turn at most",
        """
        SELECT session_id, count(*) FROM turns WHERE finished_at IS NULL
        GROUP BY workspace_id, session_id HAVING count(*) > 1
        """,
    ),
    Check(
        "I4",
        "a turn that runs has a lease that is not long over",
        """
        SELECT id, lease_expires_at FROM turns
        WHERE status = 'running' AND lease_expires_at < clock_timestamp() - interval '5 minutes'
        """,
    ),
    Check(
        "I4",
        "a turn that is over has no step without a result, and its status is its answers'",
        """
        SELECT t.id, t.status FROM turns t
        JOIN steps s ON s.workspace_id = t.workspace_id AND s.turn_id = t.id
        WHERE t.finished_at IS NOT NULL
        GROUP BY t.workspace_id, t.id, t.status, t.error
        HAVING bool_or(s.finished_at IS NULL)
            OR t.error IS NULL AND t.status NOT IN ('cancelled', CASE
                WHEN NOT bool_or(s.status = 'completed' AND s.kind IN ('answer', 'synthesis'))
                    THEN 'failed'
                WHEN bool_or(s.status IN ('failed', 'cancelled')
                             AND s.kind IN ('answer', 'synthesis')) THEN 'partial'
                ELSE 'completed' END)
        """,
    ),
    Check(
        "I5",
        "an attempt has its audit, and both name the same request",
        """
        SELECT a.id FROM llm_call_attempts a
        LEFT JOIN context_audits c ON c.workspace_id = a.workspace_id AND c.attempt_id = a.id
        WHERE c.request_sha256 IS DISTINCT FROM a.request_sha256
        """,
    ),
    Check(
        "I6",
        "positions in a room are gap-free",
        """
        SELECT room_id, count(*), max(position) FROM room_agents
        GROUP BY workspace_id, room_id HAVING count(*) <> max(position) OR min(position) <> 1
        """,
    ),
    Check(
        "I6",
        "turns of a session are numbered gap-free, and the session counts them",
        """
        SELECT s.id, s.turn_count, count(t.id), max(t.index) FROM sessions s
        LEFT JOIN turns t ON t.workspace_id = s.workspace_id AND t.session_id = s.id
        GROUP BY s.workspace_id, s.id, s.turn_count
        HAVING s.turn_count <> count(t.id) OR coalesce(max(t.index), 0) <> count(t.id)
        """,
    ),
    Check(
        "I6",
        "events of a turn are numbered gap-free, purged ones counted",
        """
        SELECT t.id, t.last_seq, t.events_purged, count(e.seq) FROM turns t
        LEFT JOIN turn_events e ON e.workspace_id = t.workspace_id AND e.turn_id = t.id
        GROUP BY t.workspace_id, t.id, t.last_seq, t.events_purged
        HAVING t.last_seq <> count(e.seq) + t.events_purged OR max(e.seq) > t.last_seq
        """,
    ),
    Check(
        "I9",
        "a turn that is over ends with its last event, which tells its status",
        """
        SELECT t.id, t.status, e.type FROM turns t
        LEFT JOIN turn_events e ON e.workspace_id = t.workspace_id AND e.turn_id = t.id
            AND e.seq = t.last_seq
        WHERE t.finished_at IS NOT NULL AND t.last_seq > 0
          AND (e.type IS DISTINCT FROM 'turn.completed'
               OR e.data -> 'turn' ->> 'status' IS DISTINCT FROM t.status)
        """,
    ),
)


async def reconcile(admin_url: str) -> list[Finding]:
    """Check every invariant in one snapshot of the database; returns a finding for each check.

    `admin_url` is the schema owner's: row security does not hide anything from it.
    """
    findings = []
    async with await psycopg.AsyncConnection.connect(admin_url) as conn:
        await conn.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
        await conn.set_read_only(True)
        for check in CHECKS:
            async with conn.cursor(name="drift") as cursor:
                await cursor.execute(check.query)
                rows: list[str] = []
                drift = 0
                async for row in cursor:
                    drift += 1
                    if len(rows) < NAMED_AT_MOST:
                        rows.append(_text(row))
            findings.append(Finding(check, drift, rows))
    return findings


def _text(row: tuple[Any, ...]) -> str:
    return " ".join(str(value) for value in row)
