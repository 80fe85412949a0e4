"""What a dead owner left of an embedded server: live processes, files that block a start."""

import os
from pathlib import Path
from typing import Any

import structlog

from pantheon.ops.pg_binaries import Binaries
from pantheon.ops.pg_cluster import DATABASE_FAILED, Cluster, read_pid_file
from pantheon.ops.pg_process import STOPPING, comes_true, tell

ORPHAN_SECONDS = 5.0

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
    await _stop_survivors(cluster, binaries, left.pid if left else None)
    pid_path.unlink(missing_ok=True)
    if left and left.socket_folder:
        socket = Path(left.socket_folder) / f".s.PGSQL.{left.port}"
        for path in (socket.with_name(f"{socket.name}.lock"), socket):
            path.unlink(missing_ok=True)


async def _stop_survivors(cluster: Cluster, binaries: Binaries, postmaster: int | None) -> None:
    # On Linux a postmaster is shutting down already; elsewhere it outlives its owner. Without it
    # its children end by themselves, unless they are in the middle of something long.
    for name, patience in STOPPING:
        pids = _processes_on(cluster.data)
        if not pids:
            return
        if postmaster in pids:
            log.info("stopping the database of a dead process", pid=postmaster, signal=name)
            tell(postmaster, name, binaries)
        elif name != "INT":
            for pid in pids:
                tell(pid, name, binaries)
        seconds = patience if postmaster in pids else ORPHAN_SECONDS
        if await comes_true(lambda: not _processes_on(cluster.data), seconds, every=0.05):
            return
    numbers = ", ".join(str(pid) for pid in _processes_on(cluster.data))
    raise DATABASE_FAILED(
        f"The database in '{cluster.data}' was left by a dead process and does not stop"
        f" (process {numbers}). End it, then start again."
    )


def _processes_on(data: Path) -> list[int]:
    """Return the live PostgreSQL processes whose working directory is `data`, as it always is.

    One whose directory we may not see is another user's, and not on a cluster of ours.
    """
    # Imported here: only a crash leads here, and it costs 50 ms.
    import psutil  # type: ignore[import-untyped]

    found: list[int] = []
    process: Any
    for process in psutil.process_iter(["name", "status"]):
        if not (process.info["name"] or "").startswith("postgres"):
            continue
        try:
            alive = process.info["status"] != psutil.STATUS_ZOMBIE
            if alive and os.path.realpath(process.cwd()) == os.path.realpath(data):
                found.append(process.pid)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found
