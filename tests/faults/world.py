"""A small installation of real processes: a database, a model server, APIs, workers, a client."""

import asyncio
import json
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx2
import psycopg

from pantheon.accounts import keys
from pantheon.accounts.roles import Who
from pantheon.accounts.workspaces import ensure_local_owner
from pantheon.base.errors import Problem
from pantheon.db.pool import Database
from pantheon.ops.embedded import Server
from tests import make
from tests.faults.billing import open_billing
from tests.faults.processes import Nursery, Process

TERMINAL = ("completed", "partial", "failed", "cancelled")
LEASE_SECONDS = 1.0
GRACE_SECONDS = 2.0
# `sequence` is manual one after another, `approved` an orchestrator whose user is asked each time.
MODES = ("direct", "manual", "sequence", "roundtable", "orchestrator", "approved")
ORCHESTRATED = ("orchestrator", "approved")
WAITING = """
    SELECT s.turn_id, s.id FROM steps s
    JOIN turns t ON t.workspace_id = s.workspace_id AND t.id = s.turn_id
    WHERE t.status = 'awaiting_input' AND s.kind = 'approval' AND s.finished_at IS NULL
"""
LOOK_SECONDS = 0.03
ANSWER_SECONDS = 60.0
# The server hangs up after 5 s: whoever asks in that moment would hear nothing.
KEPT_CONNECTIONS = httpx2.Limits(keepalive_expiry=2)

# Nobody listens there.
NOBODY = "http://127.0.0.1:9/v1"
MANAGER = {
    "id": "scripted",
    "context_window": 65_536,
    "capabilities": ["structured_outputs"],
}
TURN_FIELDS = ("id", "session_id", "mode", "status", "error", "lease_epoch", "takeovers", "faults")


class World:
    """The installation, and what a client of it does."""

    def __init__(
        self, server: Server, db: Database, fakes: str, folder: Path, nursery: Nursery
    ) -> None:
        """Describe it; see `world`."""
        self.server = server
        self.db = db
        # The model server's log tells by the path which installation asked.
        self.path = f"/{uuid4().hex}/v1"
        self.fakes = fakes
        self.folder = folder
        self.who: Who
        self.headers: dict[str, str]
        self.client: httpx2.AsyncClient
        self.processes: list[Process] = []
        self.ending = asyncio.Event()
        self.answers_approvals = True
        self._nursery = nursery

    async def start(
        self,
        kind: str,
        *,
        without: Collection[str] = (),
        crash_at: str | None = None,
        **settings: Any,
    ) -> Process:
        """Start an `api`, a `worker` or an `up`; whoever speaks HTTP is waited for.

        `without` names guards to take off, `crash_at` is `PANTHEON_CRASH_AT`, `settings` are those
        of the process that are not the usual ones.
        """
        name = f"{kind}-{len(self.processes)}"
        process = Process(kind, self.folder / f"{name}.log")
        provider = {
            "base_url": self.fakes.removesuffix("/v1") + self.path,
            "models": [MANAGER],
            "any_model": True,
        }
        given = {
            "data_dir": str(self.folder / name),
            "database_url": self.server.url,
            "port": 0,
            "lease_seconds": LEASE_SECONDS,
            "grace_seconds": GRACE_SECONDS,
            "providers": {"fake": provider, "gone": {"base_url": NOBODY, "models": ["any"]}},
            **settings,
        }
        env = {} if crash_at is None else {"PANTHEON_CRASH_AT": crash_at}
        self.processes.append(process)
        self._nursery.start(process, given, env, list(without))
        await process.started
        if kind != "worker":
            await process.until_serving()
        return process

    async def end(self, process: Process) -> None:
        """Kill a process and wait until it is gone."""
        process.kill()
        await process.ended

    async def session(
        self,
        mode: str,
        model: str = "",
        agents: int = 3,
        *,
        models: Collection[str] = (),
        manager: str = "fake/scripted",
    ) -> UUID:
        """Open a session for one of `MODES`: its agents have `model`, or each one of `models`.

        A model is one of the fake server, or `gone/…` of one that does not answer. An
        orchestrator's manager asks all of them in its first round, and then answers.
        """
        named = list(models) or [model] * agents
        of_each = [name if "/" in name else f"fake/{name}" for name in named]
        async with self.db.transaction(self.who.workspace_id) as conn:
            if mode == "direct":
                agent = await make.make_agent(conn, self.who, model=of_each[0])
                session = await make.make_session(conn, self.who, agent=agent)
            else:
                roster = [await make.make_agent(conn, self.who, model=name) for name in of_each]
                given: dict[str, Any] = {"mode": "roundtable"}
                if mode in ORCHESTRATED:
                    prompt = _script([agent["key"] for agent in roster])
                    given = {
                        "mode": "orchestrator",
                        "modes": ("orchestrator",),
                        "goal": "Ship",
                        "manager": {"model": manager, "prompt": prompt},
                        "approve": "each_round" if mode == "approved" else "never",
                    }
                room = await make.make_room(conn, self.who, agents=roster, **given)
                session = await make.make_session(conn, self.who, room=room)
        return UUID(session["id"])

    async def post(
        self,
        api: Process,
        session_id: UUID,
        mode: str,
        *,
        key: str | None = None,
        limits: dict[str, int] | None = None,
        wait_seconds: int | None = None,
    ) -> httpx2.Response:
        """Ask: POST a turn. Raises httpx2.TransportError where the API hangs up.

        With `wait_seconds` the answer waits for the turn's end so long.
        """
        body = question(mode)
        if limits:
            body["limits"] = limits
        headers = {"Idempotency-Key": key} if key else {}
        if wait_seconds is not None:
            headers["Prefer"] = f"wait={wait_seconds}"
        return await self.client.post(
            f"{api.url}/api/v1/sessions/{session_id}/turns", json=body, headers=headers
        )

    async def forecast(self, api: Process, session_id: UUID, mode: str) -> dict[str, Any]:
        """Ask what a turn would use at least and at most."""
        url = f"{api.url}/api/v1/sessions/{session_id}/turns/forecast"
        response = await self.client.post(url, json=question(mode))
        assert response.status_code == 200, response.text
        told: dict[str, Any] = response.json()
        return told

    async def ask(self, api: Process, session_id: UUID, mode: str, **given: Any) -> dict[str, Any]:
        """POST a turn that has to be taken; returns it."""
        response = await self.post(api, session_id, mode, **given)
        assert response.status_code == 201, response.text
        turn: dict[str, Any] = response.json()
        return turn

    async def cancel(self, api: Process, turn: dict[str, Any], when: str) -> httpx2.Response:
        """Ask for a turn's end."""
        return await self.client.post(
            f"{api.url}/api/v1/turns/{turn['id']}/cancel", json={"when": when}
        )

    async def view(self, api: Process, turn: dict[str, Any]) -> dict[str, Any]:
        """GET a turn."""
        response = await self.client.get(f"{api.url}/api/v1/turns/{turn['id']}")
        assert response.status_code == 200, response.text
        seen: dict[str, Any] = response.json()
        return seen

    async def rows(self, query: str, *args: Any) -> list[Any]:
        """Run a query in the workspace; returns its rows."""
        async with self.db.transaction(self.who.workspace_id) as conn:
            cursor = await conn.execute(query, args)  # type: ignore[arg-type]
            return await cursor.fetchall() if cursor.description else []

    async def as_owner(self) -> psycopg.AsyncConnection[Any]:
        """Connect as the schema's owner, who may do everything."""
        return await psycopg.AsyncConnection.connect(self.server.admin_url, autocommit=True)

    async def turns(self) -> list[dict[str, Any]]:
        """Read all turns, as the database has them."""
        found = await self.rows(f"SELECT {', '.join(TURN_FIELDS)} FROM turns ORDER BY id")
        return [dict(zip(TURN_FIELDS, row, strict=True)) for row in found]

    async def all_over(self, seconds: float = ANSWER_SECONDS) -> list[dict[str, Any]]:
        """Wait until every turn is terminal and return them. Raises TimeoutError, naming others."""
        try:
            await self.until(
                "SELECT NOT EXISTS (SELECT FROM turns WHERE finished_at IS NULL)", seconds=seconds
            )
        except TimeoutError as late:
            left = [turn for turn in await self.turns() if turn["status"] not in TERMINAL]
            raise TimeoutError(f"not over within {seconds:g} s: {left}") from late
        return await self.turns()

    async def until(self, query: str, *args: Any, seconds: float = ANSWER_SECONDS) -> None:
        """Wait until a query's first row begins with true. Raises TimeoutError, naming it."""
        end = asyncio.get_running_loop().time() + seconds
        while not (found := await self.rows(query, *args)) or found[0][0] is not True:
            if asyncio.get_running_loop().time() > end:
                raise TimeoutError(f"not within {seconds:g} s: {query} {args}")
            await asyncio.sleep(LOOK_SECONDS)

    async def answer_approvals(self) -> None:
        """Say yes to whatever a turn asks its user, at an API that is well, until all ends.

        It is not cancelled: a query under way may swallow that.
        """
        while not self.ending.is_set():
            await asyncio.sleep(LOOK_SECONDS)
            if not self.answers_approvals:
                continue
            well = [p for p in self.processes if p.url and not p.stopped.is_set()]
            apis = [process for process in well if not process.ended.done()]
            # While the database is away, or where the API dies: the next look finds it again.
            with suppress(psycopg.OperationalError, Problem, httpx2.TransportError):
                for turn_id, approval_id in await self.rows(WAITING) if apis else ():
                    await self.client.post(
                        f"{apis[-1].url}/api/v1/turns/{turn_id}/approval",
                        json={"id": str(approval_id), "action": "approve"},
                    )

    async def forget_checkpoints(self) -> None:
        """Delete every checkpoint there is."""
        async with self.db.transaction(self.who.workspace_id) as conn:
            for table in ("checkpoints", "checkpoint_blobs", "checkpoint_writes"):
                await conn.execute(f"DELETE FROM checkpoints.{table}")  # type: ignore[arg-type]


def question(mode: str) -> dict[str, Any]:
    """Return what is asked in one of `MODES`."""
    tagged = mode not in ("direct", *ORCHESTRATED)
    body: dict[str, Any] = {"input": "@all What now?" if tagged else "What now?"}
    if mode in ("manual", "sequence"):
        body |= {"mode": "manual", "order": "parallel" if mode == "manual" else "sequence"}
    elif mode in ("roundtable", "orchestrator"):
        body["mode"] = mode
    return body


def _script(keys: Collection[str]) -> str:
    """Return the role prompt that makes the scripted model manage: ask all once, then answer."""
    asked = [{"agent": key, "brief": "Look at it."} for key in keys]
    ask = {"action": "delegate", "assignments": asked, "answer": None, "reason": "All views."}
    enough = {"action": "finish", "assignments": [], "answer": None, "reason": "Enough."}
    return "\n".join(
        (
            f"on Left: 3 rounds => say: {json.dumps(ask)}",
            f"on Left: 2 rounds => say: {json.dumps(enough)}",
            "on Write the answer => as: paced-20-10-40",
        )
    )


@asynccontextmanager
async def world(server: Server, fakes: str, folder: Path, nursery: Nursery) -> AsyncIterator[World]:
    """Make an installation whose owner has an API key and credits, which are enforced.

    All its processes end with the block.
    """
    db = Database(server.url)
    await db.open()
    here = World(server, db, fakes, folder, nursery)
    here.who = await ensure_local_owner(db)
    async with db.transaction(here.who.workspace_id) as conn:
        token, _ = await keys.create_key(conn, here.who, "faults", ["read", "write"])
    await open_billing(db, here.who)
    here.headers = {"Authorization": f"Bearer {token}"}
    try:
        async with httpx2.AsyncClient(
            timeout=ANSWER_SECONDS, headers=here.headers, limits=KEPT_CONNECTIONS
        ) as client:
            here.client = client
            answering = asyncio.create_task(here.answer_approvals())
            try:
                yield here
            finally:
                here.ending.set()
                for process in here.processes:
                    process.kill()
                await answering
    finally:
        for process in here.processes:
            await process.ended
        await db.close()
