"""The fake's memory: which requests came, what was answered, how each ended."""

import asyncio
import contextlib
import hashlib
import time
from dataclasses import asdict, dataclass, field


@dataclass(slots=True)
class Entry:
    """One request for an answer. `usage` is what its answer reports, as it went over the wire."""

    id: str | None
    model: str
    sha256: str
    path: str
    at: float
    settled_at: float | None = None
    outcome: str = "open"
    status: int = 0
    tokens: int = 0
    streamed: bool = False
    usage: dict | None = None


@dataclass
class Log:
    """All requests since the last reset."""

    entries: list[Entry] = field(default_factory=list)
    times: dict[str, int] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, request_id: str | None, model: str, body: bytes, path: str) -> Entry:
        """Note a request."""
        entry = Entry(request_id, model, hashlib.sha256(body).hexdigest(), path, time.time())
        self.entries.append(entry)
        self._tell()
        return entry

    def count(self, model: str) -> int:
        """Count a request of this model; return how many there were before."""
        before = self.times.get(model, 0)
        self.times[model] = before + 1
        return before

    def settle(self, entry: Entry, outcome: str) -> None:
        """Note how a request ended; the first word stands."""
        if entry.outcome == "open":
            entry.outcome, entry.settled_at = outcome, time.time()
            self._tell()

    async def read(
        self, request_id: str | None, *, arrived_seconds: float = 0, settled_seconds: float = 0
    ) -> list[dict]:
        """Return the entries (of one id), once there is one, or once none is open.

        When the time is over, they are told as they are.
        """

        def chosen() -> list[Entry]:
            return [e for e in self.entries if request_id is None or e.id == request_id]

        async def enough() -> None:
            while not chosen() or (settled_seconds and any(e.outcome == "open" for e in chosen())):
                await self.changed.wait()

        if wait_seconds := max(arrived_seconds, settled_seconds):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(enough(), wait_seconds)
        return [asdict(entry) for entry in chosen()]

    def reset(self) -> None:
        """Forget everything."""
        self.entries.clear()
        self.times.clear()

    def _tell(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()
