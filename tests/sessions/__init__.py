"""Tests of `pantheon.sessions`."""
