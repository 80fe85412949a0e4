"""Tests of `pantheon.context`."""
