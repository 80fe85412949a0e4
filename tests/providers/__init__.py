"""Tests of `pantheon.providers`."""
