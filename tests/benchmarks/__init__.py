"""Tests of the benchmark's own instruments. No figure is asserted."""
