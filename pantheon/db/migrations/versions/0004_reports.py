"""Reports and payments: usage rollups, top-ups, turn rates.

Revision ID: 0004
Revises: 0003
"""

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what counts turns, sums usage and remembers payments."""
    # The driver itself: it takes many statements in one text.
    run = op.get_bind().connection.cursor().execute
    run(Path(__file__).with_suffix(".sql").read_text("utf-8"))


def downgrade() -> None:
    """Remove it again: what users are allowed is full again, sums are made from the ledger."""
    run = op.get_bind().connection.cursor().execute
    run("DROP POLICY sweep ON workspaces; DROP POLICY sweep ON wallets")
    run("REVOKE SELECT ON workspaces, wallets FROM pantheon_sweep")
    run("DROP TABLE turn_rates, usage_marks, usage_rollups, payment_events, top_ups")
    run("DROP FUNCTION day_begins, analyze_usage_rollups")
