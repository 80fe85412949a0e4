-- The keys of model providers that a workspace has entered. What is replaced or removed keeps its
-- row without the ciphertext: the rows, those ended counted twice, are the version of the keys.
CREATE TABLE provider_keys (
    workspace_id uuid NOT NULL REFERENCES workspaces (id),
    id uuid NOT NULL,
    provider text NOT NULL,
    user_id uuid NOT NULL,
    sealed bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    PRIMARY KEY (workspace_id, id),
    CONSTRAINT provider_keys_sealed CHECK ((ended_at IS NULL) = (sealed IS NOT NULL)),
    FOREIGN KEY (workspace_id, user_id) REFERENCES users (workspace_id, id)
);
CREATE UNIQUE INDEX provider_keys_live ON provider_keys (workspace_id, provider) WHERE ended_at IS NULL;
COMMENT ON TABLE provider_keys IS 'providers: keys that were entered in the page, encrypted; the key to them is in no database';
ALTER TABLE provider_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY workspace ON provider_keys TO pantheon_app
    USING (workspace_id = (SELECT nullif(current_setting('pantheon.workspace_id', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE ON provider_keys TO pantheon_app;

-- Search. A tsvector holds 1 MiB at most: the first 100,000 characters always fit.
ALTER TABLE messages ADD COLUMN words tsvector
    GENERATED ALWAYS AS (to_tsvector('simple', left(content, 100000))) STORED;
CREATE INDEX messages_words ON messages USING gin (words);

-- Row security forbids the index to queries of the app (a match could tell of rows that the policy
-- hides), so that they would read the whole workspace. This looks for them, with the same rules.
CREATE FUNCTION find_messages(query tsquery, reader uuid, before uuid, most int)
RETURNS TABLE (message_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
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
REVOKE ALL ON FUNCTION find_messages(tsquery, uuid, uuid, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_messages(tsquery, uuid, uuid, int) TO pantheon_app;

-- A session that goes on from a turn of another one.
ALTER TABLE sessions ADD COLUMN forked_from uuid;
ALTER TABLE sessions ADD CONSTRAINT sessions_forked_from FOREIGN KEY (workspace_id, forked_from)
    REFERENCES turns (workspace_id, id);

-- The door of chat completions is sent whole conversations: by their hash it finds the turn that
-- their last message has come from.
CREATE TABLE chat_threads (
    workspace_id uuid NOT NULL,
    user_id uuid NOT NULL,
    sha256 bytea NOT NULL,
    turn_id uuid NOT NULL,
    PRIMARY KEY (workspace_id, user_id, sha256),
    FOREIGN KEY (workspace_id, user_id) REFERENCES users (workspace_id, id),
    FOREIGN KEY (workspace_id, turn_id) REFERENCES turns (workspace_id, id)
);
COMMENT ON TABLE chat_threads IS 'sessions: conversations of the OpenAI-compatible door, by their hash';
ALTER TABLE chat_threads ENABLE ROW LEVEL SECURITY;
CREATE POLICY workspace ON chat_threads TO pantheon_app
    USING (workspace_id = (SELECT nullif(current_setting('pantheon.workspace_id', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE ON chat_threads TO pantheon_app;

-- What a message said that its author has taken back: kept for some minutes, in case they think
-- again, then deleted by the sweep.
CREATE TABLE messages_taken_back (
    workspace_id uuid NOT NULL,
    message_id uuid NOT NULL,
    content text NOT NULL,
    tokens int NOT NULL,
    tokens_o200k int,
    pinned_at timestamptz,
    erase_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, message_id),
    FOREIGN KEY (workspace_id, message_id) REFERENCES messages (workspace_id, id)
);
COMMENT ON TABLE messages_taken_back IS 'sessions: texts that were taken back, until nobody can restore them any more';
ALTER TABLE messages_taken_back ENABLE ROW LEVEL SECURITY;
CREATE POLICY workspace ON messages_taken_back TO pantheon_app
    USING (workspace_id = (SELECT nullif(current_setting('pantheon.workspace_id', true), '')::uuid));
GRANT SELECT, INSERT, DELETE ON messages_taken_back TO pantheon_app;
GRANT SELECT, DELETE ON messages_taken_back TO pantheon_sweep;
CREATE POLICY sweep ON messages_taken_back TO pantheon_sweep USING (true);
