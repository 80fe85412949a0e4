"""Load: clients that ask turns of all modes, one after another, and wait for each to its end."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import httpx2

from tests.faults.processes import Process
from tests.faults.world import MODES, TERMINAL, World

MODEL = "paced-20-10-40"
CLIENTS = 8
AGAIN_SECONDS = 0.1
WAIT_SECONDS = 20


class Load:
    """Clients at work. What is not answered with 201 is sent again by the same key until it is."""

    def __init__(
        self,
        here: World,
        rng: random.Random,
        choose: Callable[[], Process],
        *,
        keyed: bool = True,
    ) -> None:
        """Ask the API that `choose` gives, each time anew; `keyed`: by an Idempotency-Key."""
        self._here = here
        self._rng = rng
        self._choose = choose
        self._keyed = keyed
        self._ending = asyncio.Event()
        self._seen = asyncio.Event()
        self.acknowledged: dict[str, str | None] = {}
        self.answers: Counter[int | str] = Counter()

    @property
    def over(self) -> int:
        """How many turns their clients have seen end."""
        return sum(status is not None for status in self.acknowledged.values())

    async def until_over(self, turns: int) -> None:
        """Wait until so many turns have been seen to end."""
        while self.over < turns:
            self._seen.clear()
            await self._seen.wait()

    @asynccontextmanager
    async def running(self, model: str = MODEL, clients: int = CLIENTS) -> "AsyncIterator[Load]":
        """Ask as long as the block lasts; what is asked by then is waited for."""
        sessions = [
            [(mode, await self._here.session(mode, model)) for mode in MODES]
            for _ in range(clients)
        ]
        async with asyncio.TaskGroup() as group:
            for each in sessions:
                group.create_task(self._client(each))
            try:
                yield self
            finally:
                self._ending.set()

    async def _client(self, sessions: list[tuple[str, UUID]]) -> None:
        while not self._ending.is_set():
            await self._turn(*self._rng.choice(sessions))

    async def _turn(self, mode: str, session_id: UUID) -> None:
        """Ask, then ask again by the same key, which waits, until the turn has ended."""
        key, status, wait = uuid4().hex if self._keyed else None, "", None
        while status not in TERMINAL:
            turn = await self._accepted(mode, session_id, key, wait)
            self.acknowledged.setdefault(turn["id"], None)
            if not self._keyed:
                turn = await self._ended(turn["id"])
            status, wait = turn["status"], WAIT_SECONDS
        self.acknowledged[turn["id"]] = status
        self._seen.set()

    async def _accepted(
        self, mode: str, session_id: UUID, key: str | None, wait: int | None
    ) -> dict[str, Any]:
        """Ask until the answer is 201."""
        while True:
            try:
                response = await self._here.post(
                    self._choose(), session_id, mode, key=key, wait_seconds=wait
                )
            except httpx2.TransportError as error:
                self.answers[type(error).__name__] += 1
            else:
                self.answers[response.status_code] += 1
                if response.status_code == 201:
                    turn: dict[str, Any] = response.json()
                    return turn
            await asyncio.sleep(AGAIN_SECONDS)

    async def _ended(self, turn_id: str) -> dict[str, Any]:
        """Look at a turn until it has ended."""
        while True:
            response = await self._here.client.get(f"{self._choose().url}/api/v1/turns/{turn_id}")
            if response.status_code == 200 and response.json()["status"] in TERMINAL:
                turn: dict[str, Any] = response.json()
                return turn
            await asyncio.sleep(AGAIN_SECONDS)


async def check_acknowledged(here: World, load: Load) -> None:
    """Assert that what was acknowledged is there, complete, and that nothing else is."""
    turns = {str(turn["id"]): turn for turn in await here.turns()}
    differ = turns.keys() ^ load.acknowledged.keys()
    assert not differ, f"turns that were lost, or made twice: {differ}"
    wrong = [turn for turn in turns.values() if turn["status"] != "completed"]
    assert not wrong, f"turns that went wrong: {wrong}"
