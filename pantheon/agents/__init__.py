"""Agents: named participants with a model, a role prompt and parameters."""
