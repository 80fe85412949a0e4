"""The processes of a benchmark: started, sure to end with us, their CPU time and memory read."""

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import psutil

STOP_SECONDS = 15.0
FLUSHES = 100
DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)


class Process:
    """A child process and all that it starts. What it writes to its standard error is kept."""

    def __init__(
        self,
        command: Sequence[str | Path],
        log: Path,
        *,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        """Start `command`; standard error goes to `log`, for when it fails."""
        self.log = log
        self.began = time.perf_counter()
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=None if environment is None else dict(environment),
                cwd=folder,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            )

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def read_line(self) -> str:
        """Return the next line of the standard output. Raises RuntimeError when it has ended."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline().decode()
        if not line:
            raise RuntimeError(f"{self._process.args!r} ended:\n{self.last_words()}")
        return line.strip()

    def ask(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Send a line of JSON to the standard input and return the line that answers it."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.read_line())
        return answer

    def send(self, signal_number: int) -> None:
        """Send a signal."""
        self._process.send_signal(signal_number)

    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    def last_words(self) -> str:
        """Return the end of what it wrote to its standard error."""
        return self.log.read_text(errors="replace")[-3000:]

    def stop(self) -> None:
        """Ask it to end, and end it if it does not within 15 seconds."""
        if self.alive():
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


def cpu_seconds(roots: Iterable[Process]) -> tuple[float, float]:
    """Return the CPU time that trees of processes have used, and how much of it is PostgreSQL's.

    Children that are gone count too.
    """
    total = postgres = 0.0
    for root in roots:
        for process in _tree(root):
            used = _cpu_seconds(process)
            total += used
            if _is_postgres(process):
                postgres += used
    return total, postgres


def own_cpu_seconds() -> float:
    """Return the CPU time of this process and of all that it has ever started."""
    me = psutil.Process()
    return sum(_cpu_seconds(process) for process in (me, *me.children(recursive=True)))


def resident_mb(roots: Iterable[Process]) -> float:
    """Return the resident memory of trees of processes without PostgreSQL's, in MB of 2**20."""
    total = 0
    for root in roots:
        for process in _tree(root):
            try:
                if not _is_postgres(process):
                    total += process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
    return total / 2**20


def make_folder(path: Path) -> Path:
    """Make a folder that PostgreSQL's user can pass, as PostgreSQL does not run as root."""
    path.mkdir(exist_ok=True)
    path.chmod(0o711)
    return path


def free_port() -> int:
    """Return a port of loopback that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def machine(folder: Path) -> dict[str, Any]:
    """Return what the figures depend on besides the code; the databases are made in `folder`."""
    return {
        "cpus": os.cpu_count(),
        "python": sys.version.split()[0],
        "platform": sys.platform,
        "load_before": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "flush_ms": round(_flush_ms(folder), 2),
    }


def _flush_ms(folder: Path) -> float:
    """Return the median time of writing 8 kB to the disk for certain: a commit takes as long."""
    taken = []
    with (folder / "flushed").open("wb", buffering=0) as file:
        for _ in range(FLUSHES):
            file.write(bytes(8192))
            began = time.perf_counter()
            getattr(os, "fdatasync", os.fsync)(file.fileno())
            taken.append(time.perf_counter() - began)
    return median(taken) * 1000


def busy_seconds() -> float:
    """Return the CPU seconds that the whole machine has been busy since it was started."""
    times = psutil.cpu_times()
    return times.user + times.nice + times.system + getattr(times, "steal", 0.0)


def _tree(root: Process) -> list[psutil.Process]:
    try:
        process = psutil.Process(root.pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        raise RuntimeError(f"A process of the benchmark has died:\n{root.last_words()}") from None


def _cpu_seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
        own = times.user + times.system
        if sys.platform == "linux":
            # The kernel's own count in nanoseconds, where cpu_times() has hundredths of a second:
            # the clock id of a process is made of its pid (clock_getcpuclockid(3)).
            own = time.clock_gettime((~process.pid << 3) | 2)
        return own + times.children_user + times.children_system
    except (psutil.NoSuchProcess, OSError):
        # It has ended since it was listed: from now on its parent's count has it.
        return 0.0


def _is_postgres(process: psutil.Process) -> bool:
    try:
        return bool(process.name().startswith("postgres"))
    except psutil.NoSuchProcess:
        return False


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(DEATH_SIGNAL, signal.SIGTERM)
