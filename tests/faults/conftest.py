"""Fixtures of the fault harness: a nursery, an installation, the size of a run and its seed."""

import os
import random
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from pantheon.base import ids
from pantheon.ops.embedded import Server
from tests.conftest import TEMPLATE, Cluster
from tests.faults.postgres import Postgres, own_postgres
from tests.faults.processes import Nursery, breeding
from tests.faults.world import World, world

T = TypeVar("T")
Figures = Callable[..., None]
Search = Callable[[Callable[[World], Awaitable[object]]], Awaitable[str]]
LONG_FORM = "PANTHEON_FAULTS_LONG"
SEED = "PANTHEON_FAULTS_SEED"
TRIES = 6
NOTHING = "nothing was found with the guard off: this harness is void"
SEED_OF = pytest.StashKey[int]()


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """One nursery for all tests of a process."""
    with breeding() as nursery:
        yield nursery


@pytest.fixture
async def here(
    server: Server, fakes: str, tmp_path: Path, nursery: Nursery
) -> AsyncIterator[World]:
    """An installation of its own."""
    async with world(server, fakes, tmp_path, nursery) as here:
        yield here


@pytest.fixture
def own_folder(run_folder: Path) -> Iterator[Path]:
    """An empty folder that PostgreSQL's user can reach."""
    run_folder.chmod(0o711)
    folder = run_folder / f"faults-{ids.new().hex}"
    folder.mkdir()
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
async def postgres(own_folder: Path) -> AsyncIterator[Postgres]:
    """A PostgreSQL of the test's own."""
    async with own_postgres(own_folder) as postgres:
        yield postgres


@pytest.fixture
async def on_its_own(
    postgres: Postgres, fakes: str, tmp_path: Path, nursery: Nursery
) -> AsyncIterator[World]:
    """An installation on that server."""
    async with world(await postgres.server(), fakes, tmp_path, nursery) as here:
        yield here


class Size:
    """How much a run does: the short form stands in `make test`, the long one is `make faults`.

    Times are asserted as promised in the long form, which has the machine to itself; the short
    form allows for a machine that is shared.
    """

    def __init__(self, long: bool) -> None:
        """Choose a form."""
        self.long = long

    def __call__(self, short: T, long: T) -> T:
        """Return what the form of this run takes."""
        return long if self.long else short

    def seconds(self, promised: float) -> float:
        """Return how long something may take that was promised within so many seconds."""
        return promised if self.long else promised * 5 + 10


@pytest.fixture
def size() -> Size:
    """The form of this run."""
    return Size(LONG_FORM in os.environ)


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    """Chance by a seed, which is printed when the test fails, with the command to repeat it."""
    given = os.environ.get(SEED)
    seed = int(given) if given else random.SystemRandom().randrange(1 << 32)
    request.node.stash[SEED_OF] = seed
    return random.Random(seed)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Tell of a failure's seed."""
    report = yield
    seed = item.stash.get(SEED_OF, None)
    if seed is not None and report.failed:
        form = "" if LONG_FORM in os.environ else "--short "
        command = f"python -m tests.faults {form}--seed {seed} -k '{item.name}'"
        report.sections.append(("seed", f"{seed}; again by: {command}"))
    return report


@pytest.fixture
def figures(
    record_property: Callable[[str, object], None], request: pytest.FixtureRequest
) -> Figures:
    """Tell the figures of a row: what it is, and what was counted."""

    def tell(row: str, **counted: Any) -> None:
        record_property("row", row)
        for name, value in counted.items():
            record_property(name, value)
        if (seed := request.node.stash.get(SEED_OF, None)) is not None:
            record_property("seed", seed)

    return tell


@pytest.fixture
def until_found(cluster: Cluster, fakes: str, tmp_path: Path, nursery: Nursery) -> Search:
    """Run a harness whose guard is off in one new installation after another, by chance.

    Returns what it found; fails if it has found nothing in `TRIES` of them.
    """

    async def search(harness: Callable[[World], Awaitable[object]]) -> str:
        for at in range(TRIES):
            server = cluster.create(template=TEMPLATE)
            folder = tmp_path / str(at)
            folder.mkdir()
            try:
                async with world(server, fakes, folder, nursery) as here:
                    await harness(here)
            except (AssertionError, TimeoutError) as error:
                return _first_line(error)
            finally:
                cluster.drop(server)
        pytest.fail(NOTHING)

    return search


async def must_fail(harness: Awaitable[object]) -> str:
    """Run a harness whose guard is off; returns what it found, fails if it found nothing.

    For those that leave nothing to chance; `until_found` is for the others.
    """
    try:
        await harness
    except (AssertionError, TimeoutError) as error:
        return _first_line(error)
    pytest.fail(NOTHING)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:100]
