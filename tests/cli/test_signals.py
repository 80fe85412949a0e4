"""Signals reach the loop that asked for them, and the handler of before comes back."""

import asyncio
import signal

import pytest

from pantheon.cli.signals import on_signal


async def test_a_signal_is_heard_in_the_loop() -> None:
    """Each one, inside the block only."""
    heard = asyncio.Event()
    before = signal.getsignal(signal.SIGUSR1)
    with on_signal(signal.SIGUSR1, heard.set):
        signal.raise_signal(signal.SIGUSR1)
        await asyncio.wait_for(heard.wait(), 5)
    assert signal.getsignal(signal.SIGUSR1) == before


async def test_without_signals_in_the_loop_it_is_heard_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, whose loops have none."""

    def refuse(*_: object) -> None:
        raise NotImplementedError

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "add_signal_handler", refuse)
    monkeypatch.setattr(loop, "remove_signal_handler", refuse)
    heard = asyncio.Event()
    before = signal.getsignal(signal.SIGUSR1)
    with on_signal(signal.SIGUSR1, heard.set):
        signal.raise_signal(signal.SIGUSR1)
        await asyncio.wait_for(heard.wait(), 5)
    assert signal.getsignal(signal.SIGUSR1) == before
