"""Tests of `pantheon.ops.pg_leftovers`: pid files that lie, servers that nobody owns."""

import os
import subprocess
from pathlib import Path

import psycopg
import pytest

from pantheon.base.errors import Problem
from pantheon.ops.embedded import embedded
from pantheon.ops.pg_cluster import listen_options, read_pid_file
from pantheon.ops.pg_leftovers import clear_leftovers
from pantheon.ops.pg_process import OPTIONS, initialise, start


@pytest.fixture
async def made(new_cluster, binaries):
    """A cluster that is there and does not run."""
    await initialise(new_cluster, binaries, sync=False)
    return new_cluster


def leave_files(cluster, pid: int) -> list[Path]:
    """Leave the files of a server with the number `pid`, as a kill does."""
    folder = Path(listen_options(cluster)["unix_socket_directories"])
    socket, lock = folder / ".s.PGSQL.5432", folder / ".s.PGSQL.5432.lock"
    text = f"{pid}\n{cluster.data}\n1795569865\n5432\n{folder}\n\n  2147029         4\nready   \n"
    files = [cluster.data / "postmaster.pid", lock, socket]
    for path in files:
        path.write_text(text)
        cluster.own(path)
    return files


def run_as_the_server(cluster, *command: str) -> subprocess.Popen[bytes]:
    """Start a program as the user of the server: what only PostgreSQL's own look can tell apart."""
    return subprocess.Popen(
        command, **(cluster.account.popen_arguments() if cluster.account else {})
    )


async def comes_up_only_when_cleared(cluster, binaries, pid: int) -> None:
    """See that PostgreSQL itself refuses to start, and that the embedded server starts."""
    leave_files(cluster, pid)
    with pytest.raises(Problem, match="already exists"):
        await start(cluster, binaries, {**OPTIONS, **listen_options(cluster)})
    async with (
        embedded(cluster.folder) as server,
        await psycopg.AsyncConnection.connect(server.url) as conn,
    ):
        assert conn.info.user == "pantheon"
        assert read_pid_file(cluster).pid != pid


async def test_nothing_is_left_of_a_clean_stop(made, binaries):
    await clear_leftovers(made, binaries)
    assert not (made.data / "postmaster.pid").exists()


async def test_files_of_a_process_that_is_gone(made, binaries):
    gone = run_as_the_server(made, "true")
    gone.wait()
    files = leave_files(made, gone.pid)
    await clear_leftovers(made, binaries)
    assert [path for path in files if path.exists()] == []


async def test_files_of_a_zombie_do_not_block(made, binaries):
    """Without an init nobody reaps a killed server: its number still exists."""
    zombie = run_as_the_server(made, "true")
    wait_for_its_end(zombie)
    await comes_up_only_when_cleared(made, binaries, zombie.pid)
    zombie.wait()


def wait_for_its_end(process: subprocess.Popen[bytes]) -> None:
    """Wait for its end and leave it to be reaped: until then it is a zombie."""
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)


async def test_files_with_the_number_of_another_program_do_not_block(made, binaries):
    """After a restart of the machine or the container the number may be anybody's."""
    other = run_as_the_server(made, "sleep", "60")
    try:
        await comes_up_only_when_cleared(made, binaries, other.pid)
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


async def test_a_file_that_is_not_whole_does_not_block(made, binaries):
    (made.data / "postmaster.pid").write_text("12")
    await clear_leftovers(made, binaries)
    assert not (made.data / "postmaster.pid").exists()


async def test_a_server_that_nobody_owns_is_stopped_and_another_started(made, binaries):
    """As after a kill where no parent's death is told: it runs on and nobody would stop it."""
    options = {**OPTIONS, **listen_options(made), "fsync": "off"}
    survivor = await start(made, binaries, options)
    async with embedded(made.folder) as server:
        assert survivor.wait(timeout=10) == 0
        assert read_pid_file(made).pid != survivor.pid
        async with await psycopg.AsyncConnection.connect(server.url) as conn:
            assert conn.info.user == "pantheon"


async def test_another_clusters_server_is_left_alone(made, binaries, cluster):
    """The run's own server is a PostgreSQL too, on other data."""
    leave_files(made, 1)
    await clear_leftovers(made, binaries)
    assert cluster.admin.execute("SELECT 1").fetchone() == (1,)
