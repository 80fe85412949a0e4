"""Pantheon as a subject: its own commands, its public HTTP interface, an API key."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx2

from benchmarks.processes import Process, free_port, make_folder
from benchmarks.subjects import BURST, MODELS, QUESTION, Ask, Session, raw_request

START_SECONDS = 60.0
AGENTS = ("ada", "bo", "cy")
WINDOW = 1_000_000
SCRIPTED = "fake/scripted"
KEPT = ("PATH", "HOME", "LANG", "PYTHONPATH")


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a turn, its times in seconds since the epoch."""

    attempt_id: str
    started_at: float
    finished_at: float
    latency_ms: int


Round = tuple[Step, list[Step], Step]
"""A decision, the agents that it asked, the decision after it."""


@dataclass
class Pantheon:
    """`pantheon up`, or with `apart` one `pantheon api` and one `pantheon worker`.

    It is spoken to with an API key, or `by_link` with the cookie of the login link, as the first
    start of a person's has it. `looked_into`: started by `benchmarks.profiled`.
    """

    url: str
    folder: Path
    apart: bool = False
    by_link: bool = False
    concurrency: int = 256
    looked_into: bool = False
    started: list[Process] = field(default_factory=list)
    port: int = 0
    credential: dict[str, str] = field(default_factory=dict)
    places: dict[Ask, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """How options and results call it."""
        return "apart" if self.apart else "pantheon"

    @property
    def title(self) -> str:
        """How the table calls it."""
        return "API + worker" if self.apart else "Pantheon"

    @property
    def data_dir(self) -> Path:
        """Where it keeps everything."""
        return self.folder / self.name

    def start(self) -> None:
        """Start it; the first time it is also given an API key."""
        first = not self.data_dir.exists()
        self.port = self.port or free_port()
        if self.apart:
            if first:
                self._run("migrate")
            self.started = [self._spawn("api", "--port", str(self.port))]
            self._await_ready(("ok", "degraded"))
            self.started.append(self._spawn("worker"))
        else:
            self.started = [self._spawn("up", "--no-open", "--port", str(self.port))]
            link = self.started[0].read_line()
        self._await_ready(("ok",))
        if first and self.by_link:
            self.credential = self._sign_in(link.partition("#")[2])
        elif first:
            key = self._run("key", "create", "--name", "benchmark").strip()
            self.credential = {"Authorization": f"Bearer {key}"}

    def stop(self) -> None:
        """Stop it, the worker first: PostgreSQL belongs to the API."""
        while self.started:
            self.started.pop().stop()

    def processes(self) -> Sequence[Process]:
        """One or two; PostgreSQL is below the first."""
        return self.started

    def sessions(self, ask: Ask, count: int) -> list[Session]:
        """Open sessions with an agent, or in a room of three."""
        with self._http() as http:
            if ask.agents == "one":
                place = f"agents/{self._agent(http, ask)}"
                body: dict[str, Any] = {"input": QUESTION}
            else:
                place = f"rooms/{self._room(http, ask)}"
                body = {"input": QUESTION}
                if ask.agents == "in-order":
                    body["mode"] = "roundtable"
                elif ask.agents == "at-once":
                    body = {
                        "input": QUESTION,
                        "mode": "manual",
                        "order": "parallel",
                        "agents": list(AGENTS),
                    }
            ids = [
                _made(http.post(f"/api/v1/{place}/sessions", json={}))["id"] for _ in range(count)
            ]
        return [self._session(session_id, body, ask.last_mark) for session_id in ids]

    def rounds(self, session: Session) -> list[Round]:
        """Return the rounds of a managed session's newest turns."""
        rounds: list[Round] = []
        with self._http() as http:
            timeline = _made(http.get(f"/api/v1/sessions/{session.id}/timeline"))
            for turn in timeline["items"]:
                steps = [self._step(http, step) for step in turn["steps"][:-1]]
                decisions = [at for at, step in enumerate(turn["steps"]) if step["kind"] == "route"]
                rounds += [
                    (steps[at], steps[at + 1 : after], steps[after])
                    for at, after in pairwise(decisions)
                ]
        return rounds

    def _step(self, http: httpx2.Client, step: Mapping[str, Any]) -> Step:
        sent = _made(http.get(f"/api/v1/steps/{step['id']}/context"))
        began, ended = (
            datetime.fromisoformat(step[name]).timestamp() for name in ("started_at", "finished_at")
        )
        return Step(sent["attempt_id"], began, ended, step["latency_ms"])

    def fresh(self, folder: Path) -> "Pantheon | None":
        """Begin with an empty data directory; its halves are not for that."""
        return None if self.apart else Pantheon(self.url, folder, by_link=True)

    def _http(self) -> httpx2.Client:
        base_url = f"http://127.0.0.1:{self.port}"
        return httpx2.Client(base_url=base_url, headers=self.credential, trust_env=False)

    def _sign_in(self, token: str) -> dict[str, str]:
        with self._http() as http:
            answer = http.post("/api/v1/login", json={"token": token})
            answer.raise_for_status()
            origin = f"http://127.0.0.1:{self.port}"
            return {
                "Origin": origin,
                "Cookie": "; ".join(f"{name}={value}" for name, value in http.cookies.items()),
            }

    def _session(self, session_id: str, body: Mapping[str, Any], last_mark: str) -> Session:
        events = {**self.credential, "Accept": "text/event-stream"}
        path = f"/api/v1/sessions/{session_id}"
        return Session(
            self.port,
            raw_request("POST", self.port, f"{path}/turns", json.dumps(body), events),
            (last_mark, "event: turn.completed", '"status":"completed"'),
            status=201,
            followed_by=raw_request("GET", self.port, f"{path}/events", headers=events),
            id=session_id,
        )

    def _agent(self, http: httpx2.Client, ask: Ask) -> str:
        if ask not in self.places:
            context: dict[str, Any] = {"policy": "everything"}
            if ask.last_turns is not None:
                context = {"policy": "last", "last_turns": ask.last_turns}
            self.places[ask] = _make_agent(http, f"one-{len(self.places)}", ask, context=context)
        return self.places[ask]

    def _room(self, http: httpx2.Client, ask: Ask) -> str:
        managed = ask.agents == "managed"
        place = ask if managed else replace(ask, agents="three")
        if place not in self.places:
            keys = [f"{key}-{len(self.places)}" for key in AGENTS] if managed else AGENTS
            given = {"name": "Three", **(_managed(keys) if managed else {})}
            room = self.places[place] = _made(http.post("/api/v1/rooms", json=given))["id"]
            for key in keys:
                seat = {"agent_id": _make_agent(http, key, ask)}
                _made(http.post(f"/api/v1/rooms/{room}/agents", json=seat))
        return self.places[place]

    def _spawn(self, *arguments: str) -> Process:
        log = self.folder / f"{self.name}-{arguments[0]}.log"
        program: list[str | Path] = [_program()]
        if self.looked_into:
            folder = make_folder(self.look_folder(arguments[0]))
            program = [sys.executable, "-m", "benchmarks.profiled", folder]
        command = [*program, *arguments, "--data-dir", self.data_dir]
        return Process(command, log, environment=self._environment())

    def look_folder(self, command: str) -> Path:
        """Return where a process that is looked into writes what was seen."""
        return self.folder / f"look-{command}"

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            [_program(), *arguments, "--data-dir", str(self.data_dir)],
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
        )
        if done.returncode:
            raise RuntimeError(f"pantheon {' '.join(arguments)}: {done.stderr[-3000:]}")
        return done.stdout

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        models = [
            {"id": model, "context_window": WINDOW, "price": {"input": "1", "output": "2"}}
            for model in (*MODELS, "scripted")
        ]
        fake = {"kind": "openai", "base_url": self.url, "api_key": "benchmark", "models": models}
        return {
            **kept,
            "PANTHEON_PROVIDERS": json.dumps({"fake": fake}),
            "PANTHEON_WORKER_CONCURRENCY": str(self.concurrency),
        }

    def _await_ready(self, healthy: Sequence[str]) -> None:
        deadline = time.monotonic() + START_SECONDS
        with httpx2.Client(trust_env=False) as http:
            while time.monotonic() < deadline:
                for process in self.started:
                    if not process.alive():
                        raise RuntimeError(f"Pantheon has ended:\n{process.last_words()}")
                try:
                    answer = http.get(f"http://127.0.0.1:{self.port}/readyz")
                    if answer.json()["status"] in healthy:
                        return
                except httpx2.TransportError:
                    pass  # it does not listen yet
                time.sleep(0.01)
        raise RuntimeError(f"Pantheon is not ready:\n{self.started[-1].last_words()}")


def _make_agent(http: httpx2.Client, key: str, ask: Ask, **given: Any) -> str:
    agent = {
        "key": key,
        "name": key.title(),
        "model": f"fake/{ask.model}",
        "role_prompt": f"You are {key}.",
        **given,
    }
    return str(_made(http.post("/api/v1/agents", json=agent))["id"])


def _managed(keys: Sequence[str]) -> dict[str, Any]:
    """Return what makes a room managed: all are asked, once more with other briefs, then enough."""
    decisions = []
    for left, brief in ((3, "Look at it."), (2, "Look again.")):
        asked = [{"agent": key, "brief": brief} for key in keys]
        decision = {"action": "delegate", "assignments": asked, "answer": None, "reason": "Views."}
        decisions.append((left, decision))
    enough = {"action": "finish", "assignments": [], "answer": None, "reason": "Enough."}
    lines = [f"on Left: {left} rounds => say: {json.dumps(what)}" for left, what in decisions]
    lines += [f"on Left: 1 round => say: {json.dumps(enough)}", f"on Write the => as: {BURST}"]
    manager = {"model": SCRIPTED, "prompt": "\n".join(lines)}
    return {"mode": "orchestrator", "goal": "A good answer.", "manager": manager}


def _program() -> str:
    return str(Path(sys.executable).parent / "pantheon")


def _made(answer: httpx2.Response) -> dict[str, Any]:
    if answer.status_code >= 300:
        raise RuntimeError(f"{answer.request.url}: {answer.status_code} {answer.text}")
    made: dict[str, Any] = answer.json()
    return made
