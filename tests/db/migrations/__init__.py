"""Tests of `pantheon.db.migrations`."""
