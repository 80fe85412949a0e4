"""The worker: claims turns, runs them, drains, sweeps."""
