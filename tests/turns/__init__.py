"""Tests of `pantheon.turns`."""
