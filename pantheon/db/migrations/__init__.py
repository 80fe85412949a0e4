"""Alembic's environment and its revisions, in plain SQL."""
