"""The first schema: domain, roles and row security, and the checkpointer's own tables.

Revision ID: 0001
Revises:
"""

from pathlib import Path

from alembic import op
from langgraph.checkpoint.postgres.base import MIGRATIONS

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

CHECKPOINT_MIGRATIONS = 10


def upgrade() -> None:
    """Make the domain's schema and the checkpointer's; the roles are there already.

    Raises RuntimeError where the installed checkpointer brings other migrations than this
    revision was written for: a new revision has to be made for them.
    """
    if len(MIGRATIONS) != CHECKPOINT_MIGRATIONS:
        raise RuntimeError(
            f"revision 0001 is made for {CHECKPOINT_MIGRATIONS} migrations of the checkpointer,"
            f" the installed library has {len(MIGRATIONS)}"
        )
    # The driver itself: it takes many statements in one text.
    run = op.get_bind().connection.cursor().execute
    run("GRANT USAGE ON SCHEMA public TO pantheon_app, pantheon_sweep")
    run("GRANT SELECT ON alembic_version TO pantheon_app")
    run(Path(__file__).with_suffix(".sql").read_text("utf-8"))
    run("CREATE SCHEMA checkpoints")
    run("GRANT USAGE ON SCHEMA checkpoints TO pantheon_app, pantheon_sweep")
    run("SET LOCAL search_path TO checkpoints")
    for version, statement in enumerate(MIGRATIONS):
        # A migration runs inside one transaction, where an index cannot be built concurrently.
        run(statement.replace(" CONCURRENTLY", ""))
        run("INSERT INTO checkpoint_migrations (v) VALUES (%s)", (version,))
    run("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA checkpoints TO pantheon_app")
    run("SET LOCAL search_path TO public")


def downgrade() -> None:
    """Remove everything but the roles, which belong to the whole cluster."""
    run = op.get_bind().connection.cursor().execute
    run("DROP SCHEMA checkpoints CASCADE")
    run("DROP FUNCTION resolve_credential(text, bytea)")
    run(
        "DROP TABLE idempotency_keys, context_audits, holds, llm_call_events, llm_call_attempts,"
        " turn_events, messages, steps, turns, sessions, room_agents, rooms, agent_prompts, agents,"
        " api_keys, logins, login_tokens, users, workspaces, workers CASCADE"
    )
    run("REVOKE USAGE ON SCHEMA public FROM pantheon_app, pantheon_sweep")
