-- Context: counts by a known tokenizer, pins and deletions of messages, summaries as versions.

ALTER TABLE messages
    ADD COLUMN tokens_o200k int,
    ADD COLUMN pinned_at timestamptz,
    ADD COLUMN deleted_at timestamptz,
    ADD CONSTRAINT messages_pinned CHECK (pinned_at IS NULL OR deleted_at IS NULL);
CREATE INDEX messages_pins ON messages (workspace_id, session_id) WHERE pinned_at IS NOT NULL;
-- What was said is never rewritten, but it can be pinned, and its user can take it back.
GRANT UPDATE (content, tokens, tokens_o200k, pinned_at, deleted_at) ON messages TO pantheon_app;
-- … from the log too: an event keeps its number and its kind, and loses that text.
GRANT UPDATE (data) ON turn_events TO pantheon_app;

-- Who summarises in a room; else whom the operator has set, else an agent's own model.
ALTER TABLE rooms ADD COLUMN summary_model text;

CREATE TABLE summaries (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    session_id uuid NOT NULL,
    scope text NOT NULL,
    version int NOT NULL CHECK (version >= 1),
    from_turn int NOT NULL CHECK (from_turn >= 1),
    to_turn int NOT NULL,
    to_turn_id uuid NOT NULL,
    previous_id uuid,
    step_id uuid,
    edited_by uuid,
    content jsonb NOT NULL,
    dropped jsonb NOT NULL DEFAULT '[]',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz,
    ended_as text CHECK (ended_as IN ('undone', 'source_deleted')),
    PRIMARY KEY (workspace_id, id),
    CONSTRAINT summaries_version UNIQUE (workspace_id, session_id, scope, version),
    CONSTRAINT summaries_turns CHECK (to_turn >= from_turn),
    CONSTRAINT summaries_maker CHECK ((step_id IS NULL) = (edited_by IS NOT NULL)),
    CONSTRAINT summaries_ended CHECK ((ended_at IS NULL) = (ended_as IS NULL)),
    -- A list that is empty says nothing: a field has items or is null.
    CONSTRAINT summaries_full CHECK (
        coalesce(content ->> 'summary', '') <> ''
        AND coalesce(jsonb_typeof(content -> 'key_facts'), '') = 'array'
        AND NOT jsonb_path_exists(content, 'strict $.* ? (@.type() == "array" && @.size() == 0)')
    ),
    FOREIGN KEY (workspace_id, session_id) REFERENCES sessions (workspace_id, id),
    FOREIGN KEY (workspace_id, to_turn_id) REFERENCES turns (workspace_id, id),
    FOREIGN KEY (workspace_id, previous_id) REFERENCES summaries (workspace_id, id),
    FOREIGN KEY (workspace_id, step_id) REFERENCES steps (workspace_id, id),
    FOREIGN KEY (workspace_id, edited_by) REFERENCES users (workspace_id, id)
);
CREATE INDEX summaries_turn ON summaries (workspace_id, to_turn_id) WHERE ended_at IS NULL;
COMMENT ON TABLE summaries IS 'context: what stands for older turns, in versions; the newest that has not ended counts';

ALTER TABLE summaries ENABLE ROW LEVEL SECURITY;
CREATE POLICY workspace ON summaries TO pantheon_app
    USING (workspace_id = (SELECT nullif(current_setting('pantheon.workspace_id', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE ON summaries TO pantheon_app;
