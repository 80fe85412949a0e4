"""One embedded cluster: where its files lie, where it listens, and the login that the pools use."""

import contextlib
import os
import secrets
import socket
import stat
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from pantheon.base.errors import ProblemType
from pantheon.ops.pg_account import Account

DATABASE_FAILED = ProblemType("database_failed", 503, "The embedded database does not run")

SUPERUSER = "postgres"
LOGIN_ROLE = "pantheon"
DATABASE = "pantheon"
SOCKET_PORT = 5432
# The shortest `sun_path` of the systems that we know is 104 bytes (macOS), with a NUL at its end.
SOCKET_PATH_BYTES = 103


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

    @property
    def major(self) -> int | None:
        """The version of PostgreSQL that made the cluster, `None` before it is made."""
        version = self.data / "PG_VERSION"
        return int(version.read_text("ascii")) if version.exists() else None

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


def listen_options(cluster: Cluster) -> dict[str, str]:
    """Return PostgreSQL's settings for where it listens: on a socket that only we can enter.

    Windows has none that PostgreSQL's clients use there: loopback, and the password guards it.
    """
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


def remove_short_socket(cluster: Cluster, options: Mapping[str, str]) -> None:
    """Remove the socket's folder when it is the short one, outside our own; the server is gone."""
    folder = Path(options["unix_socket_directories"])
    if options["unix_socket_directories"] and folder.parent != cluster.folder:
        with contextlib.suppress(OSError):  # What is not empty is left: it is not only ours.
            folder.rmdir()


def passwords(cluster: Cluster) -> dict[str, str]:
    """Return the passwords by role; they are made while there is no cluster yet.

    Raises `database_failed` where a cluster's passwords are missing or damaged.
    """
    if not cluster.passfile.exists() and not cluster.data.exists():
        lines = [f"*:*:*:{role}:{secrets.token_urlsafe(32)}" for role in (SUPERUSER, LOGIN_ROLE)]
        draft = cluster.passfile.with_suffix(".new")
        draft.unlink(missing_ok=True)
        write_secret(draft, "\n".join([*lines, ""]))
        draft.replace(cluster.passfile)
    try:
        lines = cluster.passfile.read_text("ascii").split()
        found = dict(line.split(":", 4)[3:] for line in lines)
        return {role: found[role] for role in (SUPERUSER, LOGIN_ROLE)}
    except (FileNotFoundError, KeyError, ValueError) as error:
        raise DATABASE_FAILED(
            f"The file '{cluster.passfile}' with the database's passwords is missing or damaged."
            " Restore it from a backup of the data directory."
        ) from error


def write_secret(path: Path, text: str) -> None:
    """Write a new file that only we can read. Raises FileExistsError if it is there."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


async def make_login(cluster: Cluster, address: PidFile) -> None:
    """Make the role that the pools log in with, no superuser, and its database, if missing.

    Raises `database_failed` where the server refuses its administrator.
    """
    password = passwords(cluster)[LOGIN_ROLE]
    try:
        conn = await psycopg.AsyncConnection.connect(
            conninfo(cluster, address, SUPERUSER, "postgres"), autocommit=True
        )
    except psycopg.OperationalError as error:
        raise DATABASE_FAILED(
            f"The embedded database refuses its administrator: {str(error).strip()}."
            f" Its passwords stand in '{cluster.passfile}': restore that file from a backup."
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
        row = await cursor.fetchone()
        assert row is not None
        has_role, has_database, is_closed = row
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


def _socket_folder(cluster: Cluster) -> Path:
    """Make the socket's folder: beside the cluster, or a short one where that path is too long."""
    near = cluster.folder / "run"
    if len(os.fsencode(near / f".s.PGSQL.{SOCKET_PORT}")) <= SOCKET_PATH_BYTES:
        near.mkdir(mode=0o700, exist_ok=True)
        cluster.own(near)
        return near
    root = Path("/tmp")  # noqa: S108
    short = root / f"pantheon-{sha256(os.fsencode(cluster.folder)).hexdigest()[:16]}"
    with contextlib.suppress(FileExistsError):
        short.mkdir(mode=0o700)
        cluster.own(short)
    status = short.lstat()
    owner = cluster.account.uid if cluster.account else cluster.folder.stat().st_uid
    if stat.S_ISDIR(status.st_mode) and status.st_uid == owner and not status.st_mode & 0o077:
        return short
    # Somebody else made it first: take a name that cannot be known beforehand.
    other = Path(tempfile.mkdtemp(prefix="pantheon-", dir=root))
    cluster.own(other)
    return other
