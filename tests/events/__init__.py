"""Tests of `pantheon.events`."""
