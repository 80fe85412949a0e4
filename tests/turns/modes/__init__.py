"""Tests of `pantheon.turns.modes`."""
