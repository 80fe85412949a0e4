"""The processes of an embedded cluster: `initdb` once, then the server, which dies with us."""

import asyncio
import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

import structlog

from pantheon.ops.pg_binaries import Binaries
from pantheon.ops.pg_cluster import (
    DATABASE_FAILED,
    SUPERUSER,
    Cluster,
    passwords,
    read_pid_file,
    write_secret,
)

LOG_BYTES = 1 << 20
START_SECONDS = 600.0
# How the server is told to stop, less and less kindly, and how long it is waited for.
STOPPING = (("INT", 30.0), ("QUIT", 10.0), ("KILL", 5.0))

OPTIONS: Mapping[str, str] = {
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Errors of statements are told to their client; the log keeps what the server does.
    "log_min_messages": "log",
    "log_checkpoints": "off",
    "jit": "off",
    # Until a table is first analysed PostgreSQL takes any index that begins with the workspace,
    # and reads all of its rows. Statistics a minute late made turn 1,000 of a fast session cost
    # 1.6 times turn 20.
    "autovacuum_naptime": "10s",
    "cluster_name": "pantheon",
}

log = structlog.get_logger()


async def comes_true(condition: Callable[[], bool], seconds: float, *, every: float = 0.01) -> bool:
    """Look at something outside of us, `every` so often; tell whether it holds within `seconds`."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        if asyncio.get_running_loop().time() >= deadline:
            return False
        await asyncio.sleep(every)
    return True


async def initialise(cluster: Cluster, binaries: Binaries, *, sync: bool = True) -> None:
    """Make the cluster, if there is none. It appears at once and whole.

    `sync=False` does not wait for the disk. Raises `database_failed` with what `initdb` said.
    """
    if cluster.data.exists():
        return
    secret = passwords(cluster)[SUPERUSER]
    for left in cluster.folder.glob("new.*"):
        shutil.rmtree(left, ignore_errors=True)
    draft = cluster.folder / f"new.{os.getpid()}"
    draft.mkdir(mode=0o700)
    try:
        write_secret(draft / "password", f"{secret}\n")
        for path in (draft / "password", draft):
            cluster.own(path)
        await _run(cluster, [binaries.program("initdb"), *_initdb_arguments(draft, binaries, sync)])
        (draft / "data").rename(cluster.data)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


async def start(
    cluster: Cluster, binaries: Binaries, options: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Start the server and wait until it takes connections.

    On Linux it is told to shut down when the calling *thread* ends, so call this from one that
    lives as long as the server has to. Raises `database_failed` with the end of the log.
    """
    arguments = [binaries.program("postgres"), "-D", str(cluster.data)]
    for name, value in options.items():
        arguments += ["-c", f"{name}={value}"]
    begin = _log_size(cluster)
    process = _spawn(cluster, arguments)

    def is_up_or_gone() -> bool:
        state = read_pid_file(cluster)
        up = state is not None and state.pid == process.pid and state.ready
        return up or process.poll() is not None

    try:
        in_time = await comes_true(is_up_or_gone, START_SECONDS)
    except BaseException:
        await stop(cluster, process, binaries)
        raise
    if in_time and process.poll() is None:
        return process
    await stop(cluster, process, binaries)
    raise DATABASE_FAILED(
        f"PostgreSQL did not start (exit {process.returncode}):\n{_log_tail(cluster, begin)}"
    )


async def stop(cluster: Cluster, process: subprocess.Popen[bytes], binaries: Binaries) -> None:
    """Shut the server down without waiting for its clients, and less kindly if that hangs."""
    for name, seconds in STOPPING:
        if process.poll() is not None:
            return
        if name != "INT":
            log.warning("the database is slow to stop", signal=name, log=str(cluster.log))
        tell(process.pid, name, binaries)
        await comes_true(lambda: process.poll() is not None, seconds)


def tell(pid: int, name: str, binaries: Binaries) -> None:
    """Send a signal: `INT` stops fast, `QUIT` at once, `KILL` without a word."""
    if sys.platform == "win32":
        command = [binaries.program("pg_ctl"), "kill", name, str(pid)]
        subprocess.run(command, check=False)  # noqa: S603
    else:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.Signals[f"SIG{name}"])


def _initdb_arguments(draft: Path, binaries: Binaries, sync: bool) -> list[str]:
    arguments = [
        f"--pgdata={draft / 'data'}",
        f"--username={SUPERUSER}",
        f"--pwfile={draft / 'password'}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
    ]
    if binaries.major >= 17:
        arguments += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return arguments if sync else [*arguments, "--no-sync"]


async def _run(cluster: Cluster, arguments: list[str]) -> None:
    begin = _log_size(cluster)
    process = _spawn(cluster, arguments)
    try:
        await comes_true(lambda: process.poll() is not None, START_SECONDS)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    if process.returncode:
        raise DATABASE_FAILED(f"PostgreSQL's initdb failed:\n{_log_tail(cluster, begin)}")


def _spawn(cluster: Cluster, arguments: list[str]) -> subprocess.Popen[bytes]:
    environment = {n: v for n, v in os.environ.items() if not n.startswith(("PG", "LC_"))}
    more: dict[str, Any] = cluster.account.popen_arguments() if cluster.account else {}
    if sys.platform == "win32":
        more["creationflags"] = subprocess.CREATE_NEW_PROCESS_GROUP
    else:
        # A Ctrl-C in the terminal is for us; what it means for the server is decided by us.
        more |= {"start_new_session": True, "umask": 0o077, "preexec_fn": _end_with_parent()}
    with _open_log(cluster) as output:
        return subprocess.Popen(  # noqa: S603
            arguments,
            cwd=cluster.folder,
            env={**environment, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            **more,
        )


def _end_with_parent() -> Callable[[], None] | None:
    """Return what a child runs before its program: ask for SIGINT at our death, however we die."""
    if sys.platform != "linux":
        return None
    prctl, parent, pr_set_pdeathsig = ctypes.CDLL(None).prctl, os.getpid(), 1

    def in_child() -> None:
        prctl(pr_set_pdeathsig, signal.SIGINT, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return in_child


def _open_log(cluster: Cluster) -> IO[bytes]:
    if _log_size(cluster) > LOG_BYTES:
        cluster.log.replace(cluster.log.with_suffix(".old"))
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    file = os.fdopen(os.open(cluster.log, flags, 0o600), "ab")
    cluster.own(cluster.log)
    return file


def _log_size(cluster: Cluster) -> int:
    return cluster.log.stat().st_size if cluster.log.exists() else 0


def _log_tail(cluster: Cluster, begin: int) -> str:
    with cluster.log.open("rb") as file:
        file.seek(begin if begin < _log_size(cluster) else 0)
        return file.read()[-2000:].decode("utf-8", "replace").strip()
