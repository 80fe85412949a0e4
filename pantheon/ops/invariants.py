"""The invariants that a database can show, each as a query for the rows that break it.

The ids are those of docs/faults.md. What takes a model server to see (a request that no attempt
tells of) or a reader (a byte of another workspace) is for the tests.
"""

from pantheon.ops.checks import Check
from pantheon.ops.money_checks import MONEY

CHECKS = (
    *MONEY,
    Check(
        "I1",
        "what failed or was lost is not charged",
        """
        SELECT attempt_id, outcome, charged_microcredits AS charged FROM llm_call_events
        WHERE outcome IN ('failed', 'lost') AND charged_microcredits <> 0
        """,
    ),
    Check(
        "I2",
        "an attempt is closed by exactly one call event, which tells of the same request",
        """
        SELECT a.id AS attempt_id, a.closed_at, e.outcome FROM llm_call_attempts a
        LEFT JOIN llm_call_events e ON e.workspace_id = a.workspace_id AND e.attempt_id = a.id
        WHERE (a.closed_at IS NULL) <> (e.attempt_id IS NULL)
           OR (a.turn_id, a.step_id, a.number, a.purpose, a.model, a.request_sha256)
               IS DISTINCT FROM
              (e.turn_id, e.step_id, e.number, e.purpose, e.model, e.request_sha256)
              AND e.attempt_id IS NOT NULL
        """,
    ),
    Check(
        "I2",
        "no attempt of a turn that is over, or of a finished step, is open",
        """
        SELECT a.id AS attempt_id, a.turn_id FROM llm_call_attempts a
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
        SELECT s.id AS step_id, s.attempts, s.calls, count(e.attempt_id) AS events FROM steps s
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
        "I2",
        "what was not sent has no answer and no usage",
        """
        SELECT attempt_id, outcome, error_code FROM llm_call_events
        WHERE NOT sent
          AND (outcome = 'completed' OR input_tokens > 0 OR output_tokens > 0 OR error_code IS NULL)
        """,
    ),
    Check(
        "I2",
        "a step that was taken over asks nobody, and names the step that did",
        """
        SELECT s.id AS step_id, s.source_step_id, s.attempts FROM steps s
        JOIN steps o ON o.workspace_id = s.workspace_id AND o.id = s.source_step_id
        WHERE s.attempts > 0 OR o.source_step_id IS NOT NULL
           OR s.message_id IS DISTINCT FROM o.message_id
        """,
    ),
    Check(
        "I3",
        "a session has one live turn at most",
        """
        SELECT session_id, count(*) AS live FROM turns WHERE finished_at IS NULL
        GROUP BY workspace_id, session_id HAVING count(*) > 1
        """,
    ),
    Check(
        "I4",
        "a turn that runs has a lease that is not long over, any other has none",
        """
        SELECT id AS turn_id, status, lease_expires_at FROM turns
        WHERE (status = 'running') <> (lease_expires_at IS NOT NULL)
           OR lease_expires_at < clock_timestamp() - interval '5 minutes'
        """,
    ),
    Check(
        "I4",
        "a turn that is over has no step without a result, and its status is its answers'",
        """
        SELECT t.id AS turn_id, t.status FROM turns t
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
        "I4",
        "a turn that waits for its user asks one thing, any other asks nothing",
        """
        SELECT t.id AS turn_id, t.status, count(s.id) AS asked FROM turns t
        LEFT JOIN steps s ON s.workspace_id = t.workspace_id AND s.turn_id = t.id
            AND s.kind = 'approval' AND s.status = 'running'
        GROUP BY t.workspace_id, t.id, t.status, t.cancel_requested, t.finished_at
        HAVING count(s.id) <> CASE WHEN t.status = 'awaiting_input' THEN 1 ELSE 0 END
            AND (t.cancel_requested IS NULL OR t.finished_at IS NOT NULL)
        """,
    ),
    Check(
        "I5",
        "an attempt has its audit, and both name the same request",
        """
        SELECT a.id AS attempt_id FROM llm_call_attempts a
        LEFT JOIN context_audits c ON c.workspace_id = a.workspace_id AND c.attempt_id = a.id
        WHERE c.request_sha256 IS DISTINCT FROM a.request_sha256
        """,
    ),
    Check(
        "I6",
        "positions in a room are gap-free",
        """
        SELECT room_id, count(*) AS agents, max(position) AS last FROM room_agents
        GROUP BY workspace_id, room_id HAVING count(*) <> max(position) OR min(position) <> 1
        """,
    ),
    Check(
        "I6",
        "turns of a session are numbered gap-free, and the session counts them",
        """
        SELECT s.id AS session_id, s.turn_count, count(t.id) AS turns, max(t.index) AS last
        FROM sessions s
        LEFT JOIN turns t ON t.workspace_id = s.workspace_id AND t.session_id = s.id
        GROUP BY s.workspace_id, s.id, s.turn_count
        HAVING s.turn_count <> count(t.id) OR coalesce(max(t.index), 0) <> count(t.id)
        """,
    ),
    Check(
        "I6",
        "events of a turn are numbered gap-free, purged ones counted",
        """
        SELECT t.id AS turn_id, t.last_seq, t.events_purged, count(e.seq) AS events FROM turns t
        LEFT JOIN turn_events e ON e.workspace_id = t.workspace_id AND e.turn_id = t.id
        GROUP BY t.workspace_id, t.id, t.last_seq, t.events_purged
        HAVING t.last_seq <> count(e.seq) + t.events_purged
            OR max(e.seq) > t.last_seq OR min(e.seq) < 1
        """,
    ),
    Check(
        "I7",
        "every table of a workspace has row security",
        """
        SELECT c.relname AS "table" FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'workspace_id'
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
          AND (NOT c.relrowsecurity
               OR NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid))
        """,
    ),
    Check(
        "I7",
        "what a call and a key refer to is of their own workspace",
        """
        SELECT a.id AS attempt_id, a.workspace_id FROM llm_call_attempts a
        LEFT JOIN users u ON u.workspace_id = a.workspace_id AND u.id = a.user_id
        LEFT JOIN sessions s ON s.workspace_id = a.workspace_id AND s.id = a.session_id
        LEFT JOIN rooms r ON r.workspace_id = a.workspace_id AND r.id = a.room_id
        WHERE u.id IS NULL OR (a.session_id IS NOT NULL AND s.id IS NULL)
           OR (a.room_id IS NOT NULL AND r.id IS NULL)
        UNION ALL
        SELECT k.user_id, k.workspace_id FROM idempotency_keys k
        LEFT JOIN users u ON u.workspace_id = k.workspace_id AND u.id = k.user_id
        WHERE u.id IS NULL
        """,
    ),
    Check(
        "I8",
        "keys, logins and links are stored as hashes",
        """
        SELECT id, length FROM (
            SELECT id, octet_length(token_sha256) AS length FROM api_keys
            UNION ALL SELECT id, octet_length(token_sha256) FROM logins
            UNION ALL SELECT id, octet_length(token_sha256) FROM login_tokens
        ) AS stored
        WHERE length <> 32
        """,
    ),
    Check(
        "I9",
        "a turn that is over ends with its last event, which tells its status and its steps'",
        """
        SELECT t.id AS turn_id, t.status, e.type AS last_event FROM turns t
        LEFT JOIN turn_events e ON e.workspace_id = t.workspace_id AND e.turn_id = t.id
            AND e.seq = t.last_seq
        WHERE t.finished_at IS NOT NULL AND t.last_seq > 0
          AND (e.type IS DISTINCT FROM 'turn.completed'
               OR e.data -> 'turn' ->> 'status' IS DISTINCT FROM t.status
               OR (SELECT array_agg(x ->> 'status' ORDER BY x ->> 'status')
                   FROM json_array_elements(e.data -> 'turn' -> 'steps') AS x)
                  IS DISTINCT FROM
                  (SELECT array_agg(s.status ORDER BY s.status) FROM steps s
                   WHERE s.workspace_id = t.workspace_id AND s.turn_id = t.id))
        """,
    ),
    Check(
        "I9",
        "the log has the whole text of each answer, while its deltas are kept",
        """
        SELECT s.id AS step_id, char_length(m.content) AS stored,
            max((e.data ->> 'offset')::int + (e.data ->> 'length')::int) AS logged
        FROM turns t
        JOIN steps s ON s.workspace_id = t.workspace_id AND s.turn_id = t.id
            AND s.attempts > 0 AND s.kind IN ('answer', 'synthesis')
        JOIN messages m ON m.workspace_id = s.workspace_id AND m.id = s.message_id
            AND m.deleted_at IS NULL
        LEFT JOIN turn_events e ON e.workspace_id = t.workspace_id AND e.turn_id = t.id
            AND e.type = 'step.delta' AND e.data ->> 'step_id' = s.id::text
            AND (e.data ->> 'attempt')::int = s.attempts
        WHERE t.finished_at > clock_timestamp() - interval '23 hours' AND t.events_purged = 0
          AND t.last_seq > 0
        GROUP BY s.workspace_id, s.id, m.content
        HAVING max((e.data ->> 'offset')::int + (e.data ->> 'length')::int)
            IS DISTINCT FROM char_length(m.content)
        """,
    ),
)
