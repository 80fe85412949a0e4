"""Tests of `pantheon.api`."""
