-- Every tenant table: primary key, unique constraints and foreign keys begin with workspace_id;
-- row-level security by one policy. The owner room stands first in the table's comment.

CREATE TABLE workspaces (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    time_zone text NOT NULL DEFAULT 'UTC',
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE workspaces IS 'accounts: who owns everything else; the unit of billing and of row security';

CREATE TABLE users (
    workspace_id uuid NOT NULL REFERENCES workspaces (id),
    id uuid NOT NULL,
    name text NOT NULL,
    role text NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, id)
);
COMMENT ON TABLE users IS 'accounts: people of a workspace';

CREATE TABLE login_tokens (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    token_sha256 bytea NOT NULL CONSTRAINT login_tokens_token UNIQUE,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, user_id) REFERENCES users (workspace_id, id)
);
COMMENT ON TABLE login_tokens IS 'accounts: single-use login links, stored hashed';

CREATE TABLE logins (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    token_sha256 bytea NOT NULL CONSTRAINT logins_token UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, user_id) REFERENCES users (workspace_id, id)
);
COMMENT ON TABLE logins IS 'accounts: signed-in browsers; the cookie is stored hashed';

CREATE TABLE api_keys (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    name text NOT NULL,
    token_sha256 bytea NOT NULL CONSTRAINT api_keys_token UNIQUE,
    last4 text NOT NULL,
    scopes text[] NOT NULL CHECK (scopes <@ ARRAY['read', 'write', 'admin'] AND cardinality(scopes) > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, user_id) REFERENCES users (workspace_id, id)
);
COMMENT ON TABLE api_keys IS 'accounts: API keys with scopes, stored hashed';

CREATE TABLE agents (
    workspace_id uuid NOT NULL REFERENCES workspaces (id),
    id uuid NOT NULL,
    key text NOT NULL CHECK (key ~ '^[a-z][a-z0-9_-]{0,31}$'),
    name text NOT NULL,
    color int NOT NULL CHECK (color BETWEEN 1 AND 8),
    model text NOT NULL,
    prompt_id uuid NOT NULL,
    parameters jsonb NOT NULL DEFAULT '{}',
    tools text[] NOT NULL DEFAULT '{}',
    context jsonb NOT NULL DEFAULT '{"policy": "everything"}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    version int NOT NULL DEFAULT 1,
    deleted_at timestamptz,
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX agents_key ON agents (workspace_id, key) WHERE deleted_at IS NULL;
COMMENT ON TABLE agents IS 'agents: named participants, reusable in many rooms';

CREATE TABLE agent_prompts (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    agent_id uuid NOT NULL,
    text text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, agent_id) REFERENCES agents (workspace_id, id)
);
ALTER TABLE agents ADD CONSTRAINT agents_prompt FOREIGN KEY (workspace_id, prompt_id)
    REFERENCES agent_prompts (workspace_id, id) DEFERRABLE INITIALLY DEFERRED;
COMMENT ON TABLE agent_prompts IS 'agents: every version of a role prompt, so that an old audit stays exact';

CREATE TABLE rooms (
    workspace_id uuid NOT NULL REFERENCES workspaces (id),
    id uuid NOT NULL,
    name text NOT NULL,
    goal text,
    mode text NOT NULL CHECK (mode IN ('manual', 'roundtable', 'orchestrator')),
    mentions text NOT NULL DEFAULT 'override' CHECK (mentions IN ('override', 'first', 'ignore')),
    tag_order text NOT NULL DEFAULT 'parallel' CHECK (tag_order IN ('parallel', 'sequence')),
    approve text NOT NULL DEFAULT 'never' CHECK (approve IN ('never', 'plan', 'each_round', 'each_agent')),
    manager jsonb,
    limits jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    version int NOT NULL DEFAULT 1,
    deleted_at timestamptz,
    PRIMARY KEY (workspace_id, id),
    CONSTRAINT rooms_goal CHECK (mode <> 'orchestrator' OR goal IS NOT NULL)
);
COMMENT ON TABLE rooms IS 'rooms: goal, mode and limits of a roster of agents';

CREATE TABLE room_agents (
    workspace_id uuid NOT NULL,
    room_id uuid NOT NULL,
    agent_id uuid NOT NULL,
    position int NOT NULL CHECK (position >= 1),
    muted bool NOT NULL DEFAULT false,
    context jsonb,
    PRIMARY KEY (workspace_id, room_id, agent_id),
    CONSTRAINT room_agents_position UNIQUE (workspace_id, room_id, position) DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (workspace_id, room_id) REFERENCES rooms (workspace_id, id),
    FOREIGN KEY (workspace_id, agent_id) REFERENCES agents (workspace_id, id)
);
CREATE INDEX room_agents_agent ON room_agents (workspace_id, agent_id);
COMMENT ON TABLE room_agents IS 'rooms: the roster; positions 1…n without gaps';

CREATE TABLE sessions (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    room_id uuid,
    agent_id uuid,
    name text,
    shared bool NOT NULL DEFAULT false,
    pinned bool NOT NULL DEFAULT false,
    head_turn_id uuid,
    turn_count int NOT NULL DEFAULT 0,
    last_turn_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    version int NOT NULL DEFAULT 1,
    deleted_at timestamptz,
    PRIMARY KEY (workspace_id, id),
    CONSTRAINT sessions_room_or_agent CHECK (num_nonnulls(room_id, agent_id) = 1),
    FOREIGN KEY (workspace_id, user_id) REFERENCES users (workspace_id, id),
    FOREIGN KEY (workspace_id, room_id) REFERENCES rooms (workspace_id, id),
    FOREIGN KEY (workspace_id, agent_id) REFERENCES agents (workspace_id, id)
) WITH (fillfactor = 80);
CREATE INDEX sessions_room ON sessions (workspace_id, room_id, id);
CREATE INDEX sessions_agent ON sessions (workspace_id, agent_id, id);
CREATE INDEX sessions_user ON sessions (workspace_id, user_id, id);
COMMENT ON TABLE sessions IS 'sessions: one conversation, in a room or with a single agent';

CREATE TABLE turns (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    session_id uuid NOT NULL,
    user_id uuid NOT NULL,
    room_id uuid,
    index int NOT NULL CHECK (index >= 1),
    parent_id uuid,
    retry_of uuid,
    mode text NOT NULL CHECK (mode IN ('direct', 'manual', 'roundtable', 'orchestrator')),
    status text NOT NULL DEFAULT 'queued' CHECK (status IN
        ('queued', 'running', 'awaiting_input', 'completed', 'partial', 'failed', 'cancelled')),
    stop_reason text,
    error jsonb,
    warnings jsonb NOT NULL DEFAULT '[]',
    input_message_id uuid NOT NULL,
    frozen jsonb NOT NULL,
    graph_version int NOT NULL,
    cancel_requested text CHECK (cancel_requested IN ('now', 'after_step')),
    lease_epoch int NOT NULL DEFAULT 0,
    lease_owner uuid,
    lease_expires_at timestamptz,
    awaiting_until timestamptz,
    takeovers int NOT NULL DEFAULT 0,
    faults int NOT NULL DEFAULT 0,
    last_seq int NOT NULL DEFAULT 0,
    events_purged int NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz,
    PRIMARY KEY (workspace_id, id),
    CONSTRAINT turns_session_index UNIQUE (workspace_id, session_id, index),
    CONSTRAINT turns_awaiting CHECK ((status = 'awaiting_input') = (awaiting_until IS NOT NULL)),
    CONSTRAINT turns_terminal CHECK ((status IN ('completed', 'partial', 'failed', 'cancelled')) = (finished_at IS NOT NULL)),
    FOREIGN KEY (workspace_id, session_id) REFERENCES sessions (workspace_id, id),
    FOREIGN KEY (workspace_id, user_id) REFERENCES users (workspace_id, id),
    FOREIGN KEY (workspace_id, room_id) REFERENCES rooms (workspace_id, id),
    FOREIGN KEY (workspace_id, parent_id) REFERENCES turns (workspace_id, id),
    FOREIGN KEY (workspace_id, retry_of) REFERENCES turns (workspace_id, id)
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX turns_one_live ON turns (workspace_id, session_id)
    WHERE status IN ('queued', 'running', 'awaiting_input');
CREATE INDEX turns_children ON turns (workspace_id, session_id, parent_id);
CREATE INDEX turns_claimable ON turns (created_at) WHERE status IN ('queued', 'running');
CREATE INDEX turns_awaiting_until ON turns (awaiting_until) WHERE status = 'awaiting_input';
CREATE INDEX turns_finished ON turns (finished_at) WHERE events_purged = 0;
ALTER TABLE sessions ADD CONSTRAINT sessions_head FOREIGN KEY (workspace_id, head_turn_id)
    REFERENCES turns (workspace_id, id);
COMMENT ON TABLE turns IS 'turns: one user message and all that answers it; the row is its own job';

CREATE TABLE steps (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    turn_id uuid NOT NULL,
    step_key text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('answer', 'route', 'approval', 'synthesis', 'summary', 'tool')),
    round int NOT NULL,
    position int NOT NULL,
    agent_key text,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN
        ('pending', 'running', 'completed', 'failed', 'cancelled', 'skipped')),
    message_id uuid,
    decision jsonb,
    error jsonb,
    read jsonb NOT NULL DEFAULT '[]',
    context_actions text[] NOT NULL DEFAULT '{}',
    source_step_id uuid,
    stale bool NOT NULL DEFAULT false,
    attempts int NOT NULL DEFAULT 0,
    lost_attempts int NOT NULL DEFAULT 0,
    calls int NOT NULL DEFAULT 0,
    unpriced_calls int NOT NULL DEFAULT 0,
    input_tokens bigint NOT NULL DEFAULT 0,
    cached_input_tokens bigint NOT NULL DEFAULT 0,
    output_tokens bigint NOT NULL DEFAULT 0,
    reasoning_tokens bigint NOT NULL DEFAULT 0,
    cost_usd numeric(20, 9) NOT NULL DEFAULT 0,
    charged_microcredits bigint NOT NULL DEFAULT 0,
    estimated bool NOT NULL DEFAULT false,
    time_to_first_token_ms int,
    latency_ms int,
    started_at timestamptz,
    finished_at timestamptz,
    PRIMARY KEY (workspace_id, id),
    CONSTRAINT steps_key UNIQUE (workspace_id, turn_id, step_key),
    CONSTRAINT steps_terminal CHECK ((status IN ('completed', 'failed', 'cancelled', 'skipped')) = (finished_at IS NOT NULL)),
    FOREIGN KEY (workspace_id, turn_id) REFERENCES turns (workspace_id, id),
    FOREIGN KEY (workspace_id, source_step_id) REFERENCES steps (workspace_id, id)
) WITH (fillfactor = 70);
CREATE INDEX steps_source ON steps (workspace_id, source_step_id) WHERE source_step_id IS NOT NULL;
COMMENT ON TABLE steps IS 'turns: one unit of a turn that yields one stored result';

CREATE TABLE messages (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    session_id uuid NOT NULL,
    turn_id uuid NOT NULL,
    step_id uuid,
    agent_key text,
    content text NOT NULL,
    tokens int NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, id),
    CONSTRAINT messages_author CHECK ((step_id IS NULL) = (agent_key IS NULL)),
    FOREIGN KEY (workspace_id, session_id) REFERENCES sessions (workspace_id, id),
    FOREIGN KEY (workspace_id, turn_id) REFERENCES turns (workspace_id, id) DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (workspace_id, step_id) REFERENCES steps (workspace_id, id)
);
CREATE INDEX messages_session ON messages (workspace_id, session_id, id);
ALTER TABLE turns ADD CONSTRAINT turns_input FOREIGN KEY (workspace_id, input_message_id)
    REFERENCES messages (workspace_id, id);
ALTER TABLE steps ADD CONSTRAINT steps_message FOREIGN KEY (workspace_id, message_id)
    REFERENCES messages (workspace_id, id);
COMMENT ON TABLE messages IS 'sessions: what a user wrote (no step) or a step answered';

CREATE TABLE turn_events (
    workspace_id uuid NOT NULL,
    turn_id uuid NOT NULL,
    seq int NOT NULL,
    type text NOT NULL,
    data json NOT NULL,
    PRIMARY KEY (workspace_id, turn_id, seq),
    FOREIGN KEY (workspace_id, turn_id) REFERENCES turns (workspace_id, id)
);
COMMENT ON TABLE turn_events IS 'events: the log of a turn, gap-free by seq';

CREATE TABLE llm_call_attempts (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    room_id uuid,
    session_id uuid,
    turn_id uuid,
    step_id uuid,
    lease_epoch int,
    number int NOT NULL CHECK (number >= 1),
    purpose text NOT NULL CHECK (purpose IN
        ('answer', 'route', 'repair', 'synthesis', 'summary', 'title', 'test')),
    agent_key text,
    provider text NOT NULL,
    model text NOT NULL,
    request_sha256 bytea NOT NULL,
    earmark_microcredits bigint NOT NULL DEFAULT 0 CHECK (earmark_microcredits >= 0),
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz,
    closed_at timestamptz,
    PRIMARY KEY (workspace_id, id),
    CONSTRAINT llm_call_attempts_number UNIQUE (workspace_id, step_id, number),
    CONSTRAINT llm_call_attempts_expiry CHECK ((turn_id IS NULL) = (expires_at IS NOT NULL)),
    FOREIGN KEY (workspace_id, turn_id) REFERENCES turns (workspace_id, id),
    FOREIGN KEY (workspace_id, step_id) REFERENCES steps (workspace_id, id)
);
CREATE INDEX llm_call_attempts_open ON llm_call_attempts (workspace_id, turn_id) WHERE closed_at IS NULL;
COMMENT ON TABLE llm_call_attempts IS 'ledger: one request that leaves for a provider, committed before it leaves';

CREATE TABLE llm_call_events (
    workspace_id uuid NOT NULL,
    attempt_id uuid NOT NULL,
    user_id uuid NOT NULL,
    room_id uuid,
    session_id uuid,
    turn_id uuid,
    step_id uuid,
    number int NOT NULL,
    purpose text NOT NULL,
    agent_key text,
    provider text NOT NULL,
    model text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('completed', 'failed', 'cancelled', 'lost')),
    error_code text,
    sent bool NOT NULL,
    input_tokens bigint NOT NULL DEFAULT 0,
    cached_input_tokens bigint NOT NULL DEFAULT 0,
    output_tokens bigint NOT NULL DEFAULT 0,
    reasoning_tokens bigint NOT NULL DEFAULT 0,
    estimated bool NOT NULL DEFAULT false,
    cost_usd numeric(20, 9),
    pricing_version text,
    charged_microcredits bigint NOT NULL DEFAULT 0 CHECK (charged_microcredits >= 0),
    request_sha256 bytea NOT NULL,
    provider_request_id text,
    time_to_first_token_ms int,
    latency_ms int,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (workspace_id, attempt_id),
    FOREIGN KEY (workspace_id, attempt_id) REFERENCES llm_call_attempts (workspace_id, id)
);
CREATE INDEX llm_call_events_turn ON llm_call_events (workspace_id, turn_id);
CREATE INDEX llm_call_events_time ON llm_call_events (workspace_id, created_at);
COMMENT ON TABLE llm_call_events IS 'ledger: append-only, closes an attempt; one bills from it';

CREATE TABLE holds (
    workspace_id uuid NOT NULL,
    turn_id uuid NOT NULL,
    amount_microcredits bigint NOT NULL CHECK (amount_microcredits >= 0),
    drawn_microcredits bigint NOT NULL DEFAULT 0 CHECK (drawn_microcredits >= 0),
    released_at timestamptz,
    PRIMARY KEY (workspace_id, turn_id),
    FOREIGN KEY (workspace_id, turn_id) REFERENCES turns (workspace_id, id)
);
COMMENT ON TABLE holds IS 'ledger: the credits that a live turn has reserved and drawn';

CREATE TABLE context_audits (
    workspace_id uuid NOT NULL,
    attempt_id uuid NOT NULL,
    step_id uuid,
    model text NOT NULL,
    sections jsonb NOT NULL,
    budget jsonb NOT NULL,
    actions jsonb NOT NULL DEFAULT '[]',
    request_sha256 bytea NOT NULL,
    PRIMARY KEY (workspace_id, attempt_id),
    FOREIGN KEY (workspace_id, attempt_id) REFERENCES llm_call_attempts (workspace_id, id)
);
CREATE INDEX context_audits_step ON context_audits (workspace_id, step_id);
COMMENT ON TABLE context_audits IS 'context: what an attempt sent, by reference, with tokens and what was left out';

CREATE TABLE idempotency_keys (
    workspace_id uuid NOT NULL REFERENCES workspaces (id),
    user_id uuid NOT NULL,
    method text NOT NULL,
    path text NOT NULL,
    key text NOT NULL,
    body_sha256 bytea NOT NULL,
    status int,
    resource_id uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, user_id, method, path, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);
COMMENT ON TABLE idempotency_keys IS 'api: POSTs that were already answered, for 24 hours';

CREATE TABLE workers (
    id uuid PRIMARY KEY,
    instance uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('up', 'worker')),
    graph_versions int[] NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE workers IS 'worker: heartbeats of the processes that run turns; no tenant data';

-- A credential is resolved before its workspace is known: the one way past row security.
CREATE FUNCTION resolve_credential(kind text, sha256 bytea)
RETURNS TABLE (workspace_id uuid, user_id uuid, role text, scopes text[], credential_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
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
REVOKE ALL ON FUNCTION resolve_credential(text, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION resolve_credential(text, bytea) TO pantheon_app;

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'users', 'login_tokens', 'logins', 'api_keys', 'agents', 'agent_prompts', 'rooms', 'room_agents',
        'sessions', 'turns', 'steps', 'messages', 'turn_events', 'llm_call_attempts', 'llm_call_events',
        'holds', 'context_audits', 'idempotency_keys'
    ] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY workspace ON %I TO pantheon_app '
            'USING (workspace_id = (SELECT nullif(current_setting(''pantheon.workspace_id'', true), '''')::uuid))',
            name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %I TO pantheon_app', name);
    END LOOP;
END $$;
ALTER TABLE workspaces ENABLE ROW LEVEL SECURITY;
CREATE POLICY workspace ON workspaces TO pantheon_app
    USING (id = (SELECT nullif(current_setting('pantheon.workspace_id', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE ON workspaces TO pantheon_app;

-- The ledger and the log are append-only for the app; a roster and an expired key may be removed.
REVOKE UPDATE ON llm_call_events, turn_events, messages, agent_prompts, context_audits FROM pantheon_app;
GRANT DELETE ON room_agents, login_tokens, logins, idempotency_keys TO pantheon_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON workers TO pantheon_app, pantheon_sweep;

-- The claim and the sweeps look across workspaces.
GRANT SELECT, UPDATE ON turns TO pantheon_sweep;
CREATE POLICY sweep ON turns TO pantheon_sweep USING (true);
GRANT SELECT ON llm_call_attempts TO pantheon_sweep;
CREATE POLICY sweep ON llm_call_attempts TO pantheon_sweep USING (true);
GRANT SELECT, DELETE ON turn_events TO pantheon_sweep;
CREATE POLICY sweep ON turn_events TO pantheon_sweep USING (true);
GRANT SELECT, DELETE ON idempotency_keys TO pantheon_sweep;
CREATE POLICY sweep ON idempotency_keys TO pantheon_sweep USING (true);
