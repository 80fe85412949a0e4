"""PostgreSQL: pools, transactions with their workspace, wake-ups, migrations."""
