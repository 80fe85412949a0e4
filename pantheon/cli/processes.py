"""The processes that serve: everything in one (`up`), or its halves (`api`, `worker`)."""

import asyncio
import webbrowser
from contextlib import closing
from threading import Thread

import typer

from pantheon.api.app import create_app
from pantheon.base.settings import Settings
from pantheon.cli.serve import (
    address_of,
    bind,
    calm_garbage_collector,
    return_large_memory,
    serve,
    stop_on_signals,
)
from pantheon.cli.terminal import has_browser, say
from pantheon.cli.workspace import login_link
from pantheon.ops.data_dir import instance_id, own_data_dir, prepare_data_dir
from pantheon.ops.demo import describe, make_first_example
from pantheon.ops.embedded import database
from pantheon.ops.owner import ensure_owner
from pantheon.ops.runtime import open_runtime
from pantheon.ops.server_file import announced
from pantheon.worker.main import run_worker


async def run_up(settings: Settings, *, open_browser: bool) -> None:
    """Own the data directory and serve everything from this process until it is stopped."""
    folder = prepare_data_dir(settings.data_dir)
    with (
        stop_on_signals() as stop,
        own_data_dir(folder),
        closing(bind(settings.host, settings.port)) as listening,
    ):
        say("Starting the database …")
        async with (
            database(settings, own=True) as server,
            open_runtime(settings, server, migrate=True) as runtime,
        ):
            who = await ensure_owner(runtime.db, settings.billing)
            example = await make_first_example(runtime.db, who, runtime.providers)
            if example is not None:
                say(describe(example))
            address, ending = address_of(listening), asyncio.Event()
            link = await login_link(runtime.db, who, settings.public_url or address)
            worker = run_worker(
                runtime, kind="up", instance=instance_id(folder), stopping=stop.asked
            )
            with announced(folder, address):
                await serve(
                    create_app(runtime, closing=ending),
                    listening,
                    stop,
                    closing=ending,
                    ready=lambda: _welcome(link, open_browser),
                    worker=worker,
                    grace_seconds=settings.grace_seconds,
                )
    say("Stopped.")


async def run_api(settings: Settings) -> None:
    """Serve HTTP and the page from this process until it is stopped."""
    with stop_on_signals() as stop, closing(bind(settings.host, settings.port)) as listening:
        async with database(settings) as server, open_runtime(settings, server) as runtime:
            await ensure_owner(runtime.db, settings.billing)
            address, ending = address_of(listening), asyncio.Event()
            await serve(
                create_app(runtime, closing=ending),
                listening,
                stop,
                closing=ending,
                ready=lambda: say(f"The API answers at {address}."),
            )


async def run_worker_alone(settings: Settings) -> None:
    """Run turns in this process until it is stopped; what runs then may end within the grace."""
    instance = instance_id(prepare_data_dir(settings.data_dir))
    with stop_on_signals() as stop:
        async with database(settings) as server, open_runtime(settings, server) as runtime:
            calm_garbage_collector()
            return_large_memory()
            stop.serving = True
            say("The worker waits for turns.")
            await run_worker(runtime, kind="worker", instance=instance, stopping=stop.asked)


def _welcome(link: str, open_browser: bool) -> None:
    say("Pantheon runs. This link signs you in, once, within ten minutes:")
    typer.echo(link)
    say("'pantheon open' makes another one; Ctrl-C stops everything.")
    if open_browser and has_browser():
        # In a thread that nobody waits for: some browsers keep whoever starts them.
        Thread(target=webbrowser.open, args=(link,), daemon=True).start()
