"""Round table: all agents speak strictly in order; later ones see what earlier ones said."""

from pantheon.turns.modes.types import Seating

ROUNDTABLE = Seating("roundtable")
