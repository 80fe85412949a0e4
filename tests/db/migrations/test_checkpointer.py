"""Tests of the checkpointer's mending: what is damaged is as it was, nothing else is touched."""

import psycopg
import pytest

from pantheon.db.migrations.checkpointer import mend
from pantheon.turns.checkpoints import Saver
from tests import schema_dump


@pytest.mark.parametrize(
    "damage",
    [
        "DROP TABLE checkpoints.checkpoint_migrations",
        "DROP TABLE checkpoints.checkpoint_writes",
        "DELETE FROM checkpoints.checkpoint_migrations WHERE v = 9",
        "DROP SCHEMA checkpoints CASCADE",
    ],
)
def test_what_is_missing_is_made_anew(server, damage):
    before = schema_dump.dump(server.admin_url)
    with psycopg.connect(server.admin_url) as admin:
        admin.execute(damage)
    assert mend(server.admin_url, Saver.MIGRATIONS)
    assert schema_dump.dump(server.admin_url) == before
    assert not mend(server.admin_url, Saver.MIGRATIONS)


def test_an_invalid_index_is_built_anew_and_the_rows_stay(server):
    invalid = "SELECT count(*) FROM pg_index WHERE NOT indisvalid"
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        admin.execute(
            "INSERT INTO checkpoints.checkpoints (thread_id, checkpoint_id, checkpoint)"
            " VALUES ('t', 'c', '{}')"
        )
        admin.execute(
            "UPDATE pg_index SET indisvalid = false"
            " WHERE indexrelid = 'checkpoints.checkpoints_thread_id_idx'::regclass"
        )
        assert admin.execute(invalid).fetchone() == (1,)
        assert mend(server.admin_url, Saver.MIGRATIONS)
        assert admin.execute(invalid).fetchone() == (0,)
        assert admin.execute("SELECT count(*) FROM checkpoints.checkpoints").fetchone() == (1,)
    assert not mend(server.admin_url, Saver.MIGRATIONS)
