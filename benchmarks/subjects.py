"""What is compared: each subject is started, given sessions, and asked over its own HTTP."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import httpx2

from benchmarks.processes import Process, free_port

QUESTION = "What speaks for it, what against it, and what would you do?"
BURST = "ok-100"
PACED = "paced-50-5-100"
# As a model that has begun: the first token at once, then one every millisecond.
TRICKLE = "paced-0-1-20"
MODELS = (BURST, PACED, TRICKLE)
FIRST_MARK = '"w0'


@dataclass(frozen=True, slots=True)
class Ask:
    """What a session is for: which model, how many agents in which order, how much history.

    `agents`: one, three `in-order`, `at-once`, or `managed`: asked together in two rounds.
    """

    model: str = BURST
    agents: str = "one"
    last_turns: int | None = None

    @property
    def answer(self) -> str:
        """The text of an agent's answer, as the fake makes it."""
        return " ".join(f"w{at}" for at in range(int(self.model.rpartition("-")[2])))

    @property
    def last_mark(self) -> str:
        """The last token."""
        return self.answer.rpartition(" ")[2]


ONE = Ask()
PACED_ONE = Ask(PACED)
TRICKLE_ONE = Ask(TRICKLE)
IN_ORDER = Ask(agents="in-order")
AT_ONCE = Ask(agents="at-once")
MANAGED = Ask(agents="managed")
PACED_MANAGED = Ask(PACED, agents="managed")
LAST_TEN = Ask(last_turns=10)


@dataclass(frozen=True, slots=True)
class Session:
    """A conversation: the text of the request that takes one more turn in it.

    An answer is right if it has `status` and every one of `marks`. Where a subject knows no
    agents, a turn of three is `requests` requests. `followed_by` is the request of a reader.
    """

    port: int
    request: str
    marks: tuple[str, ...]
    status: int = 200
    requests: int = 1
    followed_by: str | None = None
    id: str = ""


class Subject(Protocol):
    """Something that answers turns."""

    @property
    def name(self) -> str:
        """How options and results call it."""

    @property
    def title(self) -> str:
        """How people call it."""

    def start(self) -> None:
        """Start it; it is ready when this returns."""

    def stop(self) -> None:
        """Stop it. What it has stored stays."""

    def processes(self) -> Sequence[Process]:
        """Return the roots of its process trees, its PostgreSQL included."""

    def sessions(self, ask: Ask, count: int) -> list[Session]:
        """Open fresh sessions."""

    def fresh(self, folder: Path) -> "Subject | None":
        """Return one of the same kind that has stored nothing yet, if it stores anything."""


@dataclass
class Direct:
    """The fake model server itself: what every subject has to wait for."""

    url: str
    name: str = "direct"
    title: str = "provider itself"

    def start(self) -> None:
        """Nothing: it is there."""

    def stop(self) -> None:
        """Nothing: it is stopped last."""

    def processes(self) -> Sequence[Process]:
        """Nothing of it is counted."""
        return ()

    def sessions(self, ask: Ask, count: int) -> list[Session]:
        """Ask the model server."""
        return [_completion(httpx2.URL(self.url).port or 0, ask)] * count

    def fresh(self, folder: Path) -> None:
        """There is nothing to be fresh."""


@dataclass
class Proxy:
    """FastAPI and the same HTTP client, storing nothing: the floor."""

    url: str
    folder: Path
    name: str = "proxy"
    title: str = "bare proxy"
    started: list[Process] = field(default_factory=list)
    port: int = 0

    def start(self) -> None:
        """Start it."""
        self.port = self.port or free_port()
        self.started = [_module("benchmarks.proxy", self.folder, self.url, self.port)]
        self.started[0].read_line()

    def stop(self) -> None:
        """Stop it."""
        _stop(self.started)

    def processes(self) -> Sequence[Process]:
        """One."""
        return self.started

    def sessions(self, ask: Ask, count: int) -> list[Session]:
        """Ask the model through it: it knows no sessions."""
        return [_completion(self.port, ask)] * count

    def fresh(self, folder: Path) -> None:
        """It stores nothing."""


@dataclass
class Naive:
    """Plain LangGraph with its PostgreSQL saver in FastAPI, messages in the state."""

    url: str
    folder: Path
    name: str = "langgraph"
    title: str = "plain LangGraph"
    started: list[Process] = field(default_factory=list)
    port: int = 0
    threads: int = 0

    def start(self) -> None:
        """Start it, with its PostgreSQL in a folder of its own."""
        self.port = self.port or free_port()
        data = self.folder / "langgraph"
        self.started = [_module("benchmarks.naive", self.folder, self.url, self.port, data)]
        self.started[0].read_line()

    def stop(self) -> None:
        """Stop it."""
        _stop(self.started)

    def processes(self) -> Sequence[Process]:
        """One, and its PostgreSQL below it."""
        return self.started

    def sessions(self, ask: Ask, count: int) -> list[Session]:
        """Name fresh threads."""
        made = []
        for _ in range(count):
            self.threads += 1
            body: dict[str, Any] = {"input": QUESTION, "model": ask.model}
            if ask.last_turns is not None:
                # A turn is a question and an answer; the newest question comes on top.
                body["last"] = 2 * ask.last_turns + 1
            request = _post(self.port, f"/{ask.agents}/thread-{self.threads}", body)
            made.append(Session(self.port, request, (ask.last_mark, "event: done")))
        return made

    def fresh(self, folder: Path) -> "Naive":
        """Make its PostgreSQL anew."""
        return Naive(self.url, folder)


def _completion(port: int, ask: Ask) -> Session:
    body = {
        "model": ask.model,
        "stream": True,
        "stream_options": {"include_usage": True},
        "messages": [
            {"role": "system", "content": "You are ada."},
            {"role": "user", "content": QUESTION},
        ],
    }
    request = _post(port, "/v1/chat/completions", body)
    count = 1 if ask.agents == "one" else 3
    return Session(port, request, (ask.last_mark, "[DONE]"), requests=count)


def _post(port: int, path: str, body: object, headers: Mapping[str, str] | None = None) -> str:
    return raw_request("POST", port, path, json.dumps(body), headers)


def raw_request(
    method: str, port: int, path: str, body: str = "", headers: Mapping[str, str] | None = None
) -> str:
    """Return the text of an HTTP request; all of it is ASCII."""
    lines = [
        f"{method} {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in (headers or {}).items()),
    ]
    return "\r\n".join([*lines, "", body])


def _module(name: str, folder: Path, *arguments: object) -> Process:
    command = [sys.executable, "-m", name, *(str(argument) for argument in arguments)]
    return Process(command, folder / f"{name}.log")


def _stop(processes: list[Process]) -> None:
    while processes:
        processes.pop().stop()


def text_of(body: str) -> str:
    """Return the text that a turn's event stream has brought, whichever subject's it is."""
    parts = []
    for line in body.splitlines():
        if line.startswith("data: {"):
            data = json.loads(line[6:])
            for choice in data.get("choices", ()):
                parts.append(choice["delta"].get("content") or "")
            parts.append(data.get("text", ""))
    return "".join(parts)
