"""One embedded cluster: its files, and how its server is made, started and stopped."""

import asyncio
import contextlib
import ctypes
import os
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

import psycopg
import structlog
from psycopg import sql
from psycopg.conninfo import make_conninfo

from pantheon.base.errors import ProblemType
from pantheon.ops.pg_account import Account
from pantheon.ops.pg_binaries import Binaries

DATABASE_FAILED = ProblemType("database_failed", 503, "The embedded database does not run")

SUPERUSER = "postgres"
LOGIN_ROLE = "pantheon"
DATABASE = "pantheon"
SOCKET_PORT = 5432
# The shortest `sun_path` of the systems that we know is 104 bytes, with a NUL at its end.
SOCKET_PATH_BYTES = 103
LOG_BYTES = 1 << 20
START_SECONDS = 600.0
WATCH_SECONDS = 0.01

# What the data needs; a test cluster changes some.
OPTIONS: Mapping[str, str] = {
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Errors of statements are told to their client; the log keeps what the server does.
    "log_min_messages": "log",
    "log_checkpoints": "off",
    "jit": "off",
    "cluster_name": "pantheon",
}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where a cluster's files lie, and who runs its server (`None`: ourselves)."""

    folder: Path
    account: Account | None

    @property
    def data(self) -> Path:
        """PostgreSQL's own data directory."""
        return self.folder / "data"

    @property
    def passfile(self) -> Path:
        """The passwords of both login roles, in libpq's format."""
        return self.folder / "passwords"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.folder / "log"

    def own(self, path: Path) -> None:
        """Give `path` to the user that runs the server."""
        if self.account:
            self.account.own(path)


@dataclass(frozen=True, slots=True)
class PidFile:
    """What a running server writes about itself (`postmaster.pid`; lines as in pidfile.h)."""

    pid: int
    port: int
    socket_folder: str
    ready: bool


def read_pid_file(cluster: Cluster) -> PidFile | None:
    """Read `postmaster.pid`; `None` where there is none, or it is not whole yet."""
    try:
        lines = (cluster.data / "postmaster.pid").read_text("utf-8", "replace").splitlines()
        return PidFile(int(lines[0]), int(lines[3]), lines[4], lines[7].strip() == "ready")
    except (FileNotFoundError, IndexError, ValueError):
        return None


def conninfo(cluster: Cluster, address: PidFile, role: str, database: str) -> str:
    """Return what libpq connects with; the password is in a file, not in the text."""
    return make_conninfo(
        host=address.socket_folder or "127.0.0.1",
        port=address.port,
        user=role,
        dbname=database,
        passfile=str(cluster.passfile),
        sslmode="disable",
    )


async def initialise(cluster: Cluster, binaries: Binaries, *, sync: bool = True) -> None:
    """Make the cluster, if there is none. It appears at once and whole.

    Raises `database_failed` with what `initdb` said.
    """
    if cluster.data.exists():
        return
    passwords = _passwords(cluster)
    for left in cluster.folder.glob("new.*"):
        shutil.rmtree(left, ignore_errors=True)
    draft = cluster.folder / f"new.{os.getpid()}"
    draft.mkdir(mode=0o700)
    cluster.own(draft)
    given = draft / "password"
    _write_secret(given, f"{passwords[SUPERUSER]}\n")
    cluster.own(given)
    locale = ["--locale=C"]
    if binaries.major >= 17:
        locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    arguments = [
        *(binaries.program("initdb"), "-D", str(draft / "data"), f"--username={SUPERUSER}"),
        *(f"--pwfile={given}", "--auth=scram-sha-256", "--encoding=UTF8", *locale),
        *([] if sync else ["--no-sync"]),
    ]
    start = _log_size(cluster)
    process = _spawn(cluster, arguments)
    try:
        while process.poll() is None:
            await asyncio.sleep(WATCH_SECONDS)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    if process.returncode:
        raise DATABASE_FAILED(f"PostgreSQL's initdb failed:\n{_log_tail(cluster, start)}")
    (draft / "data").rename(cluster.data)
    shutil.rmtree(draft)


async def start(
    cluster: Cluster, binaries: Binaries, options: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Start the server and wait until it takes connections, on a socket that only we can enter.

    On Linux it is told to shut down when the calling *thread* ends, so call this from one that
    lives as long as the server has to. Raises `database_failed` with the end of the log.
    """
    options = {**OPTIONS, **_address(cluster), **options}
    arguments = [binaries.program("postgres"), "-D", str(cluster.data)]
    for name, value in options.items():
        arguments += ["-c", f"{name}={value}"]
    begin = _log_size(cluster)
    process = _spawn(cluster, arguments)
    try:
        async with asyncio.timeout(START_SECONDS):
            while True:
                state = read_pid_file(cluster)
                if state and state.pid == process.pid and state.ready:
                    return process
                if process.poll() is not None:
                    raise DATABASE_FAILED(
                        f"PostgreSQL did not start (exit {process.returncode}):"
                        f"\n{_log_tail(cluster, begin)}"
                    )
                await asyncio.sleep(WATCH_SECONDS)
    except BaseException:
        await stop(cluster, process, binaries)
        raise


async def stop(cluster: Cluster, process: subprocess.Popen[bytes], binaries: Binaries) -> None:
    """Shut the server down: without waiting for its clients, and less kindly if that hangs."""
    for name, seconds in (("INT", 30), ("QUIT", 10), ("KILL", 5)):
        if process.poll() is not None:
            return
        if name != "INT":
            log.warning("the database is slow to stop", signal=name, log=str(cluster.log))
        tell(process.pid, name, binaries)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while process.poll() is None:
                    await asyncio.sleep(WATCH_SECONDS)


def tell(pid: int, name: str, binaries: Binaries) -> None:
    """Send a signal: `INT` stops fast, `QUIT` at once, `KILL` without a word."""
    if sys.platform == "win32":
        subprocess.run([binaries.program("pg_ctl"), "kill", name, str(pid)], check=False)
    else:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.Signals[f"SIG{name}"])


async def make_login(cluster: Cluster, address: PidFile) -> None:
    """Make the role that the pools log in with, no superuser, and its database, if missing."""
    password = _passwords(cluster)[LOGIN_ROLE]
    try:
        conn = await psycopg.AsyncConnection.connect(
            conninfo(cluster, address, SUPERUSER, "postgres"), autocommit=True
        )
    except psycopg.OperationalError as error:
        raise DATABASE_FAILED(
            f"The embedded database refuses its administrator: {str(error).strip()}."
            f" Its passwords stand in '{cluster.passfile}'; restore that file."
        ) from error
    async with conn:
        cursor = await conn.execute(
            """
            SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %(role)s),
                EXISTS (SELECT FROM pg_database WHERE datname = %(name)s),
                EXISTS (SELECT FROM pg_database WHERE datname = %(name)s AND datacl IS NOT NULL)
            """,
            {"role": LOGIN_ROLE, "name": DATABASE},
        )
        has_role, has_database, is_closed = await cursor.fetchone() or (False, False, False)
        role, name = sql.Identifier(LOGIN_ROLE), sql.Identifier(DATABASE)
        if not has_role:
            secret = conn.pgconn.encrypt_password(password.encode(), LOGIN_ROLE.encode())
            # Without INHERIT the login itself may do nothing: it has to take a role.
            await conn.execute(
                sql.SQL("CREATE ROLE {} LOGIN NOINHERIT PASSWORD {}").format(role, secret.decode())
            )
        if not has_database:
            await conn.execute(sql.SQL("CREATE DATABASE {}").format(name))
        if not is_closed:
            await conn.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
            await conn.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, role))


def _passwords(cluster: Cluster) -> dict[str, str]:
    """Read the passwords by role; they are made when there is no cluster yet."""
    if not cluster.passfile.exists() and not cluster.data.exists():
        lines = [f"*:*:*:{role}:{secrets.token_urlsafe(32)}" for role in (SUPERUSER, LOGIN_ROLE)]
        draft = cluster.passfile.with_suffix(".new")
        _write_secret(draft, "\n".join([*lines, ""]))
        draft.replace(cluster.passfile)
    try:
        lines = cluster.passfile.read_text("ascii").split()
        found = dict(line.rsplit(":", 2)[1:] for line in lines)
        return {role: found[role] for role in (SUPERUSER, LOGIN_ROLE)}
    except (FileNotFoundError, KeyError, ValueError) as error:
        raise DATABASE_FAILED(
            f"The file '{cluster.passfile}' with the database's passwords is missing or damaged."
            " Restore it from a backup of the data directory."
        ) from error


def _write_secret(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def _address(cluster: Cluster) -> dict[str, str]:
    """Return the settings for where the server listens: never beyond this machine's user."""
    if sys.platform == "win32":
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = str(probe.getsockname()[1])
        return {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": ""}
    return {
        "listen_addresses": "",
        "port": str(SOCKET_PORT),
        "unix_socket_directories": str(_socket_folder(cluster)),
        "unix_socket_permissions": "0700",
    }


def _socket_folder(cluster: Cluster) -> Path:
    """Make the socket's folder: beside the cluster, or a short one where that path is too long."""
    near = cluster.folder / "run"
    if len(os.fsencode(near / f".s.PGSQL.{SOCKET_PORT}")) <= SOCKET_PATH_BYTES:
        near.mkdir(mode=0o700, exist_ok=True)
        cluster.own(near)
        return near
    uid = cluster.account.uid if cluster.account else os.getuid()
    root = Path("/tmp")  # noqa: S108
    short = root / f"pantheon-{sha256(os.fsencode(cluster.folder)).hexdigest()[:16]}"
    with contextlib.suppress(FileExistsError):
        short.mkdir(mode=0o700)
        cluster.own(short)
    status = short.lstat()
    if stat.S_ISDIR(status.st_mode) and status.st_uid == uid and not status.st_mode & 0o077:
        return short
    # Somebody else made it first: take a name that cannot be known beforehand.
    other = Path(tempfile.mkdtemp(prefix="pantheon-", dir=root))
    cluster.own(other)
    return other


def _spawn(cluster: Cluster, arguments: list[str]) -> subprocess.Popen[bytes]:
    environment = {n: v for n, v in os.environ.items() if not n.startswith(("PG", "LC_"))}
    more: dict[str, Any] = cluster.account.popen_arguments() if cluster.account else {}
    if sys.platform == "win32":
        more["creationflags"] = subprocess.CREATE_NEW_PROCESS_GROUP
    else:
        # A Ctrl-C in the terminal is for us; what it means for the server is decided by us.
        more |= {"start_new_session": True, "umask": 0o077, "preexec_fn": _end_with_parent()}
    with _open_log(cluster) as output:
        return subprocess.Popen(
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
    return os.fdopen(os.open(cluster.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


def _log_size(cluster: Cluster) -> int:
    return cluster.log.stat().st_size if cluster.log.exists() else 0


def _log_tail(cluster: Cluster, begin: int) -> str:
    with cluster.log.open("rb") as file:
        file.seek(begin if begin < _log_size(cluster) else 0)
        return file.read()[-2000:].decode("utf-8", "replace").strip()
