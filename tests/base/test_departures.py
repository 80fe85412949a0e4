"""Tests of `pantheon.base.departures`."""

import asyncio

from pantheon.base import departures


async def test_each_task_knows_of_its_own_request():
    both = asyncio.Barrier(2)

    async def send(*, write: bool) -> bool:
        departure = departures.expect()
        await both.wait()
        if write:
            departures.note()
        return departure.left

    assert await asyncio.gather(send(write=True), send(write=False)) == [True, False]


async def test_what_nobody_watches_may_be_written():
    departures.note()
