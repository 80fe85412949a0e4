"""Tests of `pantheon.ledger`."""
