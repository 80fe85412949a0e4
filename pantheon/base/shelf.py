"""A bounded memory of what can be made again: what was not asked for longest goes first."""

from collections import OrderedDict
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Shelf(Generic[K, V]):
    """Keeps values by key as long as their sizes together stay within `most`, in any unit."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self.size = 0

    def get(self, key: K) -> V | None:
        """Return a value, `None` where it is not kept (any more)."""
        if key not in self._held:
            return None
        self._held.move_to_end(key)
        return self._held[key][0]

    def put(self, key: K, value: V, size: int) -> None:
        """Keep a value in place of an older one; what is larger than the shelf is not kept."""
        _, freed = self._held.pop(key, (None, 0))
        self.size -= freed
        if size > self._most:
            return
        self._held[key] = (value, size)
        self.size += size
        while self.size > self._most:
            _, (_, freed) = self._held.popitem(last=False)
            self.size -= freed
