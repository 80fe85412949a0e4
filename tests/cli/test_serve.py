"""The socket is ours before anything starts, and an end comes as it was asked for."""

import asyncio
import gc
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from urllib.request import urlopen

import pytest

from pantheon.base.errors import Problem
from pantheon.cli import serve as serving
from pantheon.cli.serve import Stop, address_of, bind, run, serve


@pytest.fixture(autouse=True)
def _collector() -> Iterator[None]:
    """What serving does to the garbage collector ends with the test."""
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


async def app(
    _: dict[str, Any], __: Any, send: Callable[[dict[str, Any]], Awaitable[None]]
) -> None:
    """Answers every request with nothing."""
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_only_loopback_is_served(host: str) -> None:
    """The refusal says why, and how to reach it all the same."""
    with pytest.raises(Problem) as caught:
        bind(host, 0)
    assert caught.value.kind is serving.HOST_REFUSED
    assert host in caught.value.detail
    assert "ssh -L" in caught.value.detail


@pytest.mark.parametrize(
    ("host", "prefix"), [("127.0.0.1", "http://127.0.0.1:"), ("::1", "http://[::1]:")]
)
def test_an_address_is_taken_at_once(host: str, prefix: str) -> None:
    """Nobody else gets it, not even before the server starts; the problem names it."""
    with bind(host, 0) as taken:
        port = taken.getsockname()[1]
        assert address_of(taken) == f"{prefix}{port}"
        with pytest.raises(Problem) as caught:
            bind(host, port)
    assert caught.value.kind is serving.PORT_TAKEN
    assert str(port) in caught.value.detail
    assert "--port" in caught.value.detail


async def test_the_worker_drains_before_the_api_ends() -> None:
    """Readers are told how their turns end: the API answers until the worker is done."""
    listening = bind("127.0.0.1", 0)
    url, port = address_of(listening), listening.getsockname()[1]
    stop, closing, ready = Stop(), asyncio.Event(), asyncio.Event()
    answered: list[int] = []

    async def worker() -> None:
        await stop.asked.wait()
        with await asyncio.to_thread(urlopen, url, timeout=5) as response:
            answered.append(response.status)
        assert not closing.is_set()

    begun = serve(
        app, listening, stop, closing=closing, ready=ready.set, worker=worker(), grace_seconds=5
    )
    served = asyncio.create_task(begun)
    await asyncio.wait_for(ready.wait(), 5)
    stop.hear()
    await asyncio.wait_for(served, 5)
    assert answered == [204]
    assert closing.is_set()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


async def test_a_worker_that_outlasts_the_grace_does_not_hold_the_api() -> None:
    """After the grace time the streams are closed while the worker settles."""
    listening = bind("127.0.0.1", 0)
    stop, closing, ready = Stop(), asyncio.Event(), asyncio.Event()

    async def worker() -> None:
        await closing.wait()

    begun = serve(
        app, listening, stop, closing=closing, ready=ready.set, worker=worker(), grace_seconds=0.05
    )
    served = asyncio.create_task(begun)
    await asyncio.wait_for(ready.wait(), 5)
    stop.hear()
    await asyncio.wait_for(served, 5)


async def test_a_worker_that_fails_ends_everything() -> None:
    """Its error is what the command ends with."""
    listening = bind("127.0.0.1", 0)

    async def worker() -> None:
        raise RuntimeError("the worker is broken")

    with pytest.RaisesGroup(pytest.RaisesExc(RuntimeError, match="broken")):
        await serve(
            app, listening, Stop(), closing=asyncio.Event(), ready=lambda: None, worker=worker()
        )


def test_a_signal_during_the_start_ends_it() -> None:
    """Nothing serves yet: there is nothing to drain."""

    async def start() -> None:
        Stop().hear()
        await asyncio.Event().wait()

    assert run(start()) == serving.FORCED_EXIT


def test_the_second_signal_cuts_the_work_short() -> None:
    """The first one only asks."""
    asked_at_first: list[bool] = []

    async def work() -> None:
        stop = Stop()
        stop.serving = True
        stop.hear()
        asked_at_first.append(stop.asked.is_set())
        await asyncio.sleep(0)
        stop.hear()
        await asyncio.Event().wait()

    assert run(work()) == serving.FORCED_EXIT
    assert asked_at_first == [True]


def test_the_end_that_was_asked_for_is_no_error() -> None:
    """Exit code 0."""

    async def work() -> None:
        stop = Stop()
        stop.serving = True
        stop.hear()
        await stop.asked.wait()

    assert run(work()) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="it is glibc's")
def test_large_memory_goes_back_though_larger_blocks_were_seen():
    """In a process of its own: glibc would keep what comes after a larger block was freed."""
    program = """
import psutil
from pantheon.cli.serve import return_large_memory

return_large_memory()
del [bytes(24 << 20)][:]
blocks = [bytearray(b"x") * (4 << 20) for _ in range(20)]
rest = [b"y" * 1000 for _ in range(1000)]
had = psutil.Process().memory_info().rss
del blocks
print((had - psutil.Process().memory_info().rss) >> 20)
"""
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert int(told.stdout) >= 75
