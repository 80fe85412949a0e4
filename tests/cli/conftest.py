"""Fixtures for the commands: data directories, and one running server for all that only ask it."""

import asyncio
import json
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pantheon.accounts.workspaces import ensure_local_owner
from pantheon.db.pool import Database
from pantheon.ops.embedded import Server
from pantheon.ops.pg_cluster import Cluster as EmbeddedCluster
from pantheon.ops.pg_cluster import read_pid_file
from tests.cli.commands import Commands, Up
from tests.conftest import TEMPLATE, Cluster
from tests.make import make_agent, make_room


def _new_data_dir() -> Path:
    """Make a data directory; where we are root, PostgreSQL's user has to pass the folders."""
    outer = Path(tempfile.mkdtemp(prefix="pantheon-cli-"))
    outer.chmod(0o755)
    return outer / "data"


def _remove(data_dir: Path) -> None:
    if (postgres := data_dir / "postgres").exists():
        left = read_pid_file(EmbeddedCluster(postgres, None))
        if left is not None:
            with suppress(ProcessLookupError):
                os.kill(left.pid, signal.SIGQUIT)
    shutil.rmtree(data_dir.parent, ignore_errors=True)


@pytest.fixture(scope="session")
def environment(fakes: str) -> dict[str, str]:
    """What every command here is given: short times, and the fake model server as `lab`."""
    lab = {"lab": {"base_url": fakes, "models": ["ok"], "any_model": True}}
    return {
        "PANTHEON_PROVIDERS": json.dumps(lab),
        "PANTHEON_LEASE_SECONDS": "1",
        "PANTHEON_GRACE_SECONDS": "0.5",
    }


@pytest.fixture
def embedded(environment: dict[str, str]) -> Iterator[Commands]:
    """The commands on an empty data directory, with its own embedded database."""
    data_dir = _new_data_dir()
    yield Commands(data_dir, environment)
    _remove(data_dir)


@pytest.fixture
def alone(environment: dict[str, str], server: Server) -> Iterator[Commands]:
    """The commands on an empty data directory and a database that no other test knows."""
    data_dir = _new_data_dir()
    yield Commands(data_dir, environment | {"PANTHEON_DATABASE_URL": server.url})
    _remove(data_dir)


@pytest.fixture(scope="session")
def named(cluster: Cluster) -> Iterator[Server]:
    """A database at head that commands reach by its URL, shared by the whole run."""
    server = cluster.create(template=TEMPLATE)
    yield server
    cluster.drop(server)


@pytest.fixture(scope="session")
def commands(environment: dict[str, str], named: Server) -> Iterator[Commands]:
    """The commands on the shared database."""
    data_dir = _new_data_dir()
    yield Commands(data_dir, environment | {"PANTHEON_DATABASE_URL": named.url})
    _remove(data_dir)


@pytest.fixture(scope="session")
def up(commands: Commands) -> Iterator[Up]:
    """One `pantheon up` for all tests that only ask it."""
    with commands.up() as up:
        yield up


class Rooms:
    """Makes rooms and agents in the shared database."""

    def __init__(self, url: str) -> None:
        """Use the database at `url`."""
        self._url = url

    def room(self, name: str, models: Sequence[str], **given: Any) -> list[str]:
        """Make a room with an agent for each model; return the agents' keys."""
        return asyncio.run(self._room(name, models, given))

    def agent(self, key: str, model: str, **given: Any) -> None:
        """Make an agent."""
        asyncio.run(self._agent(key, model, given))

    async def _room(self, name: str, models: Sequence[str], given: dict[str, Any]) -> list[str]:
        db = Database(self._url, size=1)
        await db.open()
        who = await ensure_local_owner(db)
        async with db.transaction(who.workspace_id) as conn:
            agents = [await make_agent(conn, who, model=model) for model in models]
            await make_room(conn, who, agents=agents, name=name, **given)
        await db.close()
        return [agent["key"] for agent in agents]

    async def _agent(self, key: str, model: str, given: dict[str, Any]) -> None:
        db = Database(self._url, size=1)
        await db.open()
        who = await ensure_local_owner(db)
        async with db.transaction(who.workspace_id) as conn:
            await make_agent(conn, who, key, model=model, **given)
        await db.close()


@pytest.fixture(scope="session")
def rooms(named: Server) -> Rooms:
    """Rooms for the shared server."""
    return Rooms(named.url)
