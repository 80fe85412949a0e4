"""Manual (tag): every tagged agent answers, in tag order, side by side or one after another."""

from pantheon.turns.modes.types import Seating

MANUAL = Seating("manual")
