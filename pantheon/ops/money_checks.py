"""The invariants of money: holds, wallets, budgets, postings and their seals (I1)."""

from pantheon.ops.checks import Check

MONEY = (
    Check(
        "I1",
        "a hold draws what its calls charged, earmarks what is open, and ends with its turn",
        """
        SELECT h.id AS hold_id, h.drawn_microcredits AS drawn, e.charged,
            h.earmarked_microcredits AS earmarked, a.open, h.released_at
        FROM holds h
        LEFT JOIN turns t ON t.workspace_id = h.workspace_id AND t.id = h.turn_id
        LEFT JOIN llm_call_attempts o ON h.turn_id IS NULL AND o.workspace_id = h.workspace_id
            AND o.id = h.id
        LEFT JOIN LATERAL (
            SELECT coalesce(sum(charged_microcredits), 0) AS charged FROM llm_call_events e
            WHERE e.workspace_id = h.workspace_id AND e.hold_id = h.id
              AND (h.turn_id IS NULL OR e.turn_id = h.turn_id)
        ) e ON true
        LEFT JOIN LATERAL (
            SELECT coalesce(sum(earmark_microcredits), 0) AS open FROM llm_call_attempts a
            WHERE a.workspace_id = h.workspace_id AND a.hold_id = h.id AND a.closed_at IS NULL
        ) a ON true
        WHERE (h.turn_id IS NULL OR t.frozen -> 'terms' ->> 'enforcement' <> 'off')
          AND (h.drawn_microcredits <> e.charged OR h.earmarked_microcredits <> a.open
               OR (h.released_at IS NULL) <> (coalesce(t.finished_at, o.closed_at) IS NULL))
        """,
    ),
    Check(
        "I1",
        "every turn that is billed has its hold",
        """
        SELECT t.id AS turn_id, t.frozen -> 'terms' ->> 'enforcement' AS enforcement
        FROM turns t
        LEFT JOIN holds h ON h.workspace_id = t.workspace_id AND h.turn_id = t.id
        WHERE t.last_seq > 0 -- a fork's turns were over before: they have no events
          AND h.turn_id IS NULL AND t.frozen -> 'terms' ->> 'enforcement' <> 'off'
        """,
    ),
    Check(
        "I1",
        "a wallet has what was granted less what was charged, and reserves what is held",
        """
        SELECT w.workspace_id, w.balance_microcredits AS balance, p.granted - p.charged AS posted,
            w.held_microcredits AS held, p.held AS held_posted, h.open AS holds
        FROM wallets w
        CROSS JOIN LATERAL (
            SELECT coalesce(-sum(grants_microcredits), 0) AS granted,
                coalesce(sum(revenue_microcredits + provider_cost_microcredits), 0) AS charged,
                coalesce(sum(held_microcredits), 0) AS held
            FROM postings p WHERE p.workspace_id = w.workspace_id
        ) p
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(amount_microcredits - drawn_microcredits), 0) AS open
            FROM holds h WHERE h.workspace_id = w.workspace_id AND h.released_at IS NULL
        ) h
        WHERE w.balance_microcredits <> p.granted - p.charged
           OR w.held_microcredits <> p.held OR w.held_microcredits <> h.open
        """,
    ),
    Check(
        "I1",
        "each movement sums to zero, and each charge is posted once, as its call event has it",
        """
        SELECT coalesce(p.attempt_id, e.attempt_id, p.id) AS id,
            -p.held_microcredits AS posted, e.charged_microcredits AS charged
        FROM postings p
        FULL JOIN llm_call_events e ON e.workspace_id = p.workspace_id
            AND e.attempt_id = p.attempt_id AND p.kind = 'charge'
        WHERE p.wallet_microcredits + p.held_microcredits + p.revenue_microcredits
                + p.provider_cost_microcredits + p.grants_microcredits <> 0
           OR p.kind = 'charge' AND -p.held_microcredits IS DISTINCT FROM e.charged_microcredits
           OR p.id IS NULL AND e.hold_id IS NOT NULL AND e.charged_microcredits > 0
        """,
    ),
    Check(
        "I1",
        "a budget has spent and reserved what the holds under it have",
        """
        SELECT u.budget_id, u.since, u.spent_microcredits AS spent, s.drawn,
            u.held_microcredits AS held, s.open
        FROM budget_uses u
        LEFT JOIN LATERAL (
            SELECT coalesce(sum(b.drawn_microcredits), 0) AS drawn,
                coalesce(sum(b.amount_microcredits - b.drawn_microcredits)
                    FILTER (WHERE h.released_at IS NULL), 0) AS open
            FROM budget_holds b
            JOIN holds h ON h.workspace_id = b.workspace_id AND h.id = b.hold_id
            WHERE b.workspace_id = u.workspace_id AND b.budget_id = u.budget_id
              AND b.since = u.since
        ) s ON true
        WHERE u.spent_microcredits <> s.drawn OR u.held_microcredits <> s.open
        """,
    ),
    Check(
        "I1",
        "the seals are an unbroken chain, and every row behind them is as it was sealed",
        """
        SELECT s.workspace_id, s.number, s.events, r.events AS found_events, s.postings,
            r.postings AS found_postings
        FROM (
            SELECT *, lag(until, 1, '-infinity') OVER chain AS since,
                lag(sha256, 1, '') OVER chain AS before, row_number() OVER chain AS place
            FROM seals WINDOW chain AS (PARTITION BY workspace_id ORDER BY number)
        ) s
        CROSS JOIN LATERAL seal_of(s.workspace_id, s.number, s.since, s.until, s.before) AS r
        WHERE r.sha256 <> s.sha256 OR s.previous_sha256 <> s.before OR s.number <> s.place
           OR r.events <> s.events OR r.postings <> s.postings
        """,
    ),
    Check(
        "I1",
        "a month that is closed sums to what it did when it was closed",
        """
        SELECT workspace_id, month, totals, month_totals(workspace_id, month) AS found
        FROM closed_months WHERE totals IS DISTINCT FROM month_totals(workspace_id, month)
        """,
    ),
)
