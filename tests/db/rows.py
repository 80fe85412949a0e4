"""A row of each table for a workspace: what another workspace must not get at."""

from uuid import UUID

import psycopg

from pantheon.base import ids

# In the order of their references; every value is as plain as the constraints allow.
ROWS = {
    "workspaces": "(id, name) VALUES (%(w)s, 'W')",
    "users": "(workspace_id, id, name, role) VALUES (%(w)s, %(user)s, 'U', 'owner')",
    "login_tokens": """(workspace_id, id, user_id, token_sha256, expires_at)
        VALUES (%(w)s, %(id)s, %(user)s, %(hash)s, now() + interval '1 hour')""",
    "logins": """(workspace_id, id, user_id, token_sha256, expires_at)
        VALUES (%(w)s, %(id)s, %(user)s, %(hash)s, now() + interval '1 hour')""",
    "api_keys": """(workspace_id, id, user_id, name, token_sha256, last4, scopes)
        VALUES (%(w)s, %(id)s, %(user)s, 'K', %(hash)s, 'abcd', '{read}')""",
    "agents": """(workspace_id, id, key, name, color, model, prompt_id)
        VALUES (%(w)s, %(agent)s, 'a', 'A', 1, 'demo/a', %(prompt)s)""",
    "agent_prompts": """(workspace_id, id, agent_id, text)
        VALUES (%(w)s, %(prompt)s, %(agent)s, 'P')""",
    "rooms": "(workspace_id, id, name, mode) VALUES (%(w)s, %(room)s, 'R', 'manual')",
    "room_agents": """(workspace_id, room_id, agent_id, position)
        VALUES (%(w)s, %(room)s, %(agent)s, 1)""",
    "sessions": """(workspace_id, id, user_id, room_id)
        VALUES (%(w)s, %(session)s, %(user)s, %(room)s)""",
    "turns": """(workspace_id, id, session_id, user_id, index, mode, input_message_id, frozen,
            graph_version)
        VALUES (%(w)s, %(turn)s, %(session)s, %(user)s, 1, 'manual', %(message)s, '{}', 1)""",
    "messages": """(workspace_id, id, session_id, turn_id, content, tokens)
        VALUES (%(w)s, %(message)s, %(session)s, %(turn)s, 'M', 1)""",
    "steps": """(workspace_id, id, turn_id, step_key, kind, round, position)
        VALUES (%(w)s, %(step)s, %(turn)s, 's0:a', 'answer', 0, 0)""",
    "turn_events": """(workspace_id, turn_id, seq, type, data)
        VALUES (%(w)s, %(turn)s, 1, 'turn.created', '{}')""",
    "llm_call_attempts": """(workspace_id, id, user_id, turn_id, step_id, number, purpose,
            provider, model, request_sha256)
        VALUES (%(w)s, %(attempt)s, %(user)s, %(turn)s, %(step)s, 1, 'answer', 'demo', 'a',
            '\\x00')""",
    "llm_call_events": """(workspace_id, attempt_id, user_id, number, purpose, provider, model,
            outcome, sent, request_sha256)
        VALUES (%(w)s, %(attempt)s, %(user)s, 1, 'answer', 'demo', 'a', 'lost', true, '\\x00')""",
    "summaries": """(workspace_id, id, session_id, scope, version, from_turn, to_turn, to_turn_id,
            step_id, content)
        VALUES (%(w)s, %(id)s, %(session)s, 'all', 1, 1, 1, %(turn)s, %(step)s,
            '{"summary": "S", "key_facts": [{"text": "F", "turns": [1]}]}')""",
    "price_books": """(workspace_id, id, version, valid_from, credits_per_usd, margin_percent,
            reason, user_id)
        VALUES (%(w)s, %(book)s, 1, now(), 1, 0, 'R', %(user)s)""",
    "price_lines": """(workspace_id, book_id, model, source, input, output)
        VALUES (%(w)s, %(book)s, 'demo/a', 'operator', 1, 1)""",
    "wallets": "(workspace_id) VALUES (%(w)s)",
    "holds": """(workspace_id, id, turn_id, amount_microcredits)
        VALUES (%(w)s, %(turn)s, %(turn)s, 0)""",
    "budgets": """(workspace_id, id, scope, scope_id, period, limit_microcredits)
        VALUES (%(w)s, %(budget)s, 'workspace', %(w)s, 'day', 1)""",
    "budget_uses": "(workspace_id, budget_id, since) VALUES (%(w)s, %(budget)s, '2026-01-01')",
    "budget_holds": """(workspace_id, hold_id, budget_id, since, amount_microcredits)
        VALUES (%(w)s, %(turn)s, %(budget)s, '2026-01-01', 0)""",
    "postings": """(workspace_id, id, kind, month) VALUES (%(w)s, %(id)s, 'hold', '2026-01-01')""",
    "seals": """(workspace_id, number, until, events, postings, previous_sha256, sha256)
        VALUES (%(w)s, 1, now(), 1, 0, '', '\\x00')""",
    "closed_months": """(workspace_id, month, user_id, totals)
        VALUES (%(w)s, '2026-01-01', %(user)s, '{}')""",
    "context_audits": """(workspace_id, attempt_id, step_id, model, sections, budget,
            request_sha256)
        VALUES (%(w)s, %(attempt)s, %(step)s, 'a', '[]', '{}', '\\x00')""",
    "turn_rates": """(workspace_id, scope_id, seconds, full_at)
        VALUES (%(w)s, %(user)s, 60, now())""",
    "usage_marks": "(workspace_id, time_zone) VALUES (%(w)s, 'UTC')",
    "usage_rollups": """(workspace_id, kind, day, alone, calls, unpriced_calls, input_tokens,
            cached_input_tokens, output_tokens, reasoning_tokens, cost_usd, charged_microcredits,
            estimated)
        VALUES (%(w)s, 'model', '2026-01-01', false, 1, 0, 1, 0, 1, 0, 0, 0, false)""",
    "top_ups": """(workspace_id, id, user_id, cents, microcredits_per_cent)
        VALUES (%(w)s, %(id)s, %(user)s, 100, 10000)""",
    "payment_events": """(workspace_id, event_id, type, kind, top_up_id)
        VALUES (%(w)s, 'evt_1', 'T', 'refund', %(id)s)""",
    "chat_threads": """(workspace_id, user_id, sha256, turn_id)
        VALUES (%(w)s, %(user)s, '\\x00', %(turn)s)""",
    "provider_keys": """(workspace_id, id, provider, user_id, sealed)
        VALUES (%(w)s, %(id)s, 'openai', %(user)s, '\\x00')""",
    "messages_taken_back": """(workspace_id, message_id, content, tokens, erase_at)
        VALUES (%(w)s, %(message)s, 'M', 1, now())""",
    "idempotency_keys": """(workspace_id, user_id, method, path, key, body_sha256)
        VALUES (%(w)s, %(user)s, 'POST', '/', 'k', '\\x00')""",
}

NAMES = (
    *("book", "budget"),
    *("id", "user", "agent", "prompt", "room", "session"),
    *("turn", "message", "step", "attempt"),
)


def fill(admin_url: str) -> UUID:
    """Make a workspace with one row in each table, past row security; return its id."""
    workspace = ids.new()
    values = {name: ids.new() for name in NAMES}
    with psycopg.connect(admin_url) as conn:
        # A turn and its message refer to each other: references are not checked for once.
        conn.execute("SET session_replication_role = replica")
        for table, row in ROWS.items():
            conn.execute(
                f"INSERT INTO {table} {row}".encode(),
                {"w": workspace, "hash": f"{table} {workspace}".encode(), **values},
            )
    return workspace
