"""Serving the subjects that are not Pantheon: uvicorn as Pantheon has it."""

import asyncio
import socket
import sys
from typing import Any

import uvicorn


async def serve(app: Any, port: int) -> None:
    """Serve `app` on loopback until standard input ends; prints a line when it listens."""
    listening = socket.create_server(("127.0.0.1", port), backlog=2048)
    config = uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        backlog=2048,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    print("ready", flush=True)
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await asyncio.wait({serving, asyncio.ensure_future(ended)}, return_when="FIRST_COMPLETED")
    server.should_exit = True
    await serving
