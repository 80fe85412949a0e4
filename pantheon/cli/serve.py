"""Serving HTTP from a loop of our own: the socket, signals, start and end of API and worker."""

import asyncio
import ctypes
import gc
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from ipaddress import ip_address
from typing import Any

import uvicorn

from pantheon.base.errors import ProblemType
from pantheon.cli.signals import on_signal
from pantheon.cli.terminal import say

PORT_TAKEN = ProblemType("port_taken", 503, "The port is taken")
HOST_REFUSED = ProblemType("host_refused", 403, "Not on this address")

BACKLOG = 2048
# Longer than proxies and clients keep a connection that rests (60 s at most of those in wide use):
# who closes it must be who asks, or a request meets a closed door.
KEEP_ALIVE_SECONDS = 75
CLOSE_SECONDS = 1
FORCED_EXIT = 130
# mallopt's M_MMAP_THRESHOLD (malloc.h).
MMAP_THRESHOLD = -3
LARGE_BLOCK_BYTES = 1 << 20


def bind(host: str, port: int) -> socket.socket:
    """Take an address before anything else is started; port 0 takes a free one.

    Raises `port_taken`, and `host_refused` for an address that is not this machine's own.
    """
    if not _is_loopback(host):
        raise HOST_REFUSED(
            f"Pantheon listens on this machine only, not on '{host}': everybody who reaches it"
            " would need an account of their own, and there are none yet. Use 127.0.0.1, and a"
            " tunnel (ssh -L) to reach it from elsewhere."
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((host, port))
        taken.listen(BACKLOG)
    except OSError as error:
        taken.close()
        raise PORT_TAKEN(
            f"The address {host}, port {port} cannot be used: {error.strerror}."
            " Stop what uses it, or choose another port with --port (0 takes a free one)."
        ) from error
    taken.setblocking(False)
    return taken


def address_of(listening: socket.socket) -> str:
    """Return the URL of a bound socket, without a trailing slash."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Stop:
    """What Ctrl-C and SIGTERM ask for: an orderly end, then an end at once.

    Until `serving` is set the first signal ends the start; from then on it sets `asked`, and the
    next one cuts the work short. A third leaves without a goodbye.
    """

    def __init__(self) -> None:
        """Begin in the state of a start. Needs a running loop and its main task."""
        self.asked = asyncio.Event()
        self.serving = False
        self._main = asyncio.current_task()
        self._heard = 0

    def hear(self) -> None:
        """Take a signal."""
        self._heard += 1
        if self._heard > 2:
            os._exit(FORCED_EXIT)
        if self.serving and not self.asked.is_set():
            say("Stopping … (Ctrl-C again leaves at once)")
            self.asked.set()
        elif self._main is not None:
            self.asked.set()
            self._main.cancel()


@contextmanager
def stop_on_signals() -> Iterator[Stop]:
    """Turn Ctrl-C, SIGTERM and the loss of the terminal into a `Stop`."""
    stop = Stop()
    numbers = [signal.SIGINT, signal.SIGTERM]
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        # Not under nohup, which wants us to outlive the terminal.
        numbers.append(signal.SIGHUP)
    with ExitStack() as stack:
        for number in numbers:
            stack.enter_context(on_signal(number, stop.hear))
        yield stop


class _Server(uvicorn.Server):
    """uvicorn's server, which leaves the signals to us."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(
    app: Any,
    listening: socket.socket,
    stop: Stop,
    *,
    closing: asyncio.Event,
    ready: Callable[[], None],
    worker: Coroutine[Any, Any, None] | None = None,
    grace_seconds: float = 0,
) -> None:
    """Serve `app`, and run `worker` beside it, until `stop` is asked for.

    Then the worker drains while the API still answers and tells its readers; after the drain, or
    the grace time, `closing` is set, which ends the app's streams, and the API stops.
    """
    config = uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=CLOSE_SECONDS,
    )
    server = _Server(config)
    try:
        async with asyncio.TaskGroup() as group:
            working = group.create_task(worker, name="worker") if worker is not None else None
            serving = group.create_task(server.serve(sockets=[listening]), name="api")
            calm_garbage_collector()
            return_large_memory()
            stop.serving = True
            ready()
            await stop.asked.wait()
            if working is not None:
                await asyncio.wait({working}, timeout=grace_seconds)
            closing.set()
            server.should_exit = True
            await serving
    finally:
        closing.set()


def return_large_memory() -> None:
    """Let large blocks of memory go back to the system as soon as they are free.

    glibc does so from 128 KiB on, but raises that limit to the largest block that it has seen
    freed, up to 32 MiB (mallopt(3), M_MMAP_THRESHOLD): after one long answer all later ones leave
    holes. Once set it stays. Elsewhere than on Linux, or without glibc, nothing is done.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(MMAP_THRESHOLD, LARGE_BLOCK_BYTES)


def calm_garbage_collector() -> None:
    """Take what was made at the start out of the collector's way (measured: load p95 ÷ 3)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 100)


def run(main: Coroutine[Any, Any, None]) -> int:
    """Run `main` in uvloop, where there is one; return the exit code.

    0 when it ended by itself or was asked to, 130 when it was cut short.
    """
    factory = None
    if sys.platform != "win32":
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        try:
            runner.run(main)
        except asyncio.CancelledError:
            return FORCED_EXIT
    return 0


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
