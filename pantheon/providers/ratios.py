"""How far counted tokens are from what a provider reports, per model, learned as calls end."""

from collections import deque
from uuid import UUID

SHORTEST_SAMPLE = 200
"""Below this many tokens a request's fixed parts drown the difference."""

SAMPLES = 8
ENOUGH = 3
MARGIN = 1.05
LOWEST, HIGHEST = 0.4, 4.0


class Ratios:
    """The last samples of each model that this process has asked.

    `recalled` are the workspaces whose earlier calls it knows.
    """

    def __init__(self) -> None:
        """Know nothing yet: each ratio is 1."""
        self.recalled: set[UUID] = set()
        self._samples: dict[str, deque[float]] = {}
        self._ratios: dict[str, float] = {}

    def of(self, model_id: str) -> float:
        """Return by how much to multiply a count; from above, 1 until enough is known."""
        return self._ratios.get(model_id, 1.0)

    def knows(self, model_id: str) -> bool:
        """Say whether a model has any sample."""
        return model_id in self._samples

    def learn(self, model_id: str, counted: int, reported: int) -> None:
        """Take what a provider reported for a request that was counted so (without a ratio)."""
        if counted < SHORTEST_SAMPLE or reported <= 0:
            return
        samples = self._samples.setdefault(model_id, deque(maxlen=SAMPLES))
        samples.append(reported / counted)
        self._ratios[model_id] = ratio_of(list(samples))


def ratio_of(samples: list[float]) -> float:
    """Return the ratio for some samples: the highest with a margin, within bounds.

    A few samples can only raise it: one text may be far sparser than the next.
    """
    highest = max(samples, default=1.0) * MARGIN
    if len(samples) < ENOUGH:
        highest = max(1.0, highest)
    return round(min(max(highest, LOWEST), HIGHEST), 3)
