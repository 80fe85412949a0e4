"""A small installation of real processes: a database, a model server, APIs, workers, a client."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import orjson

from pantheon.accounts import keys
from pantheon.accounts.roles import Who
from pantheon.accounts.workspaces import ensure_local_owner
from pantheon.db.pool import Database
from pantheon.ops.embedded import Server
from pantheon.ops.reconcile import reconcile
from tests import make
from tests.fakes.process import requests

ROOT = Path(__file__).parents[2]
TERMINAL = ("completed", "partial", "failed", "cancelled")
LEASE_SECONDS = 1.0
MODES = ("direct", "manual", "sequence", "roundtable")


@dataclass(eq=False)
class Process:
    """A process of the installation."""

    kind: str
    pid: int
    url: str = ""
    ended: asyncio.Future[int] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def kill(self) -> None:
        """End it at once, as the memory killer does."""
        if not self.ended.done():
            os.kill(self.pid, signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end (SIGTERM)."""
        os.kill(self.pid, signal.SIGTERM)


class World:
    """The installation, and what a client of it does."""

    def __init__(self, server: Server, db: Database, fakes: str, folder: Path) -> None:
        self.server = server
        self.db = db
        self.fakes = fakes
        self.folder = folder
        self.who: Who
        self.headers: dict[str, str]
        self.processes: dict[int, Process] = {}
        self._nursery: asyncio.subprocess.Process
        self._started: asyncio.Queue[int] = asyncio.Queue()
        self._early: dict[int, int] = {}

    async def start(self, kind: str, **env: str) -> Process:
        """Start an `api` or a `worker`; an API is waited for until it answers."""
        port = _free_port()
        settings = {
            "data_dir": str(self.folder),
            "database_url": self.server.url,
            "port": port,
            "lease_seconds": LEASE_SECONDS,
            "grace_seconds": 2,
            "providers": {"fake": {"base_url": self.fakes, "any_model": True}},
        }
        log = str(self.folder / f"{kind}.log")
        line = {"kind": kind, "settings": settings, "env": env, "log": log}
        assert self._nursery.stdin is not None
        self._nursery.stdin.write(json.dumps(line).encode() + b"\n")
        pid = await self._started.get()
        process = Process(kind, pid, f"http://127.0.0.1:{port}")
        self.processes[pid] = process
        if pid in self._early:
            process.ended.set_result(self._early.pop(pid))
        if kind == "api":
            await self._until_healthy(process)
        return process

    async def _until_healthy(self, process: Process) -> None:
        async with httpx2.AsyncClient() as client:
            for _ in range(600):
                try:
                    if (await client.get(f"{process.url}/healthz")).status_code == 200:
                        return
                except httpx2.TransportError:
                    await asyncio.sleep(0.05)
                if process.ended.done():
                    break
        raise RuntimeError(f"the API did not start: {(self.folder / 'api.log').read_text()}")

    async def listen(self) -> None:
        """Take the nursery's news until it ends."""
        assert self._nursery.stdout is not None
        async for line in self._nursery.stdout:
            news = json.loads(line)
            if "started" in news:
                self._started.put_nowait(news["started"])
            elif (process := self.processes.get(news["ended"])) is None:
                self._early[news["ended"]] = news["code"]
            else:
                process.ended.set_result(news["code"])

    async def session(self, mode: str, model: str, agents: int = 3) -> UUID:
        """Open a session for one of `MODES` whose agents have a model of the fake server."""
        async with self.db.transaction(self.who.workspace_id) as conn:
            if mode == "direct":
                agent = await make.make_agent(conn, self.who, model=f"fake/{model}")
                session = await make.make_session(conn, self.who, agent=agent)
            else:
                room = await make.make_room(
                    conn, self.who, agents=agents, model=f"fake/{model}", mode="roundtable"
                )
                session = await make.make_session(conn, self.who, room=room)
        return UUID(session["id"])

    async def ask(self, api: Process, session_id: UUID, mode: str, key: str = "") -> Any:
        """POST a turn; returns the response."""
        body = {"input": "@all What now?" if mode != "direct" else "What now?"}
        if mode in ("manual", "sequence"):
            body |= {"mode": "manual", "order": "parallel" if mode == "manual" else "sequence"}
        elif mode == "roundtable":
            body["mode"] = mode
        headers = {**self.headers, **({"Idempotency-Key": key} if key else {})}
        async with httpx2.AsyncClient(timeout=30) as client:
            return await client.post(
                f"{api.url}/api/v1/sessions/{session_id}/turns", json=body, headers=headers
            )

    async def turns(self) -> list[dict[str, Any]]:
        """Read all turns, as the database has them."""
        async with self.db.transaction(self.who.workspace_id) as conn:
            cursor = await conn.execute(
                "SELECT id, mode, status, error, lease_epoch, takeovers FROM turns ORDER BY id"
            )
            names = ("id", "mode", "status", "error", "lease_epoch", "takeovers")
            return [dict(zip(names, row, strict=True)) for row in await cursor.fetchall()]

    async def all_over(self, seconds: float) -> list[dict[str, Any]]:
        """Wait until every turn is terminal; returns them as they then are, or as time ran out."""
        end = asyncio.get_running_loop().time() + seconds
        while True:
            turns = await self.turns()
            over = all(turn["status"] in TERMINAL for turn in turns)
            if over or asyncio.get_running_loop().time() > end:
                return turns
            await asyncio.sleep(0.05)

    async def check(self) -> None:
        """Assert every invariant of the books, and that they tell what the model server saw.

        I2 with the provider's log as the oracle: each request there has one call event by its id;
        a call event without a request is lost, or says that it was not sent. A step that has its
        answer is never asked again.
        """
        drift = [
            f"{finding.check.id} {finding.check.says}: {finding.rows}"
            for finding in await reconcile(self.server.admin_url)
            if finding.drift
        ]
        assert drift == []
        async with self.db.transaction(self.who.workspace_id) as conn:
            cursor = await conn.execute(
                """
                SELECT a.id::text, e.outcome, e.sent, encode(a.request_sha256, 'hex'), a.step_id
                FROM llm_call_attempts a LEFT JOIN llm_call_events e
                  ON e.workspace_id = a.workspace_id AND e.attempt_id = a.id
                """
            )
            ledger = {row[0]: row[1:] for row in await cursor.fetchall()}
        log = await asyncio.to_thread(requests, self.fakes)
        seen = [entry for entry in log if entry["id"] in ledger]
        assert len({entry["id"] for entry in seen}) == len(seen), "a request was sent twice"
        assert all(entry["sha256"] == ledger[entry["id"]][2] for entry in seen)
        received = {entry["id"] for entry in seen}
        unseen = [row for attempt, row in ledger.items() if attempt not in received]
        assert all(outcome == "lost" or not sent for outcome, sent, _, _ in unseen)


@asynccontextmanager
async def world(server: Server, fakes: str, folder: Path) -> AsyncIterator[World]:
    """Make an installation whose owner has an API key; all its processes end with the block."""
    db = Database(server.url)
    await db.open()
    here = World(server, db, fakes, folder)
    here.who = await ensure_local_owner(db)
    async with db.transaction(here.who.workspace_id) as conn:
        token, _ = await keys.create_key(conn, here.who, "faults", ["read", "write"])
    here.headers = {"Authorization": f"Bearer {token}"}
    here._nursery = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.faults.nursery",
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    listening = asyncio.create_task(here.listen())
    try:
        yield here
    finally:
        for process in here.processes.values():
            process.kill()
        assert here._nursery.stdin is not None
        here._nursery.stdin.close()
        await here._nursery.wait()
        await listening
        await db.close()


async def read_events(
    url: str, headers: dict[str, str], session_id: UUID, after: str | None
) -> AsyncIterator[tuple[str | None, str, dict[str, Any]]]:
    """Follow a session over HTTP as `(id, event, data)`; ends when the connection does."""
    given = {**headers, **({"Last-Event-ID": after} if after else {})}
    async with (
        httpx2.AsyncClient(timeout=httpx2.Timeout(10, read=30)) as client,
        client.stream(
            "GET", f"{url}/api/v1/sessions/{session_id}/events", headers=given
        ) as response,
    ):
        assert response.status_code == 200, await response.aread()
        fields: dict[str, str] = {}
        async for line in response.aiter_lines():
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "event" in fields:
                yield fields.get("id"), fields["event"], orjson.loads(fields["data"])
                fields = {}
            else:
                fields = {}


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])
