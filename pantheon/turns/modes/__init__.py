"""Who answers next, for each mode: pure functions of the turn's state."""
