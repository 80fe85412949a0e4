"""Ctrl-C and SIGTERM inside an event loop."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def on_signal(number: signal.Signals, heard: Callable[[], None]) -> Iterator[None]:
    """Call `heard` in the running loop for each signal `number` inside the `with`."""
    loop = asyncio.get_running_loop()
    before = signal.getsignal(number)
    try:
        loop.add_signal_handler(number, heard)
    except NotImplementedError:
        # Windows has no signals in its loops.
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(heard))
    try:
        yield
    finally:
        with suppress(NotImplementedError):
            loop.remove_signal_handler(number)
        signal.signal(number, before)
