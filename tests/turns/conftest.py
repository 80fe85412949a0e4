"""Fixtures of the spine: a runtime on the test's database, with a worker at work in it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pantheon.base import ids
from pantheon.base.settings import Settings
from pantheon.ops.embedded import Server
from pantheon.ops.runtime import Runtime, open_runtime
from pantheon.worker.main import run_worker


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a lease of a second."""
    return Settings(data_dir=tmp_path, lease_seconds=1, grace_seconds=2)


@pytest.fixture
async def idle(settings: Settings, server: Server) -> AsyncIterator[Runtime]:
    """A runtime in which nobody runs turns."""
    async with open_runtime(settings, server, environment={}) as runtime:
        yield runtime


@pytest.fixture
async def runtime(idle: Runtime) -> AsyncIterator[Runtime]:
    """A runtime with a worker."""
    stopping = asyncio.Event()
    worker = asyncio.create_task(
        run_worker(idle, kind="worker", instance=ids.new(), stopping=stopping)
    )
    yield idle
    stopping.set()
    await worker
