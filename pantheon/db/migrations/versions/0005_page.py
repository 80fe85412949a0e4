"""What the page needs: keys of model providers, search, forks, messages that were taken back.

Revision ID: 0005
Revises: 0004
"""

from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add provider keys, words of messages, forks, hashes of conversations, what was taken back."""
    op.get_bind().connection.cursor().execute(Path(__file__).with_suffix(".sql").read_text("utf-8"))


def downgrade() -> None:
    """Remove them: keys that were entered are gone, forks stand by themselves."""
    run = op.get_bind().connection.cursor().execute
    run("DROP TABLE messages_taken_back")
    run("DROP TABLE chat_threads")
    run("ALTER TABLE sessions DROP COLUMN forked_from")
    run("DROP FUNCTION find_messages(tsquery, uuid, uuid, int)")
    run("ALTER TABLE messages DROP COLUMN words")
    run("DROP TABLE provider_keys")
