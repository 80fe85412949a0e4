"""A real server on a free port of this machine: the app, uvicorn, PostgreSQL, a worker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn

from pantheon.accounts import keys, logins
from pantheon.accounts.roles import Who
from pantheon.api.app import create_app
from pantheon.base import ids
from pantheon.base.settings import Settings
from pantheon.db.pool import Database
from pantheon.ops.embedded import Server
from pantheon.ops.runtime import Runtime, open_runtime
from pantheon.worker.main import run_worker
from tests.make import make_room, make_session


@dataclass(frozen=True)
class Api:
    """A running server and a client of it that is signed in by an API key."""

    url: str
    client: httpx2.AsyncClient
    runtime: Runtime
    who: Who
    key: str
    closing: asyncio.Event

    @property
    def db(self) -> Database:
        """The server's own pools."""
        return self.runtime.db

    async def new_key(self, *scopes: str) -> dict[str, str]:
        """Return the header of another key."""
        async with self.db.transaction(self.who.workspace_id) as conn:
            token, _ = await keys.create_key(conn, self.who, "test", scopes)
        return {"Authorization": f"Bearer {token}"}

    async def new_cookie(self) -> dict[str, str]:
        """Return the header of a signed-in browser."""
        async with self.db.transaction(self.who.workspace_id) as conn:
            return {"Cookie": f"pantheon_session={await logins.create_login(conn, self.who)}"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """What the server is set to; a test module can have its own."""
    return Settings(data_dir=tmp_path, lease_seconds=1, _env_file=None)


@pytest.fixture
async def runtime(settings: Settings, server: Server) -> AsyncIterator[Runtime]:
    """The parts of the process, as its command opens them."""
    async with open_runtime(settings, server, environment={}) as runtime:
        yield runtime


@pytest.fixture
async def api(runtime: Runtime, who: Who) -> AsyncIterator[Api]:
    """The server, and a client with a key that may do everything."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        key, _ = await keys.create_key(conn, who, "test", who.scopes)
    closing = asyncio.Event()
    async with serving(create_app(runtime, closing=closing)) as url:
        headers = {"Authorization": f"Bearer {key}"}
        async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=20) as client:
            yield Api(url, client, runtime, who, key, closing)
        closing.set()


@pytest.fixture
async def anonymous(api: Api) -> AsyncIterator[httpx2.AsyncClient]:
    """A client that nobody knows."""
    async with httpx2.AsyncClient(base_url=api.url, timeout=20) as client:
        yield client


@pytest.fixture
async def worker(runtime: Runtime) -> AsyncIterator[None]:
    """A worker in the server's process, as `pantheon up` has it."""
    stopping = asyncio.Event()
    task = asyncio.create_task(
        run_worker(runtime, kind="up", instance=ids.new(), stopping=stopping)
    )
    while not await _workers(runtime):
        assert not task.done()
    yield
    stopping.set()
    await asyncio.wait_for(task, 30)


async def _workers(runtime: Runtime) -> int:
    async with runtime.db.sweep() as conn:
        row = await (await conn.execute("SELECT count(*) FROM workers")).fetchone()
    return int(row[0])


async def open_session(
    api: Api, *, agents: Any, model: str = "demo/fast", **room: Any
) -> dict[str, Any]:
    """Open a session in a new room of so many agents, or of these: a round table by default."""
    room.setdefault("mode", "roundtable")
    async with api.db.transaction(api.who.workspace_id) as conn:
        made = await make_room(conn, api.who, agents=agents, model=model, **room)
        return await make_session(conn, api.who, room=made)


async def ask(api: Api, session: dict[str, Any], text: str = "What now?") -> dict[str, Any]:
    """Send a message over HTTP; return the turn."""
    answer = await api.client.post(f"/api/v1/sessions/{session['id']}/turns", json={"input": text})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


@asynccontextmanager
async def client_of(app, **more) -> AsyncIterator[httpx2.AsyncClient]:
    """Serve `app` and give a client of it."""
    async with (
        serving(app) as url,
        httpx2.AsyncClient(base_url=url, timeout=20, **more) as client,
    ):
        yield client


@asynccontextmanager
async def serving(app) -> AsyncIterator[str]:
    """Serve `app` by uvicorn, as the commands do; gives the URL."""
    config = uvicorn.Config(
        app, http="httptools", ws="none", lifespan="off", log_config=None, access_log=False, port=0
    )
    server = uvicorn.Server(config)
    server.capture_signals = nullcontext
    task = asyncio.create_task(server.serve())
    while not server.started:
        assert not task.done()
        await asyncio.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await asyncio.wait_for(task, 30)
