"""Processes killed, connections cut: what a turn survives, shown with real processes.

Every harness has a control: with its guard off it fails, or it proves nothing.
"""
