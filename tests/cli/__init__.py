"""Tests of `pantheon.cli`."""
