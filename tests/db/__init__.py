"""Tests of `pantheon.db`."""
