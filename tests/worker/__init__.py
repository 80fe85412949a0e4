"""Tests of `pantheon.worker`."""
