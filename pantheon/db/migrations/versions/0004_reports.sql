-- What is counted beside the turns and the ledger, or derived from them.

CREATE TABLE turn_rates (
    workspace_id uuid NOT NULL REFERENCES workspaces (id),
    scope_id uuid NOT NULL,
    seconds int NOT NULL CHECK (seconds > 0),
    full_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, scope_id, seconds)
) WITH (fillfactor = 50);
COMMENT ON TABLE turn_rates IS 'ledger: how fast turns may come: when the allowance of a user or of the workspace is whole again';

-- When a local day begins: its first moment, also where clocks are set back or forward at midnight.
CREATE FUNCTION day_begins(day date, zone text) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN ((midnight - interval '1 hour') AT TIME ZONE zone)::date >= day
        THEN midnight - interval '1 hour' ELSE midnight END
    FROM (SELECT day::timestamp AT TIME ZONE zone AS midnight) m
$$;

CREATE TABLE usage_marks (
    workspace_id uuid PRIMARY KEY REFERENCES workspaces (id),
    time_zone text NOT NULL,
    day date NOT NULL DEFAULT '-infinity',
    closing_day date,
    closing_xid xid8
);
COMMENT ON TABLE usage_marks IS 'ledger: the first local day whose calls are not summed in usage_rollups yet';

CREATE TABLE usage_rollups (
    workspace_id uuid NOT NULL REFERENCES workspaces (id),
    id bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL CHECK (kind IN
        ('day', 'model', 'user', 'room', 'agent', 'session', 'turn')),
    monthly bool NOT NULL DEFAULT false,
    day date NOT NULL,
    user_id uuid,
    room_id uuid,
    agent_key text,
    purpose text,
    model text,
    session_id uuid,
    turn_id uuid,
    alone bool NOT NULL,
    calls bigint NOT NULL,
    unpriced_calls bigint NOT NULL,
    input_tokens bigint NOT NULL,
    cached_input_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    reasoning_tokens bigint NOT NULL,
    cost_usd numeric NOT NULL,
    charged_microcredits bigint NOT NULL,
    estimated bool NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX usage_rollups_day ON usage_rollups (workspace_id, kind, monthly, day);
CREATE INDEX usage_rollups_dearest ON usage_rollups
    (workspace_id, kind, cost_usd DESC, (input_tokens + output_tokens) DESC)
    WHERE alone AND kind IN ('session', 'turn');
-- Holds all that a report adds up: rows of calls without a session or turn lie far apart.
CREATE INDEX usage_rollups_split ON usage_rollups (workspace_id, kind, day)
    INCLUDE (user_id, room_id, session_id, turn_id, calls, unpriced_calls, input_tokens,
        cached_input_tokens, output_tokens, reasoning_tokens, cost_usd, charged_microcredits,
        estimated)
    WHERE NOT alone AND kind IN ('session', 'turn');
CREATE INDEX usage_rollups_user ON usage_rollups (workspace_id, kind, user_id, day)
    WHERE kind IN ('session', 'turn');
CREATE INDEX usage_rollups_session ON usage_rollups (workspace_id, kind, session_id)
    WHERE kind IN ('session', 'turn');
CREATE INDEX usage_rollups_turn ON usage_rollups (workspace_id, turn_id) WHERE kind = 'turn';
COMMENT ON TABLE usage_rollups IS 'ledger: sums of call events over whole local days, made from them and makeable again';

-- Statistics after many new rows; the app does not own the table.
CREATE FUNCTION analyze_usage_rollups() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    ANALYZE public.usage_rollups;
END $$;
REVOKE ALL ON FUNCTION analyze_usage_rollups() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION analyze_usage_rollups() TO pantheon_app;

CREATE TABLE top_ups (
    workspace_id uuid NOT NULL REFERENCES workspaces (id),
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    cents bigint NOT NULL CHECK (cents > 0),
    microcredits_per_cent bigint NOT NULL CHECK (microcredits_per_cent > 0),
    checkout_id text,
    url text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, user_id) REFERENCES users (workspace_id, id)
);
COMMENT ON TABLE top_ups IS 'ledger: what somebody wanted to pay in US dollars, and the credits that it gives';

CREATE TABLE payment_events (
    workspace_id uuid NOT NULL,
    event_id text NOT NULL,
    type text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('top_up', 'refund', 'dispute')),
    top_up_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (workspace_id, event_id),
    FOREIGN KEY (workspace_id, top_up_id) REFERENCES top_ups (workspace_id, id)
);
CREATE INDEX payment_events_top_up ON payment_events (workspace_id, top_up_id);
COMMENT ON TABLE payment_events IS 'ledger: what a payment service has told, each event once';

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'turn_rates', 'usage_marks', 'usage_rollups', 'top_ups', 'payment_events'
    ] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY workspace ON %I TO pantheon_app '
            'USING (workspace_id = (SELECT nullif(current_setting(''pantheon.workspace_id'', true), '''')::uuid))',
            name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %I TO pantheon_app', name);
    END LOOP;
END $$;
GRANT DELETE ON usage_marks, usage_rollups TO pantheon_app;
REVOKE UPDATE ON payment_events FROM pantheon_app;

-- The sweep looks for wallets that became low and are not told of yet.
GRANT SELECT ON wallets TO pantheon_sweep;
CREATE POLICY sweep ON wallets TO pantheon_sweep USING (true);

-- The sweep looks for workspaces with a day that is over and not summed yet.
GRANT SELECT ON workspaces, usage_marks TO pantheon_sweep;
CREATE POLICY sweep ON workspaces TO pantheon_sweep USING (true);
CREATE POLICY sweep ON usage_marks TO pantheon_sweep USING (true);
