"""Pantheon: rooms of AI agents whose turns survive, are streamed and are charged exactly once."""

__version__ = "0.1.0"
