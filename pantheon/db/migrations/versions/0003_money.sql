-- Money: price books, wallets, budgets, postings and their seals. What is a record is append-only.

CREATE TABLE price_books (
    workspace_id uuid NOT NULL REFERENCES workspaces (id),
    id uuid NOT NULL,
    version int NOT NULL CHECK (version >= 1),
    valid_from timestamptz NOT NULL,
    credits_per_usd numeric(20, 9) NOT NULL CHECK (credits_per_usd > 0 AND credits_per_usd <= 1000000),
    margin_percent numeric(9, 4) NOT NULL CHECK (margin_percent BETWEEN 0 AND 1000),
    reason text NOT NULL,
    user_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (workspace_id, id),
    CONSTRAINT price_books_version UNIQUE (workspace_id, version),
    FOREIGN KEY (workspace_id, user_id) REFERENCES users (workspace_id, id)
);
CREATE INDEX price_books_valid ON price_books (workspace_id, valid_from DESC, version DESC);
COMMENT ON TABLE price_books IS 'ledger: versions of what models cost and of what is charged for it';

-- US dollars: per million tokens, per request, per call of a tool.
CREATE TABLE price_lines (
    workspace_id uuid NOT NULL,
    book_id uuid NOT NULL,
    model text NOT NULL,
    source text NOT NULL,
    input numeric(20, 9) NOT NULL CHECK (input BETWEEN 0 AND 100000),
    cached_input numeric(20, 9) CHECK (cached_input BETWEEN 0 AND 100000),
    cache_write numeric(20, 9) CHECK (cache_write BETWEEN 0 AND 100000),
    output numeric(20, 9) NOT NULL CHECK (output BETWEEN 0 AND 100000),
    reasoning numeric(20, 9) CHECK (reasoning BETWEEN 0 AND 100000),
    request numeric(20, 9) NOT NULL DEFAULT 0 CHECK (request BETWEEN 0 AND 1000),
    tool_call numeric(20, 9) NOT NULL DEFAULT 0 CHECK (tool_call BETWEEN 0 AND 1000),
    PRIMARY KEY (workspace_id, book_id, model),
    FOREIGN KEY (workspace_id, book_id) REFERENCES price_books (workspace_id, id)
);
COMMENT ON TABLE price_lines IS 'ledger: one model''s prices in a book, the operator''s or the catalogue''s';

CREATE TABLE wallets (
    workspace_id uuid PRIMARY KEY REFERENCES workspaces (id),
    enforcement text NOT NULL DEFAULT 'off' CHECK (enforcement IN ('off', 'warn', 'enforce')),
    balance_microcredits bigint NOT NULL DEFAULT 0,
    held_microcredits bigint NOT NULL DEFAULT 0 CHECK (held_microcredits >= 0),
    low_balance_microcredits bigint NOT NULL DEFAULT 1000000 CHECK (low_balance_microcredits >= 0),
    low_since timestamptz,
    -- The `low_since` that was told last.
    low_told_since timestamptz,
    closed_through date,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50);
COMMENT ON TABLE wallets IS 'ledger: a workspace''s credits, and whether turns are refused without them';

CREATE TABLE budgets (
    workspace_id uuid NOT NULL REFERENCES workspaces (id),
    id uuid NOT NULL,
    scope text NOT NULL CHECK (scope IN ('workspace', 'user', 'room', 'agent', 'session')),
    scope_id uuid NOT NULL,
    period text NOT NULL CHECK (period IN ('turn', 'day', 'month')),
    limit_microcredits bigint NOT NULL CHECK (limit_microcredits >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    version int NOT NULL DEFAULT 1,
    deleted_at timestamptz,
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX budgets_one ON budgets (workspace_id, scope, scope_id, period)
    WHERE deleted_at IS NULL;
COMMENT ON TABLE budgets IS 'ledger: how much of the wallet somebody or something may use in a time';

CREATE TABLE budget_uses (
    workspace_id uuid NOT NULL,
    budget_id uuid NOT NULL,
    since date NOT NULL,
    spent_microcredits bigint NOT NULL DEFAULT 0 CHECK (spent_microcredits >= 0),
    held_microcredits bigint NOT NULL DEFAULT 0 CHECK (held_microcredits >= 0),
    PRIMARY KEY (workspace_id, budget_id, since),
    FOREIGN KEY (workspace_id, budget_id) REFERENCES budgets (workspace_id, id)
) WITH (fillfactor = 50);
COMMENT ON TABLE budget_uses IS 'ledger: what a budget has spent and reserved in one of its days or months';

-- A turn's hold, or that of a call outside of turns. Those of before only counted what was drawn, of
-- no wallet; from now on a turn that is not billed has none.
ALTER TABLE holds ADD COLUMN id uuid;
UPDATE holds SET id = turn_id, amount_microcredits = greatest(amount_microcredits, drawn_microcredits);
ALTER TABLE holds
    DROP CONSTRAINT holds_pkey,
    ALTER COLUMN turn_id DROP NOT NULL,
    ALTER COLUMN id SET NOT NULL,
    ADD COLUMN earmarked_microcredits bigint NOT NULL DEFAULT 0 CHECK (earmarked_microcredits >= 0),
    ADD COLUMN most_microcredits bigint CHECK (most_microcredits >= 0),
    ADD PRIMARY KEY (workspace_id, id),
    ADD CONSTRAINT holds_turn UNIQUE (workspace_id, turn_id),
    ADD CONSTRAINT holds_cover CHECK (drawn_microcredits + earmarked_microcredits <= amount_microcredits),
    ADD CONSTRAINT holds_most CHECK (amount_microcredits <= most_microcredits),
    SET (fillfactor = 50);
COMMENT ON TABLE holds IS 'ledger: the credits that a live turn, or a call outside of turns, has reserved and drawn';

CREATE TABLE budget_holds (
    workspace_id uuid NOT NULL,
    hold_id uuid NOT NULL,
    budget_id uuid NOT NULL,
    since date,
    agent_key text,
    amount_microcredits bigint NOT NULL CHECK (amount_microcredits >= 0),
    drawn_microcredits bigint NOT NULL DEFAULT 0 CHECK (drawn_microcredits >= 0),
    earmarked_microcredits bigint NOT NULL DEFAULT 0 CHECK (earmarked_microcredits >= 0),
    PRIMARY KEY (workspace_id, hold_id, budget_id),
    CONSTRAINT budget_holds_cover CHECK (drawn_microcredits + earmarked_microcredits <= amount_microcredits),
    FOREIGN KEY (workspace_id, hold_id) REFERENCES holds (workspace_id, id),
    FOREIGN KEY (workspace_id, budget_id) REFERENCES budgets (workspace_id, id)
) WITH (fillfactor = 50);
COMMENT ON TABLE budget_holds IS 'ledger: a hold''s share in each budget that applies to it';

ALTER TABLE llm_call_attempts
    ADD COLUMN hold_id uuid,
    ADD CONSTRAINT llm_call_attempts_hold FOREIGN KEY (workspace_id, hold_id)
        REFERENCES holds (workspace_id, id);
ALTER TABLE llm_call_events
    ADD COLUMN hold_id uuid,
    ADD COLUMN cache_write_tokens bigint NOT NULL DEFAULT 0,
    ADD COLUMN tool_calls int NOT NULL DEFAULT 0,
    ADD COLUMN pricing jsonb,
    ADD COLUMN excess_microcredits bigint NOT NULL DEFAULT 0 CHECK (excess_microcredits >= 0);

CREATE TABLE postings (
    workspace_id uuid NOT NULL REFERENCES workspaces (id),
    id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN
        ('grant', 'correction', 'top_up', 'refund', 'dispute', 'hold', 'raise', 'charge', 'release')),
    wallet_microcredits bigint NOT NULL DEFAULT 0,
    held_microcredits bigint NOT NULL DEFAULT 0,
    revenue_microcredits bigint NOT NULL DEFAULT 0,
    provider_cost_microcredits bigint NOT NULL DEFAULT 0,
    grants_microcredits bigint NOT NULL DEFAULT 0,
    hold_id uuid,
    attempt_id uuid,
    user_id uuid,
    reason text,
    reference text,
    month date NOT NULL CHECK (extract(day FROM month) = 1),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (workspace_id, id),
    CONSTRAINT postings_balance CHECK (wallet_microcredits + held_microcredits + revenue_microcredits
        + provider_cost_microcredits + grants_microcredits = 0),
    FOREIGN KEY (workspace_id, hold_id) REFERENCES holds (workspace_id, id)
);
CREATE UNIQUE INDEX postings_charge ON postings (workspace_id, attempt_id) WHERE kind = 'charge';
CREATE UNIQUE INDEX postings_reference ON postings (workspace_id, reference)
    WHERE reference IS NOT NULL;
CREATE INDEX postings_time ON postings (workspace_id, created_at, id);
CREATE INDEX postings_hold ON postings (workspace_id, hold_id);
COMMENT ON TABLE postings IS 'ledger: every movement of credits; over its accounts it sums to zero';

CREATE TABLE seals (
    workspace_id uuid NOT NULL REFERENCES workspaces (id),
    number bigint NOT NULL CHECK (number >= 1),
    until timestamptz NOT NULL,
    events int NOT NULL,
    postings int NOT NULL,
    previous_sha256 bytea NOT NULL,
    sha256 bytea NOT NULL,
    sealed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (workspace_id, number)
);
COMMENT ON TABLE seals IS 'ledger: the hash chain over call events and postings, a link for each batch';

CREATE TABLE closed_months (
    workspace_id uuid NOT NULL REFERENCES workspaces (id),
    month date NOT NULL CHECK (extract(day FROM month) = 1),
    user_id uuid NOT NULL,
    totals jsonb NOT NULL,
    closed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (workspace_id, month),
    FOREIGN KEY (workspace_id, user_id) REFERENCES users (workspace_id, id)
);
COMMENT ON TABLE closed_months IS 'ledger: months whose sums are final; what comes later is of the next';

-- The month that a movement counts to: the current one where the workspace is, unless it is closed.
CREATE FUNCTION posting_month(workspace uuid, closed_through date)
RETURNS date
LANGUAGE sql STABLE AS $$
    SELECT greatest(
        date_trunc('month', clock_timestamp() AT TIME ZONE w.time_zone)::date,
        (closed_through + interval '1 month')::date
    )
    FROM workspaces w WHERE w.id = workspace
$$;

-- What a month's movements sum to, kind by kind: kept when it is closed, compared ever after.
CREATE FUNCTION month_totals(workspace uuid, wanted date)
RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_object_agg(k.kind, to_jsonb(k) - 'kind'), '{}')
    FROM (
        SELECT kind, count(*) AS rows, sum(wallet_microcredits)::bigint AS wallet,
            sum(held_microcredits)::bigint AS held, sum(revenue_microcredits)::bigint AS revenue,
            sum(provider_cost_microcredits)::bigint AS provider_cost,
            sum(grants_microcredits)::bigint AS grants
        FROM postings WHERE workspace_id = workspace AND month = wanted GROUP BY kind
    ) AS k
$$;

-- A link of the hash chain: over the link before it and every row between two moments, each as a
-- JSON array of its columns. Who changes, adds or removes a row there changes the hash.
CREATE FUNCTION seal_of(
    workspace uuid, number bigint, since timestamptz, until timestamptz, previous bytea
)
RETURNS TABLE (events int, postings int, sha256 bytea)
LANGUAGE sql STABLE AS $$
    SELECT count(*) FILTER (WHERE r.kind = 'event')::int,
        count(*) FILTER (WHERE r.kind = 'posting')::int,
        sha256(previous || convert_to(
            number || ' ' || (extract(epoch FROM until) * 1000000)::bigint || E'\n'
            || coalesce(string_agg(r.text, E'\n' ORDER BY r.created_at, r.text), ''),
            'UTF8'
        ))
    FROM (
        SELECT 'event' AS kind, e.created_at, json_build_array(
            'event', e.attempt_id, e.user_id, e.room_id, e.session_id, e.turn_id, e.step_id,
            e.number, e.purpose, e.agent_key, e.provider, e.model, e.outcome, e.error_code, e.sent,
            e.input_tokens, e.cached_input_tokens, e.cache_write_tokens, e.output_tokens,
            e.reasoning_tokens, e.tool_calls, e.estimated, e.cost_usd, e.pricing_version, e.pricing,
            e.charged_microcredits, e.excess_microcredits, e.hold_id,
            encode(e.request_sha256, 'hex'), e.provider_request_id, e.time_to_first_token_ms,
            e.latency_ms, (extract(epoch FROM e.created_at) * 1000000)::bigint
        )::text AS text
        FROM llm_call_events e
        WHERE e.workspace_id = workspace AND e.created_at >= since AND e.created_at < until
        UNION ALL
        SELECT 'posting', p.created_at, json_build_array(
            'posting', p.id, p.kind, p.wallet_microcredits, p.held_microcredits,
            p.revenue_microcredits, p.provider_cost_microcredits, p.grants_microcredits, p.hold_id,
            p.attempt_id, p.user_id, p.reason, p.reference, to_char(p.month, 'YYYY-MM'),
            (extract(epoch FROM p.created_at) * 1000000)::bigint
        )::text
        FROM postings p
        WHERE p.workspace_id = workspace AND p.created_at >= since AND p.created_at < until
    ) AS r
$$;

-- Where the seals may go on: rows before this moment are committed, or will never be. Every running
-- transaction's rows are younger than its start.
CREATE FUNCTION unsealed_ledgers()
RETURNS TABLE (workspace_id uuid, until timestamptz)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    WITH horizon AS (
        SELECT least(clock_timestamp(), min(a.xact_start)) - interval '1 second' AS until
        FROM pg_stat_activity a WHERE a.datname = current_database()
    )
    SELECT w.id, h.until
    FROM public.workspaces w
    CROSS JOIN horizon h
    CROSS JOIN LATERAL (
        SELECT coalesce(max(s.until), '-infinity') AS since
        FROM public.seals s WHERE s.workspace_id = w.id
    ) sealed
    WHERE EXISTS (
        SELECT FROM public.llm_call_events e
        WHERE e.workspace_id = w.id AND e.created_at >= sealed.since AND e.created_at < h.until
    ) OR EXISTS (
        SELECT FROM public.postings p
        WHERE p.workspace_id = w.id AND p.created_at >= sealed.since AND p.created_at < h.until
    )
$$;
REVOKE ALL ON FUNCTION unsealed_ledgers() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION unsealed_ledgers() TO pantheon_sweep;

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'price_books', 'price_lines', 'wallets', 'budgets', 'budget_uses', 'budget_holds',
        'postings', 'seals', 'closed_months'
    ] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY workspace ON %I TO pantheon_app '
            'USING (workspace_id = (SELECT nullif(current_setting(''pantheon.workspace_id'', true), '''')::uuid))',
            name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %I TO pantheon_app', name);
    END LOOP;
END $$;
REVOKE UPDATE ON price_books, price_lines, postings, seals, closed_months FROM pantheon_app;
