-- What is counted beside the turns and the ledger, or derived from them.

CREATE TABLE turn_rates (
    workspace_id uuid NOT NULL REFERENCES workspaces (id),
    scope_id uuid NOT NULL,
    seconds int NOT NULL CHECK (seconds > 0),
    full_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, scope_id, seconds)
) WITH (fillfactor = 50);
COMMENT ON TABLE turn_rates IS 'ledger: how fast turns may come: when the allowance of a user or of the workspace is whole again';

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['turn_rates'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY workspace ON %I TO pantheon_app '
            'USING (workspace_id = (SELECT nullif(current_setting(''pantheon.workspace_id'', true), '''')::uuid))',
            name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %I TO pantheon_app', name);
    END LOOP;
END $$;
