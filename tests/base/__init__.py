"""Tests of `pantheon.base`."""
