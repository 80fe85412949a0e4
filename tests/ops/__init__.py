"""Tests of `pantheon.ops`."""
