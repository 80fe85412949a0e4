"""Tests of `pantheon.agents`."""
