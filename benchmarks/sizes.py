"""How much is measured: quick, by default, long."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Sizes:
    """Counts of sessions (`_sessions`), of turns, and of rounds.

    Rounds go through all subjects each, so that a noisy minute meets them all.
    """

    rounds: int = 3
    warm_up_turns: int = 40
    first_sessions: int = 5
    first_turns: int = 20
    step_sessions: int = 32
    step_turns: int = 4
    crowd_sessions: int = 256
    crowd_turns: int = 1
    agent_sessions: int = 2
    agent_turns: int = 10
    managed_turns: int = 10
    length_turns: int = 300
    window_turns: int = 20
    reader_sessions: int = 8
    reader_turns: int = 5
    most_readers: int = 1024
    memory_turns: int = 1000
    starts: int = 2


DEFAULT = Sizes()
QUICK = Sizes(
    rounds=1,
    warm_up_turns=20,
    first_sessions=3,
    step_turns=3,
    agent_sessions=1,
    managed_turns=5,
    length_turns=60,
    reader_turns=3,
    most_readers=128,
    memory_turns=200,
    starts=1,
)
LONG = replace(DEFAULT, rounds=5, crowd_turns=3, length_turns=1000)
