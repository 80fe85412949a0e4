"""What a dead owner left of an embedded server: processes that live on, files that block a start."""

import asyncio
import os
from pathlib import Path
from typing import Any

import structlog

from pantheon.ops.pg_binaries import Binaries
from pantheon.ops.pg_cluster import DATABASE_FAILED, Cluster, read_pid_file, tell

WATCH_SECONDS = 0.05

log = structlog.get_logger()


async def clear_leftovers(cluster: Cluster, binaries: Binaries) -> None:
    """Stop what still runs on the cluster, then remove the files that claim that something does.

    Only for the holder of the cluster's lock, before a start. A pid file blocks PostgreSQL when
    its number is a zombie's or another program's; while any process works on the data it is the
    only guard, so it goes last. Raises `database_failed` where a process cannot be stopped.
    """
    pid_path = cluster.data / "postmaster.pid"
    if not pid_path.exists():
        return
    left = read_pid_file(cluster)
    postmaster = left.pid if left else None
    # On Linux a postmaster is shutting down already; elsewhere it outlives its owner.
    for name, seconds in (("INT", 30), ("QUIT", 10), ("KILL", 5)):
        pids = _processes_on(cluster.data)
        if not pids:
            break
        if postmaster in pids:
            log.info("stopping the database that a dead process left", pid=postmaster, signal=name)
            tell(postmaster, name, binaries)
        elif name != "INT":
            for pid in pids:
                tell(pid, name, binaries)
        await _wait_until_gone(cluster.data, seconds if postmaster in pids else 5)
    pids = _processes_on(cluster.data)
    if pids:
        raise DATABASE_FAILED(
            f"Process {pids[0]} still works on '{cluster.data}' and does not stop. End it first."
        )
    pid_path.unlink(missing_ok=True)
    if left and left.socket_folder:
        socket = Path(left.socket_folder) / f".s.PGSQL.{left.port}"
        for path in (socket.with_name(f"{socket.name}.lock"), socket):
            path.unlink(missing_ok=True)


async def _wait_until_gone(data: Path, seconds: float) -> None:
    deadline = asyncio.get_running_loop().time() + seconds
    while _processes_on(data) and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(WATCH_SECONDS)


def _processes_on(data: Path) -> list[int]:
    """Return the live PostgreSQL processes whose working directory is `data`, as it always is.

    One whose directory we may not see is another user's, and not on a cluster of ours.
    """
    # Imported here: only a crash leads here, and it costs 50 ms.
    import psutil  # type: ignore[import-untyped]

    found: list[int] = []
    process: Any
    for process in psutil.process_iter(["name", "status"]):
        try:
            if (process.info["name"] or "").startswith("postgres") and (
                process.info["status"] != psutil.STATUS_ZOMBIE
                and os.path.realpath(process.cwd()) == os.path.realpath(data)
            ):
                found.append(process.pid)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found
