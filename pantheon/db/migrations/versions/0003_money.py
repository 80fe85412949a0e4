"""Money: price books, wallets, budgets, postings, the sealed ledger.

Revision ID: 0003
Revises: 0002
"""

from pathlib import Path

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what billing needs; nobody is billed until the switch is turned."""
    op.get_bind().connection.cursor().execute(Path(__file__).with_suffix(".sql").read_text("utf-8"))


def downgrade() -> None:
    """Remove it, with every balance; a turn's hold counts again what its calls charged."""
    run = op.get_bind().connection.cursor().execute
    run("DROP FUNCTION unsealed_ledgers()")
    run("DROP FUNCTION posting_month(uuid, date)")
    run("DROP FUNCTION month_totals(uuid, date)")
    run("DROP FUNCTION seal_of(uuid, bigint, timestamptz, timestamptz, bytea)")
    run(
        "DROP TABLE closed_months, seals, postings, budget_holds, budget_uses, budgets, wallets,"
        " price_lines, price_books"
    )
    run(
        "ALTER TABLE llm_call_events DROP COLUMN hold_id, DROP COLUMN cache_write_tokens,"
        " DROP COLUMN tool_calls, DROP COLUMN pricing, DROP COLUMN excess_microcredits"
    )
    run("ALTER TABLE llm_call_attempts DROP COLUMN hold_id")
    run("DELETE FROM holds")
    run(
        "ALTER TABLE holds DROP CONSTRAINT holds_pkey, DROP CONSTRAINT holds_turn,"
        " DROP CONSTRAINT holds_cover, DROP CONSTRAINT holds_most, DROP COLUMN id,"
        " DROP COLUMN earmarked_microcredits, DROP COLUMN most_microcredits,"
        " ALTER COLUMN turn_id SET NOT NULL, ADD PRIMARY KEY (workspace_id, turn_id),"
        " RESET (fillfactor)"
    )
    run(
        "INSERT INTO holds (workspace_id, turn_id, amount_microcredits, drawn_microcredits,"
        " released_at) SELECT t.workspace_id, t.id, 0, coalesce(sum(e.charged_microcredits), 0),"
        " t.finished_at FROM turns t LEFT JOIN llm_call_events e"
        " ON e.workspace_id = t.workspace_id AND e.turn_id = t.id"
        " GROUP BY t.workspace_id, t.id, t.finished_at"
    )
