"""Tests of `pantheon.rooms`."""
