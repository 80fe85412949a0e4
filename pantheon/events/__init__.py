"""The live log of a turn: append, read, follow."""
