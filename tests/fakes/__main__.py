"""The fake model server as a process: see the package's docstring."""

import argparse
import asyncio
import json
import sys
from threading import Thread

import uvloop

from tests.fakes.server import Connection, Fake


async def serve(port: int) -> None:
    """Serve on loopback until standard input ends."""
    loop = asyncio.get_running_loop()
    fake = Fake()
    server = await loop.create_server(lambda: Connection(fake), "127.0.0.1", port, backlog=1024)
    port = server.sockets[0].getsockname()[1]
    print(json.dumps({"url": f"http://127.0.0.1:{port}/v1"}), flush=True)
    ended = asyncio.Event()
    # A daemon thread, so that Ctrl-C need not wait for it.
    watch = Thread(target=_wait_for_end, args=(loop, ended), daemon=True)
    watch.start()
    await ended.wait()


def _wait_for_end(loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
    sys.stdin.read()
    loop.call_soon_threadsafe(ended.set)


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes")
    parser.add_argument("--port", type=int, default=0)
    uvloop.run(serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
