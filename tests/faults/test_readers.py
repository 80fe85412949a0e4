"""Readers on any process, also when they change it or it dies: each event once, all of the text."""

import asyncio
import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from tests.faults.books import check
from tests.faults.conftest import Figures, Search, Size
from tests.faults.processes import Process
from tests.faults.reader import Reader, check_reader
from tests.faults.test_kills import MAY_KILL
from tests.faults.world import MODES, World

APART = ("api", "api", "worker", "worker")
TOGETHER = ("up", "up")
MODEL = "paced-30-20-100"
READ_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Read:
    """What was read, and by how many connections."""

    readers: int
    events: int
    connections: int
    repeated: int
    kills: int


async def read_turns(
    here: World,
    rng: random.Random,
    kinds: Sequence[str],
    *,
    turns: int = 2,
    kills: int = 0,
    modes: Collection[str] = MODES,
    without: Collection[str] = (),
    seconds: float = READ_SECONDS,
) -> Read:
    """Ask turns of all modes; read each session at one process, at the other, and at both in turn.

    Asserts that every reader has each event but deltas once, and every text whole.
    """
    there = [await here.start(kind, without=without) for kind in kinds]
    servers = [place for place, kind in enumerate(kinds) if kind != "worker"]
    sessions = {await here.session(mode, MODEL): mode for mode in modes}
    readers: dict[Reader, UUID] = {}
    movers = []
    for session_id in sessions:
        for place in servers:
            readers[Reader(here, session_id, lambda place=place: there[place])] = session_id
        mover = Reader(here, session_id, lambda: there[rng.choice(servers)])
        readers[mover] = session_id
        movers.append(mover)
    reading = [asyncio.create_task(reader.read(turns)) for reader in readers]
    moving = asyncio.create_task(_move(rng, movers))
    killing = asyncio.create_task(_kill(here, rng, there, servers, kills, without))
    asking = [
        asyncio.create_task(_ask(here, rng, there, servers, session_id, mode, turns))
        for session_id, mode in sessions.items()
    ]
    try:
        async with asyncio.timeout(seconds):
            await asyncio.gather(*asking, killing, *reading)
    except TimeoutError as late:
        waiting = [str(reader) for reader in readers if len(reader.over) < turns]
        raise TimeoutError(f"not within {seconds:g} s: {waiting}") from late
    finally:
        tasks = [*asking, killing, moving, *reading]
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    for reader, session_id in readers.items():
        await check_reader(here, reader, session_id)
    return Read(
        len(readers),
        sum(len(reader.events) for reader in readers),
        sum(reader.connections for reader in readers),
        sum(reader.dropped for reader in readers),
        kills,
    )


async def _ask(
    here: World,
    rng: random.Random,
    there: Sequence[Process],
    servers: Sequence[int],
    session_id: UUID,
    mode: str,
    turns: int,
) -> None:
    for _ in range(turns):
        key, response = uuid4().hex, None
        while response is None or response.status_code != 201:
            try:
                response = await here.post(there[rng.choice(servers)], session_id, mode, key=key)
            except httpx2.TransportError:
                await asyncio.sleep(0.05)
        turn_id = UUID(response.json()["id"])
        await here.until("SELECT finished_at IS NOT NULL FROM turns WHERE id = %s", turn_id)


async def _move(rng: random.Random, movers: Sequence[Reader]) -> None:
    while True:
        await asyncio.sleep(rng.uniform(0, 0.2))
        rng.choice(movers).move()


async def _kill(
    here: World,
    rng: random.Random,
    there: list[Process],
    servers: Sequence[int],
    kills: int,
    without: Collection[str],
) -> None:
    for _ in range(kills):
        await asyncio.sleep(rng.uniform(0.05, 0.4))
        await here.until(MAY_KILL, 0)
        place = rng.choice(servers)
        await here.end(there[place])
        there[place] = await here.start(there[place].kind, without=without)


@pytest.mark.parametrize("kinds", [APART, TOGETHER], ids=["apart", "together"])
async def test_each_reader_has_every_event_once(
    here: World, rng: random.Random, size: Size, figures: Figures, kinds: Sequence[str]
) -> None:
    read = await read_turns(here, rng, kinds, turns=size(1, 6))
    await check(here)
    _tell(figures, f"readers of two APIs and two workers ({' '.join(kinds)})", read)


@pytest.mark.parametrize("kinds", [APART, TOGETHER], ids=["apart", "together"])
async def test_each_reader_has_every_event_once_though_its_server_dies(
    here: World, rng: random.Random, size: Size, figures: Figures, kinds: Sequence[str]
) -> None:
    turns = size(2, 12)
    read = await read_turns(here, rng, kinds, turns=turns, kills=size(8, 60), seconds=400)
    await check(here)
    assert [turn["status"] for turn in await here.turns()] == ["completed"] * len(MODES) * turns
    _tell(figures, f"kill -9 of the API during POST and SSE ({' '.join(kinds)})", read)


@pytest.mark.parametrize("guard", ["wake", "prefix"])
async def test_without_a_guard_a_reader_misses_something(
    until_found: Search, rng: random.Random, figures: Figures, guard: str
) -> None:
    """Control: nobody wakes a reader, or the ids that it resumes from lie."""
    found = await until_found(
        lambda here: read_turns(here, rng, APART, modes=["sequence"], without=[guard], seconds=8)
    )
    figures(f"control: readers without '{guard}'", found=found or "nothing comes")


def _tell(figures: Figures, row: str, read: Read) -> None:
    counted: dict[str, Any] = {
        "readers": read.readers,
        "connections": read.connections,
        "events": read.events,
        "missed_or_repeated": 0,
        "text_frames_repeated": read.repeated,
    }
    figures(row, **({"kills": read.kills} if read.kills else {}), **counted)
