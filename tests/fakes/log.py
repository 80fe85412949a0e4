"""The fake's memory: which requests came, what was answered, how each ended."""

import asyncio
import contextlib
import hashlib
import time
from dataclasses import asdict, dataclass, field


@dataclass(slots=True)
class Entry:
    """One request for an answer."""

    id: str | None
    model: str
    sha256: str
    at: float
    outcome: str = "open"
    status: int = 0
    tokens: int = 0
    streamed: bool = False


@dataclass
class Log:
    """All requests since the last reset."""

    entries: list[Entry] = field(default_factory=list)
    times: dict[str, int] = field(default_factory=dict)
    settled: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, request_id: str | None, model: str, body: bytes) -> Entry:
        """Note a request."""
        entry = Entry(request_id, model, hashlib.sha256(body).hexdigest(), time.time())
        self.entries.append(entry)
        return entry

    def count(self, model: str) -> int:
        """Count a request of this model; return how many there were before."""
        before = self.times.get(model, 0)
        self.times[model] = before + 1
        return before

    def settle(self, entry: Entry, outcome: str) -> None:
        """Note how a request ended; the first word stands."""
        if entry.outcome == "open":
            entry.outcome = outcome
            self.settled.set()
            self.settled = asyncio.Event()

    async def read(self, request_id: str | None, wait_seconds: float) -> list[dict]:
        """Return the entries (of one id), once none is open or the time is over."""

        def chosen() -> list[Entry]:
            return [e for e in self.entries if request_id is None or e.id == request_id]

        async def all_settled() -> None:
            while not chosen() or any(entry.outcome == "open" for entry in chosen()):
                await self.settled.wait()

        if wait_seconds > 0:
            # What is still open after that is told as such.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(all_settled(), wait_seconds)
        return [asdict(entry) for entry in chosen()]

    def reset(self) -> None:
        """Forget everything."""
        self.entries.clear()
        self.times.clear()
