"""Context: counted tokens, summaries, pins.

Revision ID: 0002
Revises: 0001
"""

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let messages be counted, pinned and taken back, and keep summaries."""
    run = op.get_bind().connection.cursor().execute
    run(Path(__file__).with_suffix(".sql").read_text("utf-8"))


def downgrade() -> None:
    """Forget them; messages that were taken back stay empty."""
    run = op.get_bind().connection.cursor().execute
    run("DROP TABLE summaries")
    run("ALTER TABLE rooms DROP COLUMN summary_model")
    run("REVOKE UPDATE (data) ON turn_events FROM pantheon_app")
    run(
        "REVOKE UPDATE (content, tokens, tokens_o200k, pinned_at, deleted_at) ON messages"
        " FROM pantheon_app"
    )
    run("DROP INDEX messages_pins")
    run(
        "ALTER TABLE messages DROP COLUMN tokens_o200k, DROP COLUMN pinned_at,"
        " DROP COLUMN deleted_at"
    )
