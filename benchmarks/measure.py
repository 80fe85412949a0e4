"""Measuring: turns taken by the load client, beside them the CPU time of whom they went to."""

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import httpx2

from benchmarks.processes import Process, cpu_seconds
from benchmarks.subjects import FIRST_MARK, Session, Subject

# What a subject still does for a turn after its answer has ended is counted too.
TRAIL_SECONDS = 0.15


@dataclass(frozen=True, slots=True)
class Run:
    """Turns that were taken. `cpu_ms` is that of the subject's whole process tree.

    `sent_at` are seconds of the monotonic clock, `body` is the last answer, if it was to be shown.
    """

    first_ms: Sequence[float]
    sent_at: Sequence[float]
    seconds: float
    cpu_ms: float
    postgres_cpu_ms: float
    fake_cpu_ms: float
    load_cpu_ms: float
    body: str

    @property
    def turns(self) -> int:
        """How many."""
        return len(self.first_ms)


@dataclass
class Results:
    """Figures by key and subject: a value a round."""

    values: dict[str, dict[str, list[float]]] = field(default_factory=dict)

    def add(self, key: str, subject: Subject | str, value: float) -> None:
        """Keep a value."""
        name = subject if isinstance(subject, str) else subject.name
        self.values.setdefault(key, {}).setdefault(name, []).append(value)

    def middle(self, key: str, subject: str) -> float | None:
        """Return the median of a figure's rounds."""
        values = self.values.get(key, {}).get(subject)
        return median(values) if values else None


@dataclass
class Bench:
    """The processes that every figure needs, and what has been measured."""

    folder: Path
    fake: Process
    load: Process
    readers: Process
    url: str
    results: Results = field(default_factory=Results)
    direct_ms: dict[str, float] = field(default_factory=dict)

    def run(
        self,
        subject: Subject,
        sessions: Sequence[Session],
        turns: int,
        *,
        in_step: bool = False,
        show: bool = False,
    ) -> Run:
        """Take `turns` turns in each session, one after another or all sessions in step.

        Raises RuntimeError when an answer is not what was asked for.
        """
        one = sessions[0]
        job = {
            "kind": "turns",
            "port": one.port,
            "requests": [session.request for session in sessions],
            "turns": turns,
            "in_step": in_step,
            "first": FIRST_MARK,
            "marks": one.marks,
            "status": one.status,
            "show": show,
        }
        roots = (subject.processes(), (self.fake,), (self.load,))
        before = [cpu_seconds(processes) for processes in roots]
        answer = self.load.ask(job)
        if "error" in answer or answer["wrong"]:
            why = answer.get("error") or f"{len(answer['wrong'])} wrong, one: {answer['wrong'][0]}"
            raise RuntimeError(f"{subject.title}: {why}")
        time.sleep(TRAIL_SECONDS)
        used = [
            [(now - start) * 1000 for now, start in zip(cpu_seconds(processes), then, strict=True)]
            for processes, then in zip(roots, before, strict=True)
        ]
        return Run(
            first_ms=answer["first_ms"],
            sent_at=answer["sent_at"],
            seconds=answer["seconds"],
            cpu_ms=used[0][0],
            postgres_cpu_ms=used[0][1],
            fake_cpu_ms=used[1][0],
            load_cpu_ms=used[2][0],
            body=answer["body"],
        )

    def forget_requests(self) -> None:
        """Empty the fake's log, which grows with every request."""
        httpx2.post(self.url.removesuffix("/v1") + "/reset", trust_env=False).raise_for_status()

    def requests(self) -> list[dict[str, Any]]:
        """Return the fake's log: each request since the last time it was emptied."""
        answer = httpx2.get(self.url.removesuffix("/v1") + "/log", trust_env=False)
        requests: list[dict[str, Any]] = answer.raise_for_status().json()["requests"]
        return requests

    def follow(self, sessions: Sequence[Session], count: int) -> None:
        """Have `count` more readers follow the sessions, evenly."""
        requests = [sessions[at % len(sessions)].followed_by for at in range(count)]
        answer = self.readers.ask(
            {"kind": "follow", "port": sessions[0].port, "requests": requests}
        )
        if "error" in answer:
            raise RuntimeError(f"readers: {answer['error']}")

    def leave(self) -> Mapping[str, int]:
        """Have all readers leave; return how many there were and the bytes that they read."""
        return self.readers.ask({"kind": "leave"})


@contextmanager
def open_bench(folder: Path) -> Iterator[Bench]:
    """Start the fake model server and the clients; they end with the `with`."""
    started: list[Process] = []
    try:
        for module in ("tests.fakes", "benchmarks.load", "benchmarks.load"):
            log = folder / f"{module}-{len(started)}.log"
            started.append(Process([sys.executable, "-m", module], log))
        fake, load, readers = started
        url = json.loads(fake.read_line())["url"]
        load.read_line()
        readers.read_line()
        yield Bench(folder, fake, load, readers, url)
    finally:
        for process in started:
            process.stop()


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` of the values lie (nearest rank)."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]
