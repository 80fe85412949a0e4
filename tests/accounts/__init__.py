"""Tests of `pantheon.accounts`."""
