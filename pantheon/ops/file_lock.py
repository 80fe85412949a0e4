"""Locks on files, kept by the kernel: they end with their process, however that ends."""

import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

# A locked byte cannot be read by others on Windows: the locks lie far behind the text.
_WINDOWS_OFFSET = 1 << 30
_WINDOWS_SLOTS = 1 << 16


class FileLock:
    """A lock on a file, exclusive or shared; the file may hold the holder's pid."""

    def __init__(self, path: Path) -> None:
        """Describe a lock on `path`, a file in a folder that exists."""
        self.path = path
        self._fd: int | None = None

    def acquire(self, *, shared: bool = False) -> bool:
        """Try to take the lock, without waiting; tell whether it is held now.

        Raises OSError where the file cannot be opened for writing.
        """
        assert self._fd is None, f"{self.path} is locked by this object already"
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
        fd = os.open(self.path, flags, 0o600)
        if not _lock(fd, shared):
            os.close(fd)
            return False
        self._fd = fd
        return True

    def release(self) -> None:
        """Give the lock back, if it is held."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def write_pid(self) -> None:
        """Write this process's id into the locked file, for whoever is refused."""
        assert self._fd is not None
        os.ftruncate(self._fd, 0)
        os.lseek(self._fd, 0, os.SEEK_SET)
        os.write(self._fd, f"{os.getpid()}\n".encode())

    def read_pid(self) -> int | None:
        """Return the process id that the last holder wrote, `None` where there is none."""
        try:
            return int(self.path.read_text("ascii"))
        except (FileNotFoundError, ValueError):
            return None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def _lock(fd: int, shared: bool) -> bool:
    if sys.platform == "win32":
        import msvcrt

        # Only exclusive locks there: one of many bytes when shared, else all of them.
        os.lseek(fd, _WINDOWS_OFFSET + (os.getpid() % _WINDOWS_SLOTS if shared else 0), os.SEEK_SET)
        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1 if shared else _WINDOWS_SLOTS)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
