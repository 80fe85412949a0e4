"""Tests: they mirror `pantheon/` and run on real parts."""
