"""Direct: the session's one agent answers."""

from pantheon.turns.modes.types import Seating

DIRECT = Seating("direct")
