"""The data directory: made, owned by one `pantheon up` at a time, known by an instance id."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import UUID

from pantheon.base import ids
from pantheon.base.errors import ProblemType
from pantheon.ops.file_lock import FileLock

DATA_DIR_IN_USE = ProblemType("data_dir_in_use", 409, "The data directory is in use")
DATA_DIR_CLOSED = ProblemType("data_dir_closed", 503, "The data directory cannot be used")

INSTANCE_FILE = "instance"


def prepare_data_dir(data_dir: Path) -> Path:
    """Make the directory where it is missing and return its absolute path.

    PostgreSQL's user has to pass through root's directory: it is opened for that, if it is ours
    (made here, empty or used before). Raises `data_dir_closed` where we may not write.
    """
    folder = Path(os.path.abspath(data_dir.expanduser()))
    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o711 if as_root else 0o700)
        ours = (folder / INSTANCE_FILE).exists() or not any(folder.iterdir())
        mode = folder.stat().st_mode
        if as_root and ours and not mode & 0o001:
            folder.chmod(mode | 0o011)
        instance_id(folder)
        if not os.access(folder, os.W_OK):
            raise PermissionError(errno.EACCES, "no permission to write", str(folder))
    except OSError as error:
        raise DATA_DIR_CLOSED(
            f"The data directory '{folder}' cannot be used: {error.strerror}."
            " Name another folder with --data-dir, or run Pantheon as the user that owns this one."
        ) from error
    return folder


def instance_id(data_dir: Path) -> UUID:
    """Return the id of this installation; it is made when it is first asked for.

    Raises OSError where the directory cannot be written, `data_dir_closed` for a damaged id.
    """
    path = data_dir / INSTANCE_FILE
    if not path.exists():
        # A link appears at once and whole, and of two processes only one can make it.
        draft = data_dir / f".{INSTANCE_FILE}.{ids.new().hex}"
        with draft.open("w", encoding="ascii") as file:
            file.write(f"{ids.new()}\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    text = path.read_text("ascii").strip()
    try:
        return UUID(text)
    except ValueError as error:
        raise DATA_DIR_CLOSED(
            f"'{path}' holds no id ({text[:40]!r}). Delete the file: a new one is made."
        ) from error


@contextmanager
def own_data_dir(data_dir: Path) -> Iterator[None]:
    """Own the data directory, as `pantheon up` does, for as long as the block lasts.

    A predecessor that died, however it did, is no obstacle. Raises `data_dir_in_use`, naming the
    process, while another one owns it, and `data_dir_closed`.
    """
    folder = prepare_data_dir(data_dir)
    with FileLock(folder / "up.lock") as lock:
        if not lock.acquire():
            pid = lock.read_pid()
            raise DATA_DIR_IN_USE(
                f"Pantheon runs already with the data directory {folder}"
                f"{f' (process {pid})' if pid else ''}."
                " Open it with 'pantheon open', stop it, or name another folder with --data-dir.",
                pid=pid,
            )
        lock.write_pid()
        yield
