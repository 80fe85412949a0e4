"""Providers to look at, opened and closed again; a fake server whose state a test may change."""

import asyncio
from pathlib import Path

import pytest

from pantheon.base.settings import Settings
from pantheon.providers.configure import open_providers
from pantheon.providers.registry import Providers
from tests.fakes import process

NO_OLLAMA = {"OLLAMA_HOST": ""}


@pytest.fixture
async def opened(tmp_path: Path):
    """Return a function that opens providers of these settings and this environment."""
    found: list[Providers] = []

    def open_(
        providers: dict | None = None, environ: dict[str, str] | None = None, **more: object
    ) -> Providers:
        settings = Settings(data_dir=tmp_path, providers=providers or {}, **more)
        found.append(open_providers(settings, {**NO_OLLAMA, **(environ or {})}))
        return found[-1]

    yield open_

    await asyncio.gather(*(providers.aclose() for providers in found))


@pytest.fixture
def fakes_of_its_own():
    """A fake server whose state this test may change."""
    with process.running() as url:
        yield url
