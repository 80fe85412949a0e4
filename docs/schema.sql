-- The data model at head, written by `make schema` from the revisions in
-- pantheon/db/migrations/. A table's comment begins with the room that owns it.

CREATE SCHEMA checkpoints;

CREATE FUNCTION public.analyze_usage_rollups() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
    ANALYZE public.usage_rollups;
END $$;

CREATE FUNCTION public.day_begins(day date, zone text) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    AS $$
    SELECT CASE
        WHEN ((midnight - interval '1 hour') AT TIME ZONE zone)::date >= day
        THEN midnight - interval '1 hour' ELSE midnight END
    FROM (SELECT day::timestamp AT TIME ZONE zone AS midnight) m
$$;

CREATE FUNCTION public.find_messages(query tsquery, reader uuid, before uuid, most integer) RETURNS TABLE(message_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
    SELECT m.id
    FROM public.messages m
    JOIN public.sessions s ON s.workspace_id = m.workspace_id AND s.id = m.session_id
    LEFT JOIN public.rooms r ON r.workspace_id = s.workspace_id AND r.id = s.room_id
    WHERE m.workspace_id = nullif(current_setting('pantheon.workspace_id', true), '')::uuid
      AND m.words @@ query AND m.deleted_at IS NULL
      AND (before IS NULL OR m.id < before)
      AND (s.user_id = reader OR s.shared)
      AND s.deleted_at IS NULL AND r.deleted_at IS NULL
    ORDER BY m.id DESC
    LIMIT most
$$;

CREATE FUNCTION public.month_totals(workspace uuid, wanted date) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$
    SELECT coalesce(jsonb_object_agg(k.kind, to_jsonb(k) - 'kind'), '{}')
    FROM (
        SELECT kind, count(*) AS rows, sum(wallet_microcredits)::bigint AS wallet,
            sum(held_microcredits)::bigint AS held, sum(revenue_microcredits)::bigint AS revenue,
            sum(provider_cost_microcredits)::bigint AS provider_cost,
            sum(grants_microcredits)::bigint AS grants
        FROM postings WHERE workspace_id = workspace AND month = wanted GROUP BY kind
    ) AS k
$$;

CREATE FUNCTION public.posting_month(workspace uuid, closed_through date) RETURNS date
    LANGUAGE sql STABLE
    AS $$
    SELECT greatest(
        date_trunc('month', clock_timestamp() AT TIME ZONE w.time_zone)::date,
        (closed_through + interval '1 month')::date
    )
    FROM workspaces w WHERE w.id = workspace
$$;

CREATE FUNCTION public.resolve_credential(kind text, sha256 bytea) RETURNS TABLE(workspace_id uuid, user_id uuid, role text, scopes text[], credential_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
    SELECT u.workspace_id, u.id, u.role, c.scopes, c.id
    FROM (
        SELECT k.workspace_id, k.user_id, k.scopes, k.id FROM public.api_keys k
        WHERE kind = 'api_key' AND k.token_sha256 = sha256 AND k.revoked_at IS NULL
        UNION ALL
        SELECT l.workspace_id, l.user_id, ARRAY['read', 'write', 'admin'], l.id FROM public.logins l
        WHERE kind = 'login' AND l.token_sha256 = sha256 AND l.expires_at > clock_timestamp()
        UNION ALL
        SELECT t.workspace_id, t.user_id, ARRAY[]::text[], t.id FROM public.login_tokens t
        WHERE kind = 'login_token' AND t.token_sha256 = sha256
          AND t.used_at IS NULL AND t.expires_at > clock_timestamp()
    ) c
    JOIN public.users u ON u.workspace_id = c.workspace_id AND u.id = c.user_id
$$;

CREATE FUNCTION public.seal_of(workspace uuid, number bigint, since timestamp with time zone, until timestamp with time zone, previous bytea) RETURNS TABLE(events integer, postings integer, sha256 bytea)
    LANGUAGE sql STABLE
    AS $$
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

CREATE FUNCTION public.unsealed_ledgers() RETURNS TABLE(workspace_id uuid, until timestamp with time zone)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
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

CREATE TABLE checkpoints.checkpoint_blobs (
    thread_id text NOT NULL,
    checkpoint_ns text DEFAULT ''::text NOT NULL,
    channel text NOT NULL,
    version text NOT NULL,
    type text NOT NULL,
    blob bytea
);

CREATE TABLE checkpoints.checkpoint_migrations (
    v integer NOT NULL
);

CREATE TABLE checkpoints.checkpoint_writes (
    thread_id text NOT NULL,
    checkpoint_ns text DEFAULT ''::text NOT NULL,
    checkpoint_id text NOT NULL,
    task_id text NOT NULL,
    idx integer NOT NULL,
    channel text NOT NULL,
    type text,
    blob bytea NOT NULL,
    task_path text DEFAULT ''::text NOT NULL
);

CREATE TABLE checkpoints.checkpoints (
    thread_id text NOT NULL,
    checkpoint_ns text DEFAULT ''::text NOT NULL,
    checkpoint_id text NOT NULL,
    parent_checkpoint_id text,
    type text,
    checkpoint jsonb NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL
);

CREATE TABLE public.agent_prompts (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    agent_id uuid NOT NULL,
    text text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE public.agent_prompts IS 'agents: every version of a role prompt, so that an old audit stays exact';

CREATE TABLE public.agents (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    key text NOT NULL,
    name text NOT NULL,
    color integer NOT NULL,
    model text NOT NULL,
    prompt_id uuid NOT NULL,
    parameters jsonb DEFAULT '{}'::jsonb NOT NULL,
    tools text[] DEFAULT '{}'::text[] NOT NULL,
    context jsonb DEFAULT '{"policy": "everything"}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT agents_color_check CHECK (((color >= 1) AND (color <= 8))),
    CONSTRAINT agents_key_check CHECK ((key ~ '^[a-z][a-z0-9_-]{0,31}$'::text))
);

COMMENT ON TABLE public.agents IS 'agents: named participants, reusable in many rooms';

CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);

CREATE TABLE public.api_keys (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    name text NOT NULL,
    token_sha256 bytea NOT NULL,
    last4 text NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    revoked_at timestamp with time zone,
    CONSTRAINT api_keys_scopes_check CHECK (((scopes <@ ARRAY['read'::text, 'write'::text, 'admin'::text]) AND (cardinality(scopes) > 0)))
);

COMMENT ON TABLE public.api_keys IS 'accounts: API keys with scopes, stored hashed';

CREATE TABLE public.budget_holds (
    workspace_id uuid NOT NULL,
    hold_id uuid NOT NULL,
    budget_id uuid NOT NULL,
    since date,
    agent_key text,
    amount_microcredits bigint NOT NULL,
    drawn_microcredits bigint DEFAULT 0 NOT NULL,
    earmarked_microcredits bigint DEFAULT 0 NOT NULL,
    CONSTRAINT budget_holds_amount_microcredits_check CHECK ((amount_microcredits >= 0)),
    CONSTRAINT budget_holds_cover CHECK (((drawn_microcredits + earmarked_microcredits) <= amount_microcredits)),
    CONSTRAINT budget_holds_drawn_microcredits_check CHECK ((drawn_microcredits >= 0)),
    CONSTRAINT budget_holds_earmarked_microcredits_check CHECK ((earmarked_microcredits >= 0))
)
WITH (fillfactor='50');

COMMENT ON TABLE public.budget_holds IS 'ledger: a hold''s share in each budget that applies to it';

CREATE TABLE public.budget_uses (
    workspace_id uuid NOT NULL,
    budget_id uuid NOT NULL,
    since date NOT NULL,
    spent_microcredits bigint DEFAULT 0 NOT NULL,
    held_microcredits bigint DEFAULT 0 NOT NULL,
    CONSTRAINT budget_uses_held_microcredits_check CHECK ((held_microcredits >= 0)),
    CONSTRAINT budget_uses_spent_microcredits_check CHECK ((spent_microcredits >= 0))
)
WITH (fillfactor='50');

COMMENT ON TABLE public.budget_uses IS 'ledger: what a budget has spent and reserved in one of its days or months';

CREATE TABLE public.budgets (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    scope text NOT NULL,
    scope_id uuid NOT NULL,
    period text NOT NULL,
    limit_microcredits bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT budgets_limit_microcredits_check CHECK ((limit_microcredits >= 0)),
    CONSTRAINT budgets_period_check CHECK ((period = ANY (ARRAY['turn'::text, 'day'::text, 'month'::text]))),
    CONSTRAINT budgets_scope_check CHECK ((scope = ANY (ARRAY['workspace'::text, 'user'::text, 'room'::text, 'agent'::text, 'session'::text])))
);

COMMENT ON TABLE public.budgets IS 'ledger: how much of the wallet somebody or something may use in a time';

CREATE TABLE public.chat_threads (
    workspace_id uuid NOT NULL,
    user_id uuid NOT NULL,
    sha256 bytea NOT NULL,
    turn_id uuid NOT NULL
);

COMMENT ON TABLE public.chat_threads IS 'sessions: conversations of the OpenAI-compatible door, by their hash';

CREATE TABLE public.closed_months (
    workspace_id uuid NOT NULL,
    month date NOT NULL,
    user_id uuid NOT NULL,
    totals jsonb NOT NULL,
    closed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT closed_months_month_check CHECK ((EXTRACT(day FROM month) = (1)::numeric))
);

COMMENT ON TABLE public.closed_months IS 'ledger: months whose sums are final; what comes later is of the next';

CREATE TABLE public.context_audits (
    workspace_id uuid NOT NULL,
    attempt_id uuid NOT NULL,
    step_id uuid,
    model text NOT NULL,
    sections jsonb NOT NULL,
    budget jsonb NOT NULL,
    actions jsonb DEFAULT '[]'::jsonb NOT NULL,
    request_sha256 bytea NOT NULL
);

COMMENT ON TABLE public.context_audits IS 'context: what an attempt sent, by reference, with tokens and what was left out';

CREATE TABLE public.holds (
    workspace_id uuid NOT NULL,
    turn_id uuid,
    amount_microcredits bigint NOT NULL,
    drawn_microcredits bigint DEFAULT 0 NOT NULL,
    released_at timestamp with time zone,
    id uuid NOT NULL,
    earmarked_microcredits bigint DEFAULT 0 NOT NULL,
    most_microcredits bigint,
    CONSTRAINT holds_amount_microcredits_check CHECK ((amount_microcredits >= 0)),
    CONSTRAINT holds_cover CHECK (((drawn_microcredits + earmarked_microcredits) <= amount_microcredits)),
    CONSTRAINT holds_drawn_microcredits_check CHECK ((drawn_microcredits >= 0)),
    CONSTRAINT holds_earmarked_microcredits_check CHECK ((earmarked_microcredits >= 0)),
    CONSTRAINT holds_most CHECK ((amount_microcredits <= most_microcredits)),
    CONSTRAINT holds_most_microcredits_check CHECK ((most_microcredits >= 0))
)
WITH (fillfactor='50');

COMMENT ON TABLE public.holds IS 'ledger: the credits that a live turn, or a call outside of turns, has reserved and drawn';

CREATE TABLE public.idempotency_keys (
    workspace_id uuid NOT NULL,
    user_id uuid NOT NULL,
    method text NOT NULL,
    path text NOT NULL,
    key text NOT NULL,
    body_sha256 bytea NOT NULL,
    status integer,
    resource_id uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE public.idempotency_keys IS 'api: POSTs that were already answered, for 24 hours';

CREATE TABLE public.llm_call_attempts (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    room_id uuid,
    session_id uuid,
    turn_id uuid,
    step_id uuid,
    lease_epoch integer,
    number integer NOT NULL,
    purpose text NOT NULL,
    agent_key text,
    provider text NOT NULL,
    model text NOT NULL,
    request_sha256 bytea NOT NULL,
    earmark_microcredits bigint DEFAULT 0 NOT NULL,
    opened_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    expires_at timestamp with time zone,
    closed_at timestamp with time zone,
    hold_id uuid,
    CONSTRAINT llm_call_attempts_earmark_microcredits_check CHECK ((earmark_microcredits >= 0)),
    CONSTRAINT llm_call_attempts_expiry CHECK (((turn_id IS NULL) = (expires_at IS NOT NULL))),
    CONSTRAINT llm_call_attempts_number_check CHECK ((number >= 1)),
    CONSTRAINT llm_call_attempts_purpose_check CHECK ((purpose = ANY (ARRAY['answer'::text, 'route'::text, 'repair'::text, 'synthesis'::text, 'summary'::text, 'title'::text, 'test'::text])))
);

COMMENT ON TABLE public.llm_call_attempts IS 'ledger: one request that leaves for a provider, committed before it leaves';

CREATE TABLE public.llm_call_events (
    workspace_id uuid NOT NULL,
    attempt_id uuid NOT NULL,
    user_id uuid NOT NULL,
    room_id uuid,
    session_id uuid,
    turn_id uuid,
    step_id uuid,
    number integer NOT NULL,
    purpose text NOT NULL,
    agent_key text,
    provider text NOT NULL,
    model text NOT NULL,
    outcome text NOT NULL,
    error_code text,
    sent boolean NOT NULL,
    input_tokens bigint DEFAULT 0 NOT NULL,
    cached_input_tokens bigint DEFAULT 0 NOT NULL,
    output_tokens bigint DEFAULT 0 NOT NULL,
    reasoning_tokens bigint DEFAULT 0 NOT NULL,
    estimated boolean DEFAULT false NOT NULL,
    cost_usd numeric(20,9),
    pricing_version text,
    charged_microcredits bigint DEFAULT 0 NOT NULL,
    request_sha256 bytea NOT NULL,
    provider_request_id text,
    time_to_first_token_ms integer,
    latency_ms integer,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    hold_id uuid,
    cache_write_tokens bigint DEFAULT 0 NOT NULL,
    tool_calls integer DEFAULT 0 NOT NULL,
    pricing jsonb,
    excess_microcredits bigint DEFAULT 0 NOT NULL,
    CONSTRAINT llm_call_events_charged_microcredits_check CHECK ((charged_microcredits >= 0)),
    CONSTRAINT llm_call_events_excess_microcredits_check CHECK ((excess_microcredits >= 0)),
    CONSTRAINT llm_call_events_outcome_check CHECK ((outcome = ANY (ARRAY['completed'::text, 'failed'::text, 'cancelled'::text, 'lost'::text])))
);

COMMENT ON TABLE public.llm_call_events IS 'ledger: append-only, closes an attempt; one bills from it';

CREATE TABLE public.login_tokens (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    token_sha256 bytea NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone
);

COMMENT ON TABLE public.login_tokens IS 'accounts: single-use login links, stored hashed';

CREATE TABLE public.logins (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    token_sha256 bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

COMMENT ON TABLE public.logins IS 'accounts: signed-in browsers; the cookie is stored hashed';

CREATE TABLE public.messages (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    session_id uuid NOT NULL,
    turn_id uuid NOT NULL,
    step_id uuid,
    agent_key text,
    content text NOT NULL,
    tokens integer NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    tokens_o200k integer,
    pinned_at timestamp with time zone,
    deleted_at timestamp with time zone,
    words tsvector GENERATED ALWAYS AS (to_tsvector('simple'::regconfig, "left"(content, 100000))) STORED,
    CONSTRAINT messages_author CHECK (((step_id IS NULL) = (agent_key IS NULL))),
    CONSTRAINT messages_pinned CHECK (((pinned_at IS NULL) OR (deleted_at IS NULL)))
);

COMMENT ON TABLE public.messages IS 'sessions: what a user wrote (no step) or a step answered';

CREATE TABLE public.messages_taken_back (
    workspace_id uuid NOT NULL,
    message_id uuid NOT NULL,
    content text NOT NULL,
    tokens integer NOT NULL,
    tokens_o200k integer,
    pinned_at timestamp with time zone,
    erase_at timestamp with time zone NOT NULL
);

COMMENT ON TABLE public.messages_taken_back IS 'sessions: texts that were taken back, until nobody can restore them any more';

CREATE TABLE public.payment_events (
    workspace_id uuid NOT NULL,
    event_id text NOT NULL,
    type text NOT NULL,
    kind text NOT NULL,
    top_up_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT payment_events_kind_check CHECK ((kind = ANY (ARRAY['top_up'::text, 'refund'::text, 'dispute'::text])))
);

COMMENT ON TABLE public.payment_events IS 'ledger: what a payment service has told, each event once';

CREATE TABLE public.postings (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    wallet_microcredits bigint DEFAULT 0 NOT NULL,
    held_microcredits bigint DEFAULT 0 NOT NULL,
    revenue_microcredits bigint DEFAULT 0 NOT NULL,
    provider_cost_microcredits bigint DEFAULT 0 NOT NULL,
    grants_microcredits bigint DEFAULT 0 NOT NULL,
    hold_id uuid,
    attempt_id uuid,
    user_id uuid,
    reason text,
    reference text,
    month date NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT postings_balance CHECK ((((((wallet_microcredits + held_microcredits) + revenue_microcredits) + provider_cost_microcredits) + grants_microcredits) = 0)),
    CONSTRAINT postings_kind_check CHECK ((kind = ANY (ARRAY['grant'::text, 'correction'::text, 'top_up'::text, 'refund'::text, 'dispute'::text, 'hold'::text, 'raise'::text, 'charge'::text, 'release'::text]))),
    CONSTRAINT postings_month_check CHECK ((EXTRACT(day FROM month) = (1)::numeric))
);

COMMENT ON TABLE public.postings IS 'ledger: every movement of credits; over its accounts it sums to zero';

CREATE TABLE public.price_books (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL,
    valid_from timestamp with time zone NOT NULL,
    credits_per_usd numeric(20,9) NOT NULL,
    margin_percent numeric(9,4) NOT NULL,
    reason text NOT NULL,
    user_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT price_books_credits_per_usd_check CHECK (((credits_per_usd > (0)::numeric) AND (credits_per_usd <= (1000000)::numeric))),
    CONSTRAINT price_books_margin_percent_check CHECK (((margin_percent >= (0)::numeric) AND (margin_percent <= (1000)::numeric))),
    CONSTRAINT price_books_version_check CHECK ((version >= 1))
);

COMMENT ON TABLE public.price_books IS 'ledger: versions of what models cost and of what is charged for it';

CREATE TABLE public.price_lines (
    workspace_id uuid NOT NULL,
    book_id uuid NOT NULL,
    model text NOT NULL,
    source text NOT NULL,
    input numeric(20,9) NOT NULL,
    cached_input numeric(20,9),
    cache_write numeric(20,9),
    output numeric(20,9) NOT NULL,
    reasoning numeric(20,9),
    request numeric(20,9) DEFAULT 0 NOT NULL,
    tool_call numeric(20,9) DEFAULT 0 NOT NULL,
    CONSTRAINT price_lines_cache_write_check CHECK (((cache_write >= (0)::numeric) AND (cache_write <= (100000)::numeric))),
    CONSTRAINT price_lines_cached_input_check CHECK (((cached_input >= (0)::numeric) AND (cached_input <= (100000)::numeric))),
    CONSTRAINT price_lines_input_check CHECK (((input >= (0)::numeric) AND (input <= (100000)::numeric))),
    CONSTRAINT price_lines_output_check CHECK (((output >= (0)::numeric) AND (output <= (100000)::numeric))),
    CONSTRAINT price_lines_reasoning_check CHECK (((reasoning >= (0)::numeric) AND (reasoning <= (100000)::numeric))),
    CONSTRAINT price_lines_request_check CHECK (((request >= (0)::numeric) AND (request <= (1000)::numeric))),
    CONSTRAINT price_lines_tool_call_check CHECK (((tool_call >= (0)::numeric) AND (tool_call <= (1000)::numeric)))
);

COMMENT ON TABLE public.price_lines IS 'ledger: one model''s prices in a book, the operator''s or the catalogue''s';

CREATE TABLE public.provider_keys (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    provider text NOT NULL,
    user_id uuid NOT NULL,
    sealed bytea,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT provider_keys_sealed CHECK (((ended_at IS NULL) = (sealed IS NOT NULL)))
);

COMMENT ON TABLE public.provider_keys IS 'providers: keys that were entered in the page, encrypted; the key to them is in no database';

CREATE TABLE public.room_agents (
    workspace_id uuid NOT NULL,
    room_id uuid NOT NULL,
    agent_id uuid NOT NULL,
    "position" integer NOT NULL,
    muted boolean DEFAULT false NOT NULL,
    context jsonb,
    CONSTRAINT room_agents_position_check CHECK (("position" >= 1))
);

COMMENT ON TABLE public.room_agents IS 'rooms: the roster; positions 1…n without gaps';

CREATE TABLE public.rooms (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    goal text,
    mode text NOT NULL,
    mentions text DEFAULT 'override'::text NOT NULL,
    tag_order text DEFAULT 'parallel'::text NOT NULL,
    approve text DEFAULT 'never'::text NOT NULL,
    manager jsonb,
    limits jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    deleted_at timestamp with time zone,
    summary_model text,
    CONSTRAINT rooms_approve_check CHECK ((approve = ANY (ARRAY['never'::text, 'plan'::text, 'each_round'::text, 'each_agent'::text]))),
    CONSTRAINT rooms_goal CHECK (((mode <> 'orchestrator'::text) OR (goal IS NOT NULL))),
    CONSTRAINT rooms_mentions_check CHECK ((mentions = ANY (ARRAY['override'::text, 'first'::text, 'ignore'::text]))),
    CONSTRAINT rooms_mode_check CHECK ((mode = ANY (ARRAY['manual'::text, 'roundtable'::text, 'orchestrator'::text]))),
    CONSTRAINT rooms_tag_order_check CHECK ((tag_order = ANY (ARRAY['parallel'::text, 'sequence'::text])))
);

COMMENT ON TABLE public.rooms IS 'rooms: goal, mode and limits of a roster of agents';

CREATE TABLE public.seals (
    workspace_id uuid NOT NULL,
    number bigint NOT NULL,
    until timestamp with time zone NOT NULL,
    events integer NOT NULL,
    postings integer NOT NULL,
    previous_sha256 bytea NOT NULL,
    sha256 bytea NOT NULL,
    sealed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT seals_number_check CHECK ((number >= 1))
);

COMMENT ON TABLE public.seals IS 'ledger: the hash chain over call events and postings, a link for each batch';

CREATE TABLE public.sessions (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    room_id uuid,
    agent_id uuid,
    name text,
    shared boolean DEFAULT false NOT NULL,
    pinned boolean DEFAULT false NOT NULL,
    head_turn_id uuid,
    turn_count integer DEFAULT 0 NOT NULL,
    last_turn_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    deleted_at timestamp with time zone,
    forked_from uuid,
    CONSTRAINT sessions_room_or_agent CHECK ((num_nonnulls(room_id, agent_id) = 1))
)
WITH (fillfactor='80');

COMMENT ON TABLE public.sessions IS 'sessions: one conversation, in a room or with a single agent';

CREATE TABLE public.steps (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    turn_id uuid NOT NULL,
    step_key text NOT NULL,
    kind text NOT NULL,
    round integer NOT NULL,
    "position" integer NOT NULL,
    agent_key text,
    status text DEFAULT 'pending'::text NOT NULL,
    message_id uuid,
    decision jsonb,
    error jsonb,
    read jsonb DEFAULT '[]'::jsonb NOT NULL,
    context_actions text[] DEFAULT '{}'::text[] NOT NULL,
    source_step_id uuid,
    stale boolean DEFAULT false NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    lost_attempts integer DEFAULT 0 NOT NULL,
    calls integer DEFAULT 0 NOT NULL,
    unpriced_calls integer DEFAULT 0 NOT NULL,
    input_tokens bigint DEFAULT 0 NOT NULL,
    cached_input_tokens bigint DEFAULT 0 NOT NULL,
    output_tokens bigint DEFAULT 0 NOT NULL,
    reasoning_tokens bigint DEFAULT 0 NOT NULL,
    cost_usd numeric(20,9) DEFAULT 0 NOT NULL,
    charged_microcredits bigint DEFAULT 0 NOT NULL,
    estimated boolean DEFAULT false NOT NULL,
    time_to_first_token_ms integer,
    latency_ms integer,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    CONSTRAINT steps_kind_check CHECK ((kind = ANY (ARRAY['answer'::text, 'route'::text, 'approval'::text, 'synthesis'::text, 'summary'::text, 'tool'::text]))),
    CONSTRAINT steps_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'running'::text, 'completed'::text, 'failed'::text, 'cancelled'::text, 'skipped'::text]))),
    CONSTRAINT steps_terminal CHECK (((status = ANY (ARRAY['completed'::text, 'failed'::text, 'cancelled'::text, 'skipped'::text])) = (finished_at IS NOT NULL)))
)
WITH (fillfactor='70');

COMMENT ON TABLE public.steps IS 'turns: one unit of a turn that yields one stored result';

CREATE TABLE public.summaries (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    session_id uuid NOT NULL,
    scope text NOT NULL,
    version integer NOT NULL,
    from_turn integer NOT NULL,
    to_turn integer NOT NULL,
    to_turn_id uuid NOT NULL,
    previous_id uuid,
    step_id uuid,
    edited_by uuid,
    content jsonb NOT NULL,
    dropped jsonb DEFAULT '[]'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    ended_at timestamp with time zone,
    ended_as text,
    CONSTRAINT summaries_ended CHECK (((ended_at IS NULL) = (ended_as IS NULL))),
    CONSTRAINT summaries_ended_as_check CHECK ((ended_as = ANY (ARRAY['undone'::text, 'source_deleted'::text]))),
    CONSTRAINT summaries_from_turn_check CHECK ((from_turn >= 1)),
    CONSTRAINT summaries_full CHECK (((COALESCE((content ->> 'summary'::text), ''::text) <> ''::text) AND (COALESCE(jsonb_typeof((content -> 'key_facts'::text)), ''::text) = 'array'::text) AND (NOT jsonb_path_exists(content, 'strict $.*?(@.type() == "array" && @.size() == 0)'::jsonpath)))),
    CONSTRAINT summaries_maker CHECK (((step_id IS NULL) = (edited_by IS NOT NULL))),
    CONSTRAINT summaries_turns CHECK ((to_turn >= from_turn)),
    CONSTRAINT summaries_version_check CHECK ((version >= 1))
);

COMMENT ON TABLE public.summaries IS 'context: what stands for older turns, in versions; the newest that has not ended counts';

CREATE TABLE public.top_ups (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    cents bigint NOT NULL,
    microcredits_per_cent bigint NOT NULL,
    checkout_id text,
    url text,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT top_ups_cents_check CHECK ((cents > 0)),
    CONSTRAINT top_ups_microcredits_per_cent_check CHECK ((microcredits_per_cent > 0))
);

COMMENT ON TABLE public.top_ups IS 'ledger: what somebody wanted to pay in US dollars, and the credits that it gives';

CREATE TABLE public.turn_events (
    workspace_id uuid NOT NULL,
    turn_id uuid NOT NULL,
    seq integer NOT NULL,
    type text NOT NULL,
    data json NOT NULL
);

COMMENT ON TABLE public.turn_events IS 'events: the log of a turn, gap-free by seq';

CREATE TABLE public.turn_rates (
    workspace_id uuid NOT NULL,
    scope_id uuid NOT NULL,
    seconds integer NOT NULL,
    full_at timestamp with time zone NOT NULL,
    CONSTRAINT turn_rates_seconds_check CHECK ((seconds > 0))
)
WITH (fillfactor='50');

COMMENT ON TABLE public.turn_rates IS 'ledger: how fast turns may come: when the allowance of a user or of the workspace is whole again';

CREATE TABLE public.turns (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    session_id uuid NOT NULL,
    user_id uuid NOT NULL,
    room_id uuid,
    index integer NOT NULL,
    parent_id uuid,
    retry_of uuid,
    mode text NOT NULL,
    status text DEFAULT 'queued'::text NOT NULL,
    stop_reason text,
    error jsonb,
    warnings jsonb DEFAULT '[]'::jsonb NOT NULL,
    input_message_id uuid NOT NULL,
    frozen jsonb NOT NULL,
    graph_version integer NOT NULL,
    cancel_requested text,
    lease_epoch integer DEFAULT 0 NOT NULL,
    lease_owner uuid,
    lease_expires_at timestamp with time zone,
    awaiting_until timestamp with time zone,
    takeovers integer DEFAULT 0 NOT NULL,
    faults integer DEFAULT 0 NOT NULL,
    last_seq integer DEFAULT 0 NOT NULL,
    events_purged integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    CONSTRAINT turns_awaiting CHECK (((status = 'awaiting_input'::text) = (awaiting_until IS NOT NULL))),
    CONSTRAINT turns_cancel_requested_check CHECK ((cancel_requested = ANY (ARRAY['now'::text, 'after_step'::text]))),
    CONSTRAINT turns_index_check CHECK ((index >= 1)),
    CONSTRAINT turns_mode_check CHECK ((mode = ANY (ARRAY['direct'::text, 'manual'::text, 'roundtable'::text, 'orchestrator'::text]))),
    CONSTRAINT turns_status_check CHECK ((status = ANY (ARRAY['queued'::text, 'running'::text, 'awaiting_input'::text, 'completed'::text, 'partial'::text, 'failed'::text, 'cancelled'::text]))),
    CONSTRAINT turns_terminal CHECK (((status = ANY (ARRAY['completed'::text, 'partial'::text, 'failed'::text, 'cancelled'::text])) = (finished_at IS NOT NULL)))
)
WITH (fillfactor='70');

COMMENT ON TABLE public.turns IS 'turns: one user message and all that answers it; the row is its own job';

CREATE TABLE public.usage_marks (
    workspace_id uuid NOT NULL,
    time_zone text NOT NULL,
    day date DEFAULT '-infinity'::date NOT NULL,
    closing_day date,
    closing_xid xid8
);

COMMENT ON TABLE public.usage_marks IS 'ledger: the first local day whose calls are not summed in usage_rollups yet';

CREATE TABLE public.usage_rollups (
    workspace_id uuid NOT NULL,
    id bigint NOT NULL,
    kind text NOT NULL,
    monthly boolean DEFAULT false NOT NULL,
    day date NOT NULL,
    user_id uuid,
    room_id uuid,
    agent_key text,
    purpose text,
    model text,
    session_id uuid,
    turn_id uuid,
    alone boolean NOT NULL,
    calls bigint NOT NULL,
    unpriced_calls bigint NOT NULL,
    input_tokens bigint NOT NULL,
    cached_input_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    reasoning_tokens bigint NOT NULL,
    cost_usd numeric NOT NULL,
    charged_microcredits bigint NOT NULL,
    estimated boolean NOT NULL,
    CONSTRAINT usage_rollups_kind_check CHECK ((kind = ANY (ARRAY['day'::text, 'model'::text, 'user'::text, 'room'::text, 'agent'::text, 'session'::text, 'turn'::text])))
);

COMMENT ON TABLE public.usage_rollups IS 'ledger: sums of call events over whole local days, made from them and makeable again';

ALTER TABLE public.usage_rollups ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.usage_rollups_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.users (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    role text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT users_role_check CHECK ((role = ANY (ARRAY['owner'::text, 'admin'::text, 'member'::text])))
);

COMMENT ON TABLE public.users IS 'accounts: people of a workspace';

CREATE TABLE public.wallets (
    workspace_id uuid NOT NULL,
    enforcement text DEFAULT 'off'::text NOT NULL,
    balance_microcredits bigint DEFAULT 0 NOT NULL,
    held_microcredits bigint DEFAULT 0 NOT NULL,
    low_balance_microcredits bigint DEFAULT 1000000 NOT NULL,
    low_since timestamp with time zone,
    low_told_since timestamp with time zone,
    closed_through date,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT wallets_enforcement_check CHECK ((enforcement = ANY (ARRAY['off'::text, 'warn'::text, 'enforce'::text]))),
    CONSTRAINT wallets_held_microcredits_check CHECK ((held_microcredits >= 0)),
    CONSTRAINT wallets_low_balance_microcredits_check CHECK ((low_balance_microcredits >= 0))
)
WITH (fillfactor='50');

COMMENT ON TABLE public.wallets IS 'ledger: a workspace''s credits, and whether turns are refused without them';

CREATE TABLE public.workers (
    id uuid NOT NULL,
    instance uuid NOT NULL,
    kind text NOT NULL,
    graph_versions integer[] NOT NULL,
    started_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    seen_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT workers_kind_check CHECK ((kind = ANY (ARRAY['up'::text, 'worker'::text])))
);

COMMENT ON TABLE public.workers IS 'worker: heartbeats of the processes that run turns; no tenant data';

CREATE TABLE public.workspaces (
    id uuid NOT NULL,
    name text NOT NULL,
    time_zone text DEFAULT 'UTC'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE public.workspaces IS 'accounts: who owns everything else; the unit of billing and of row security';

ALTER TABLE ONLY checkpoints.checkpoint_blobs
    ADD CONSTRAINT checkpoint_blobs_pkey PRIMARY KEY (thread_id, checkpoint_ns, channel, version);

ALTER TABLE ONLY checkpoints.checkpoint_migrations
    ADD CONSTRAINT checkpoint_migrations_pkey PRIMARY KEY (v);

ALTER TABLE ONLY checkpoints.checkpoint_writes
    ADD CONSTRAINT checkpoint_writes_pkey PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id, task_id, idx);

ALTER TABLE ONLY checkpoints.checkpoints
    ADD CONSTRAINT checkpoints_pkey PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id);

ALTER TABLE ONLY public.agent_prompts
    ADD CONSTRAINT agent_prompts_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.agents
    ADD CONSTRAINT agents_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_token UNIQUE (token_sha256);

ALTER TABLE ONLY public.budget_holds
    ADD CONSTRAINT budget_holds_pkey PRIMARY KEY (workspace_id, hold_id, budget_id);

ALTER TABLE ONLY public.budget_uses
    ADD CONSTRAINT budget_uses_pkey PRIMARY KEY (workspace_id, budget_id, since);

ALTER TABLE ONLY public.budgets
    ADD CONSTRAINT budgets_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.chat_threads
    ADD CONSTRAINT chat_threads_pkey PRIMARY KEY (workspace_id, user_id, sha256);

ALTER TABLE ONLY public.closed_months
    ADD CONSTRAINT closed_months_pkey PRIMARY KEY (workspace_id, month);

ALTER TABLE ONLY public.context_audits
    ADD CONSTRAINT context_audits_pkey PRIMARY KEY (workspace_id, attempt_id);

ALTER TABLE ONLY public.holds
    ADD CONSTRAINT holds_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.holds
    ADD CONSTRAINT holds_turn UNIQUE (workspace_id, turn_id);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (workspace_id, user_id, method, path, key);

ALTER TABLE ONLY public.llm_call_attempts
    ADD CONSTRAINT llm_call_attempts_number UNIQUE (workspace_id, step_id, number);

ALTER TABLE ONLY public.llm_call_attempts
    ADD CONSTRAINT llm_call_attempts_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.llm_call_events
    ADD CONSTRAINT llm_call_events_pkey PRIMARY KEY (workspace_id, attempt_id);

ALTER TABLE ONLY public.login_tokens
    ADD CONSTRAINT login_tokens_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.login_tokens
    ADD CONSTRAINT login_tokens_token UNIQUE (token_sha256);

ALTER TABLE ONLY public.logins
    ADD CONSTRAINT logins_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.logins
    ADD CONSTRAINT logins_token UNIQUE (token_sha256);

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.messages_taken_back
    ADD CONSTRAINT messages_taken_back_pkey PRIMARY KEY (workspace_id, message_id);

ALTER TABLE ONLY public.payment_events
    ADD CONSTRAINT payment_events_pkey PRIMARY KEY (workspace_id, event_id);

ALTER TABLE ONLY public.postings
    ADD CONSTRAINT postings_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.price_books
    ADD CONSTRAINT price_books_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.price_books
    ADD CONSTRAINT price_books_version UNIQUE (workspace_id, version);

ALTER TABLE ONLY public.price_lines
    ADD CONSTRAINT price_lines_pkey PRIMARY KEY (workspace_id, book_id, model);

ALTER TABLE ONLY public.provider_keys
    ADD CONSTRAINT provider_keys_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.room_agents
    ADD CONSTRAINT room_agents_pkey PRIMARY KEY (workspace_id, room_id, agent_id);

ALTER TABLE ONLY public.room_agents
    ADD CONSTRAINT room_agents_position UNIQUE (workspace_id, room_id, "position") DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.rooms
    ADD CONSTRAINT rooms_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.seals
    ADD CONSTRAINT seals_pkey PRIMARY KEY (workspace_id, number);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.steps
    ADD CONSTRAINT steps_key UNIQUE (workspace_id, turn_id, step_key);

ALTER TABLE ONLY public.steps
    ADD CONSTRAINT steps_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.summaries
    ADD CONSTRAINT summaries_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.summaries
    ADD CONSTRAINT summaries_version UNIQUE (workspace_id, session_id, scope, version);

ALTER TABLE ONLY public.top_ups
    ADD CONSTRAINT top_ups_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.turn_events
    ADD CONSTRAINT turn_events_pkey PRIMARY KEY (workspace_id, turn_id, seq);

ALTER TABLE ONLY public.turn_rates
    ADD CONSTRAINT turn_rates_pkey PRIMARY KEY (workspace_id, scope_id, seconds);

ALTER TABLE ONLY public.turns
    ADD CONSTRAINT turns_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.turns
    ADD CONSTRAINT turns_session_index UNIQUE (workspace_id, session_id, index);

ALTER TABLE ONLY public.usage_marks
    ADD CONSTRAINT usage_marks_pkey PRIMARY KEY (workspace_id);

ALTER TABLE ONLY public.usage_rollups
    ADD CONSTRAINT usage_rollups_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.wallets
    ADD CONSTRAINT wallets_pkey PRIMARY KEY (workspace_id);

ALTER TABLE ONLY public.workers
    ADD CONSTRAINT workers_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.workspaces
    ADD CONSTRAINT workspaces_pkey PRIMARY KEY (id);

CREATE INDEX checkpoint_blobs_thread_id_idx ON checkpoints.checkpoint_blobs USING btree (thread_id);

CREATE INDEX checkpoint_writes_thread_id_idx ON checkpoints.checkpoint_writes USING btree (thread_id);

CREATE INDEX checkpoints_thread_id_idx ON checkpoints.checkpoints USING btree (thread_id);

CREATE UNIQUE INDEX agents_key ON public.agents USING btree (workspace_id, key) WHERE (deleted_at IS NULL);

CREATE UNIQUE INDEX budgets_one ON public.budgets USING btree (workspace_id, scope, scope_id, period) WHERE (deleted_at IS NULL);

CREATE INDEX context_audits_step ON public.context_audits USING btree (workspace_id, step_id);

CREATE INDEX idempotency_keys_age ON public.idempotency_keys USING btree (created_at);

CREATE INDEX llm_call_attempts_open ON public.llm_call_attempts USING btree (workspace_id, turn_id) WHERE (closed_at IS NULL);

CREATE INDEX llm_call_events_time ON public.llm_call_events USING btree (workspace_id, created_at);

CREATE INDEX llm_call_events_turn ON public.llm_call_events USING btree (workspace_id, turn_id);

CREATE INDEX messages_pins ON public.messages USING btree (workspace_id, session_id) WHERE (pinned_at IS NOT NULL);

CREATE INDEX messages_session ON public.messages USING btree (workspace_id, session_id, id);

CREATE INDEX messages_words ON public.messages USING gin (words);

CREATE INDEX payment_events_top_up ON public.payment_events USING btree (workspace_id, top_up_id);

CREATE UNIQUE INDEX postings_charge ON public.postings USING btree (workspace_id, attempt_id) WHERE (kind = 'charge'::text);

CREATE INDEX postings_hold ON public.postings USING btree (workspace_id, hold_id);

CREATE UNIQUE INDEX postings_reference ON public.postings USING btree (workspace_id, reference) WHERE (reference IS NOT NULL);

CREATE INDEX postings_time ON public.postings USING btree (workspace_id, created_at, id);

CREATE INDEX price_books_valid ON public.price_books USING btree (workspace_id, valid_from DESC, version DESC);

CREATE UNIQUE INDEX provider_keys_live ON public.provider_keys USING btree (workspace_id, provider) WHERE (ended_at IS NULL);

CREATE INDEX room_agents_agent ON public.room_agents USING btree (workspace_id, agent_id);

CREATE INDEX sessions_agent ON public.sessions USING btree (workspace_id, agent_id, id);

CREATE INDEX sessions_room ON public.sessions USING btree (workspace_id, room_id, id);

CREATE INDEX sessions_user ON public.sessions USING btree (workspace_id, user_id, id);

CREATE INDEX steps_source ON public.steps USING btree (workspace_id, source_step_id) WHERE (source_step_id IS NOT NULL);

CREATE INDEX summaries_turn ON public.summaries USING btree (workspace_id, to_turn_id) WHERE (ended_at IS NULL);

CREATE INDEX turns_awaiting_until ON public.turns USING btree (awaiting_until) WHERE (status = 'awaiting_input'::text);

CREATE INDEX turns_children ON public.turns USING btree (workspace_id, session_id, parent_id);

CREATE INDEX turns_claimable ON public.turns USING btree (created_at) WHERE (status = ANY (ARRAY['queued'::text, 'running'::text]));

CREATE INDEX turns_finished ON public.turns USING btree (finished_at) WHERE (events_purged = 0);

CREATE UNIQUE INDEX turns_one_live ON public.turns USING btree (workspace_id, session_id) WHERE (status = ANY (ARRAY['queued'::text, 'running'::text, 'awaiting_input'::text]));

CREATE INDEX usage_rollups_day ON public.usage_rollups USING btree (workspace_id, kind, monthly, day);

CREATE INDEX usage_rollups_dearest ON public.usage_rollups USING btree (workspace_id, kind, cost_usd DESC, ((input_tokens + output_tokens)) DESC) WHERE (alone AND (kind = ANY (ARRAY['session'::text, 'turn'::text])));

CREATE INDEX usage_rollups_session ON public.usage_rollups USING btree (workspace_id, kind, session_id) WHERE (kind = ANY (ARRAY['session'::text, 'turn'::text]));

CREATE INDEX usage_rollups_split ON public.usage_rollups USING btree (workspace_id, kind, day) INCLUDE (user_id, room_id, session_id, turn_id, calls, unpriced_calls, input_tokens, cached_input_tokens, output_tokens, reasoning_tokens, cost_usd, charged_microcredits, estimated) WHERE ((NOT alone) AND (kind = ANY (ARRAY['session'::text, 'turn'::text])));

CREATE INDEX usage_rollups_turn ON public.usage_rollups USING btree (workspace_id, turn_id) WHERE (kind = 'turn'::text);

CREATE INDEX usage_rollups_user ON public.usage_rollups USING btree (workspace_id, kind, user_id, day) WHERE (kind = ANY (ARRAY['session'::text, 'turn'::text]));

ALTER TABLE ONLY public.agent_prompts
    ADD CONSTRAINT agent_prompts_workspace_id_agent_id_fkey FOREIGN KEY (workspace_id, agent_id) REFERENCES public.agents(workspace_id, id);

ALTER TABLE ONLY public.agents
    ADD CONSTRAINT agents_prompt FOREIGN KEY (workspace_id, prompt_id) REFERENCES public.agent_prompts(workspace_id, id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.agents
    ADD CONSTRAINT agents_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES public.workspaces(id);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_workspace_id_user_id_fkey FOREIGN KEY (workspace_id, user_id) REFERENCES public.users(workspace_id, id);

ALTER TABLE ONLY public.budget_holds
    ADD CONSTRAINT budget_holds_workspace_id_budget_id_fkey FOREIGN KEY (workspace_id, budget_id) REFERENCES public.budgets(workspace_id, id);

ALTER TABLE ONLY public.budget_holds
    ADD CONSTRAINT budget_holds_workspace_id_hold_id_fkey FOREIGN KEY (workspace_id, hold_id) REFERENCES public.holds(workspace_id, id);

ALTER TABLE ONLY public.budget_uses
    ADD CONSTRAINT budget_uses_workspace_id_budget_id_fkey FOREIGN KEY (workspace_id, budget_id) REFERENCES public.budgets(workspace_id, id);

ALTER TABLE ONLY public.budgets
    ADD CONSTRAINT budgets_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES public.workspaces(id);

ALTER TABLE ONLY public.chat_threads
    ADD CONSTRAINT chat_threads_workspace_id_turn_id_fkey FOREIGN KEY (workspace_id, turn_id) REFERENCES public.turns(workspace_id, id);

ALTER TABLE ONLY public.chat_threads
    ADD CONSTRAINT chat_threads_workspace_id_user_id_fkey FOREIGN KEY (workspace_id, user_id) REFERENCES public.users(workspace_id, id);

ALTER TABLE ONLY public.closed_months
    ADD CONSTRAINT closed_months_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES public.workspaces(id);

ALTER TABLE ONLY public.closed_months
    ADD CONSTRAINT closed_months_workspace_id_user_id_fkey FOREIGN KEY (workspace_id, user_id) REFERENCES public.users(workspace_id, id);

ALTER TABLE ONLY public.context_audits
    ADD CONSTRAINT context_audits_workspace_id_attempt_id_fkey FOREIGN KEY (workspace_id, attempt_id) REFERENCES public.llm_call_attempts(workspace_id, id);

ALTER TABLE ONLY public.holds
    ADD CONSTRAINT holds_workspace_id_turn_id_fkey FOREIGN KEY (workspace_id, turn_id) REFERENCES public.turns(workspace_id, id);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES public.workspaces(id);

ALTER TABLE ONLY public.llm_call_attempts
    ADD CONSTRAINT llm_call_attempts_hold FOREIGN KEY (workspace_id, hold_id) REFERENCES public.holds(workspace_id, id);

ALTER TABLE ONLY public.llm_call_attempts
    ADD CONSTRAINT llm_call_attempts_workspace_id_step_id_fkey FOREIGN KEY (workspace_id, step_id) REFERENCES public.steps(workspace_id, id);

ALTER TABLE ONLY public.llm_call_attempts
    ADD CONSTRAINT llm_call_attempts_workspace_id_turn_id_fkey FOREIGN KEY (workspace_id, turn_id) REFERENCES public.turns(workspace_id, id);

ALTER TABLE ONLY public.llm_call_events
    ADD CONSTRAINT llm_call_events_workspace_id_attempt_id_fkey FOREIGN KEY (workspace_id, attempt_id) REFERENCES public.llm_call_attempts(workspace_id, id);

ALTER TABLE ONLY public.login_tokens
    ADD CONSTRAINT login_tokens_workspace_id_user_id_fkey FOREIGN KEY (workspace_id, user_id) REFERENCES public.users(workspace_id, id);

ALTER TABLE ONLY public.logins
    ADD CONSTRAINT logins_workspace_id_user_id_fkey FOREIGN KEY (workspace_id, user_id) REFERENCES public.users(workspace_id, id);

ALTER TABLE ONLY public.messages_taken_back
    ADD CONSTRAINT messages_taken_back_workspace_id_message_id_fkey FOREIGN KEY (workspace_id, message_id) REFERENCES public.messages(workspace_id, id);

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_workspace_id_session_id_fkey FOREIGN KEY (workspace_id, session_id) REFERENCES public.sessions(workspace_id, id);

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_workspace_id_step_id_fkey FOREIGN KEY (workspace_id, step_id) REFERENCES public.steps(workspace_id, id);

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_workspace_id_turn_id_fkey FOREIGN KEY (workspace_id, turn_id) REFERENCES public.turns(workspace_id, id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.payment_events
    ADD CONSTRAINT payment_events_workspace_id_top_up_id_fkey FOREIGN KEY (workspace_id, top_up_id) REFERENCES public.top_ups(workspace_id, id);

ALTER TABLE ONLY public.postings
    ADD CONSTRAINT postings_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES public.workspaces(id);

ALTER TABLE ONLY public.postings
    ADD CONSTRAINT postings_workspace_id_hold_id_fkey FOREIGN KEY (workspace_id, hold_id) REFERENCES public.holds(workspace_id, id);

ALTER TABLE ONLY public.price_books
    ADD CONSTRAINT price_books_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES public.workspaces(id);

ALTER TABLE ONLY public.price_books
    ADD CONSTRAINT price_books_workspace_id_user_id_fkey FOREIGN KEY (workspace_id, user_id) REFERENCES public.users(workspace_id, id);

ALTER TABLE ONLY public.price_lines
    ADD CONSTRAINT price_lines_workspace_id_book_id_fkey FOREIGN KEY (workspace_id, book_id) REFERENCES public.price_books(workspace_id, id);

ALTER TABLE ONLY public.provider_keys
    ADD CONSTRAINT provider_keys_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES public.workspaces(id);

ALTER TABLE ONLY public.provider_keys
    ADD CONSTRAINT provider_keys_workspace_id_user_id_fkey FOREIGN KEY (workspace_id, user_id) REFERENCES public.users(workspace_id, id);

ALTER TABLE ONLY public.room_agents
    ADD CONSTRAINT room_agents_workspace_id_agent_id_fkey FOREIGN KEY (workspace_id, agent_id) REFERENCES public.agents(workspace_id, id);

ALTER TABLE ONLY public.room_agents
    ADD CONSTRAINT room_agents_workspace_id_room_id_fkey FOREIGN KEY (workspace_id, room_id) REFERENCES public.rooms(workspace_id, id);

ALTER TABLE ONLY public.rooms
    ADD CONSTRAINT rooms_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES public.workspaces(id);

ALTER TABLE ONLY public.seals
    ADD CONSTRAINT seals_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES public.workspaces(id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_forked_from FOREIGN KEY (workspace_id, forked_from) REFERENCES public.turns(workspace_id, id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_head FOREIGN KEY (workspace_id, head_turn_id) REFERENCES public.turns(workspace_id, id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_workspace_id_agent_id_fkey FOREIGN KEY (workspace_id, agent_id) REFERENCES public.agents(workspace_id, id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_workspace_id_room_id_fkey FOREIGN KEY (workspace_id, room_id) REFERENCES public.rooms(workspace_id, id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_workspace_id_user_id_fkey FOREIGN KEY (workspace_id, user_id) REFERENCES public.users(workspace_id, id);

ALTER TABLE ONLY public.steps
    ADD CONSTRAINT steps_message FOREIGN KEY (workspace_id, message_id) REFERENCES public.messages(workspace_id, id);

ALTER TABLE ONLY public.steps
    ADD CONSTRAINT steps_workspace_id_source_step_id_fkey FOREIGN KEY (workspace_id, source_step_id) REFERENCES public.steps(workspace_id, id);

ALTER TABLE ONLY public.steps
    ADD CONSTRAINT steps_workspace_id_turn_id_fkey FOREIGN KEY (workspace_id, turn_id) REFERENCES public.turns(workspace_id, id);

ALTER TABLE ONLY public.summaries
    ADD CONSTRAINT summaries_workspace_id_edited_by_fkey FOREIGN KEY (workspace_id, edited_by) REFERENCES public.users(workspace_id, id);

ALTER TABLE ONLY public.summaries
    ADD CONSTRAINT summaries_workspace_id_previous_id_fkey FOREIGN KEY (workspace_id, previous_id) REFERENCES public.summaries(workspace_id, id);

ALTER TABLE ONLY public.summaries
    ADD CONSTRAINT summaries_workspace_id_session_id_fkey FOREIGN KEY (workspace_id, session_id) REFERENCES public.sessions(workspace_id, id);

ALTER TABLE ONLY public.summaries
    ADD CONSTRAINT summaries_workspace_id_step_id_fkey FOREIGN KEY (workspace_id, step_id) REFERENCES public.steps(workspace_id, id);

ALTER TABLE ONLY public.summaries
    ADD CONSTRAINT summaries_workspace_id_to_turn_id_fkey FOREIGN KEY (workspace_id, to_turn_id) REFERENCES public.turns(workspace_id, id);

ALTER TABLE ONLY public.top_ups
    ADD CONSTRAINT top_ups_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES public.workspaces(id);

ALTER TABLE ONLY public.top_ups
    ADD CONSTRAINT top_ups_workspace_id_user_id_fkey FOREIGN KEY (workspace_id, user_id) REFERENCES public.users(workspace_id, id);

ALTER TABLE ONLY public.turn_events
    ADD CONSTRAINT turn_events_workspace_id_turn_id_fkey FOREIGN KEY (workspace_id, turn_id) REFERENCES public.turns(workspace_id, id);

ALTER TABLE ONLY public.turn_rates
    ADD CONSTRAINT turn_rates_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES public.workspaces(id);

ALTER TABLE ONLY public.turns
    ADD CONSTRAINT turns_input FOREIGN KEY (workspace_id, input_message_id) REFERENCES public.messages(workspace_id, id);

ALTER TABLE ONLY public.turns
    ADD CONSTRAINT turns_workspace_id_parent_id_fkey FOREIGN KEY (workspace_id, parent_id) REFERENCES public.turns(workspace_id, id);

ALTER TABLE ONLY public.turns
    ADD CONSTRAINT turns_workspace_id_retry_of_fkey FOREIGN KEY (workspace_id, retry_of) REFERENCES public.turns(workspace_id, id);

ALTER TABLE ONLY public.turns
    ADD CONSTRAINT turns_workspace_id_room_id_fkey FOREIGN KEY (workspace_id, room_id) REFERENCES public.rooms(workspace_id, id);

ALTER TABLE ONLY public.turns
    ADD CONSTRAINT turns_workspace_id_session_id_fkey FOREIGN KEY (workspace_id, session_id) REFERENCES public.sessions(workspace_id, id);

ALTER TABLE ONLY public.turns
    ADD CONSTRAINT turns_workspace_id_user_id_fkey FOREIGN KEY (workspace_id, user_id) REFERENCES public.users(workspace_id, id);

ALTER TABLE ONLY public.usage_marks
    ADD CONSTRAINT usage_marks_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES public.workspaces(id);

ALTER TABLE ONLY public.usage_rollups
    ADD CONSTRAINT usage_rollups_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES public.workspaces(id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES public.workspaces(id);

ALTER TABLE ONLY public.wallets
    ADD CONSTRAINT wallets_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES public.workspaces(id);

ALTER TABLE public.agent_prompts ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.agents ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.api_keys ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.budget_holds ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.budget_uses ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.budgets ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.chat_threads ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.closed_months ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.context_audits ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.holds ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.idempotency_keys ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.llm_call_attempts ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.llm_call_events ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.login_tokens ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.logins ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.messages ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.messages_taken_back ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.payment_events ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.postings ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.price_books ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.price_lines ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.provider_keys ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.room_agents ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.rooms ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.seals ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.sessions ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.steps ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.summaries ENABLE ROW LEVEL SECURITY;

CREATE POLICY sweep ON public.idempotency_keys TO pantheon_sweep USING (true);

CREATE POLICY sweep ON public.llm_call_attempts TO pantheon_sweep USING (true);

CREATE POLICY sweep ON public.messages_taken_back TO pantheon_sweep USING (true);

CREATE POLICY sweep ON public.turn_events TO pantheon_sweep USING (true);

CREATE POLICY sweep ON public.turns TO pantheon_sweep USING (true);

CREATE POLICY sweep ON public.usage_marks TO pantheon_sweep USING (true);

CREATE POLICY sweep ON public.wallets TO pantheon_sweep USING (true);

CREATE POLICY sweep ON public.workspaces TO pantheon_sweep USING (true);

ALTER TABLE public.top_ups ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.turn_events ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.turn_rates ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.turns ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.usage_marks ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.usage_rollups ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.users ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.wallets ENABLE ROW LEVEL SECURITY;

CREATE POLICY workspace ON public.agent_prompts TO pantheon_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('pantheon.workspace_id'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY workspace ON public.agents TO pantheon_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('pantheon.workspace_id'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY workspace ON public.api_keys TO pantheon_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('pantheon.workspace_id'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY workspace ON public.budget_holds TO pantheon_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('pantheon.workspace_id'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY workspace ON public.budget_uses TO pantheon_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('pantheon.workspace_id'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY workspace ON public.budgets TO pantheon_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('pantheon.workspace_id'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY workspace ON public.chat_threads TO pantheon_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('pantheon.workspace_id'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY workspace ON public.closed_months TO pantheon_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('pantheon.workspace_id'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY workspace ON public.context_audits TO pantheon_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('pantheon.workspace_id'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY workspace ON public.holds TO pantheon_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('pantheon.workspace_id'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY workspace ON public.idempotency_keys TO pantheon_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('pantheon.workspace_id'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY workspace ON public.llm_call_attempts TO pantheon_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('pantheon.workspace_id'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY workspace ON public.llm_call_events TO pantheon_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('pantheon.workspace_id'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY workspace ON public.login_tokens TO pantheon_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('pantheon.workspace_id'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY workspace ON public.logins TO pantheon_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('pantheon.workspace_id'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY workspace ON public.messages TO pantheon_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('pantheon.workspace_id'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY workspace ON public.messages_taken_back TO pantheon_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('pantheon.workspace_id'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY workspace ON public.payment_events TO pantheon_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('pantheon.workspace_id'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY workspace ON public.postings TO pantheon_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('pantheon.workspace_id'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY workspace ON public.price_books TO pantheon_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('pantheon.workspace_id'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY workspace ON public.price_lines TO pantheon_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('pantheon.workspace_id'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY workspace ON public.provider_keys TO pantheon_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('pantheon.workspace_id'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY workspace ON public.room_agents TO pantheon_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('pantheon.workspace_id'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY workspace ON public.rooms TO pantheon_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('pantheon.workspace_id'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY workspace ON public.seals TO pantheon_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('pantheon.workspace_id'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY workspace ON public.sessions TO pantheon_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('pantheon.workspace_id'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY workspace ON public.steps TO pantheon_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('pantheon.workspace_id'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY workspace ON public.summaries TO pantheon_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('pantheon.workspace_id'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY workspace ON public.top_ups TO pantheon_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('pantheon.workspace_id'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY workspace ON public.turn_events TO pantheon_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('pantheon.workspace_id'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY workspace ON public.turn_rates TO pantheon_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('pantheon.workspace_id'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY workspace ON public.turns TO pantheon_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('pantheon.workspace_id'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY workspace ON public.usage_marks TO pantheon_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('pantheon.workspace_id'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY workspace ON public.usage_rollups TO pantheon_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('pantheon.workspace_id'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY workspace ON public.users TO pantheon_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('pantheon.workspace_id'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY workspace ON public.wallets TO pantheon_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('pantheon.workspace_id'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY workspace ON public.workspaces TO pantheon_app USING ((id = ( SELECT (NULLIF(current_setting('pantheon.workspace_id'::text, true), ''::text))::uuid AS "nullif")));

ALTER TABLE public.workspaces ENABLE ROW LEVEL SECURITY;

GRANT USAGE ON SCHEMA checkpoints TO pantheon_app;
GRANT USAGE ON SCHEMA checkpoints TO pantheon_sweep;

GRANT USAGE ON SCHEMA public TO pantheon_app;
GRANT USAGE ON SCHEMA public TO pantheon_sweep;

REVOKE ALL ON FUNCTION public.analyze_usage_rollups() FROM PUBLIC;
GRANT ALL ON FUNCTION public.analyze_usage_rollups() TO pantheon_app;

REVOKE ALL ON FUNCTION public.find_messages(query tsquery, reader uuid, before uuid, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.find_messages(query tsquery, reader uuid, before uuid, most integer) TO pantheon_app;

REVOKE ALL ON FUNCTION public.resolve_credential(kind text, sha256 bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.resolve_credential(kind text, sha256 bytea) TO pantheon_app;

REVOKE ALL ON FUNCTION public.unsealed_ledgers() FROM PUBLIC;
GRANT ALL ON FUNCTION public.unsealed_ledgers() TO pantheon_sweep;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE checkpoints.checkpoint_blobs TO pantheon_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE checkpoints.checkpoint_migrations TO pantheon_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE checkpoints.checkpoint_writes TO pantheon_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE checkpoints.checkpoints TO pantheon_app;

GRANT SELECT,INSERT ON TABLE public.agent_prompts TO pantheon_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.agents TO pantheon_app;

GRANT SELECT ON TABLE public.alembic_version TO pantheon_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.api_keys TO pantheon_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.budget_holds TO pantheon_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.budget_uses TO pantheon_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.budgets TO pantheon_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.chat_threads TO pantheon_app;

GRANT SELECT,INSERT ON TABLE public.closed_months TO pantheon_app;

GRANT SELECT,INSERT ON TABLE public.context_audits TO pantheon_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.holds TO pantheon_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.idempotency_keys TO pantheon_app;
GRANT SELECT,DELETE ON TABLE public.idempotency_keys TO pantheon_sweep;

GRANT SELECT,INSERT,UPDATE ON TABLE public.llm_call_attempts TO pantheon_app;
GRANT SELECT ON TABLE public.llm_call_attempts TO pantheon_sweep;

GRANT SELECT,INSERT ON TABLE public.llm_call_events TO pantheon_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.login_tokens TO pantheon_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.logins TO pantheon_app;

GRANT SELECT,INSERT ON TABLE public.messages TO pantheon_app;

GRANT UPDATE(content) ON TABLE public.messages TO pantheon_app;

GRANT UPDATE(tokens) ON TABLE public.messages TO pantheon_app;

GRANT UPDATE(tokens_o200k) ON TABLE public.messages TO pantheon_app;

GRANT UPDATE(pinned_at) ON TABLE public.messages TO pantheon_app;

GRANT UPDATE(deleted_at) ON TABLE public.messages TO pantheon_app;

GRANT SELECT,INSERT,DELETE ON TABLE public.messages_taken_back TO pantheon_app;
GRANT SELECT,DELETE ON TABLE public.messages_taken_back TO pantheon_sweep;

GRANT SELECT,INSERT ON TABLE public.payment_events TO pantheon_app;

GRANT SELECT,INSERT ON TABLE public.postings TO pantheon_app;

GRANT SELECT,INSERT ON TABLE public.price_books TO pantheon_app;

GRANT SELECT,INSERT ON TABLE public.price_lines TO pantheon_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.provider_keys TO pantheon_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.room_agents TO pantheon_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.rooms TO pantheon_app;

GRANT SELECT,INSERT ON TABLE public.seals TO pantheon_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.sessions TO pantheon_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.steps TO pantheon_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.summaries TO pantheon_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.top_ups TO pantheon_app;

GRANT SELECT,INSERT ON TABLE public.turn_events TO pantheon_app;
GRANT SELECT,DELETE ON TABLE public.turn_events TO pantheon_sweep;

GRANT UPDATE(data) ON TABLE public.turn_events TO pantheon_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.turn_rates TO pantheon_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.turns TO pantheon_app;
GRANT SELECT,UPDATE ON TABLE public.turns TO pantheon_sweep;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.usage_marks TO pantheon_app;
GRANT SELECT ON TABLE public.usage_marks TO pantheon_sweep;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.usage_rollups TO pantheon_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.users TO pantheon_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.wallets TO pantheon_app;
GRANT SELECT ON TABLE public.wallets TO pantheon_sweep;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.workers TO pantheon_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.workers TO pantheon_sweep;

GRANT SELECT,INSERT,UPDATE ON TABLE public.workspaces TO pantheon_app;
GRANT SELECT ON TABLE public.workspaces TO pantheon_sweep;
