"""Rooms and their roster: positions, mute, goal, mode."""
