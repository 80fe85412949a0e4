"""Tests of `pantheon.ops.pg_process`: initdb, the server's start and stop, the log."""

import asyncio
import os
import signal
import stat

import psycopg
import pytest

from pantheon.base.errors import Problem
from pantheon.ops import pg_process
from pantheon.ops.pg_cluster import (
    DATABASE_FAILED,
    SUPERUSER,
    conninfo,
    listen_options,
    read_pid_file,
)
from pantheon.ops.pg_process import OPTIONS, comes_true, initialise, start, stop
from tests.ops.test_pg_binaries import make_programs


async def test_comes_true_tells_whether_it_did():
    seen = iter([False, False, True])
    assert await comes_true(lambda: next(seen), 5)
    assert not await comes_true(lambda: False, 0.02)


async def test_a_cluster_is_made_whole_with_a_password_and_a_fixed_order_of_text(
    new_cluster, binaries
):
    (new_cluster.folder / "new.1234" / "data").mkdir(parents=True)
    await initialise(new_cluster, binaries)
    assert sorted(path.name for path in new_cluster.folder.iterdir()) == [
        "data",
        "log",
        "passwords",
    ]
    assert stat.S_IMODE(new_cluster.data.stat().st_mode) == 0o700
    hba = (new_cluster.data / "pg_hba.conf").read_text()
    methods = {line.split()[-1] for line in hba.splitlines() if line and line[0] != "#"}
    assert methods == {"scram-sha-256"}
    options = {**OPTIONS, **listen_options(new_cluster)}
    process = await start(new_cluster, binaries, options)
    address = read_pid_file(new_cluster)
    assert address.pid == process.pid
    with psycopg.connect(conninfo(new_cluster, address, SUPERUSER, "postgres")) as conn:
        made = conn.execute(
            "SELECT pg_encoding_to_char(encoding), datlocprovider, datlocale"
            " FROM pg_database WHERE datname = 'template1'"
        ).fetchone()
        assert made == ("UTF8", "b", "C.UTF-8")
        settings = dict(
            conn.execute(
                "SELECT name, setting FROM pg_settings WHERE name IN"
                " ('fsync', 'max_connections', 'listen_addresses', 'TimeZone', 'data_checksums')"
            ).fetchall()
        )
    assert settings == {
        "fsync": "on",
        "max_connections": "200",
        "listen_addresses": "",
        "TimeZone": "UTC",
        "data_checksums": "on",
    }
    # Made already: a second time does nothing.
    await initialise(new_cluster, binaries)
    await stop(new_cluster, process, binaries)
    assert process.returncode == 0


async def test_a_failed_initdb_is_told_and_leaves_nothing(new_cluster, tmp_path):
    folder = make_programs(new_cluster.folder / "bin", "18.1")
    (folder / "initdb").write_text("#!/bin/sh\necho 'no space left' >&2\nexit 1\n")
    broken = pg_process.Binaries(folder, "18.1", 18)
    with pytest.raises(Problem) as refused:
        await initialise(new_cluster, broken)
    assert refused.value.kind is DATABASE_FAILED
    assert "no space left" in refused.value.detail
    assert not new_cluster.data.exists()
    assert list(new_cluster.folder.glob("new.*")) == []


async def test_a_server_that_does_not_start_tells_the_end_of_its_log(new_cluster, binaries):
    await initialise(new_cluster, binaries, sync=False)
    with pytest.raises(Problem) as refused:
        await start(new_cluster, binaries, {"shared_buffers": "nonsense"})
    assert refused.value.kind is DATABASE_FAILED
    assert 'invalid value for parameter "shared_buffers": "nonsense"' in refused.value.detail


async def test_a_start_that_is_given_up_leaves_no_server(new_cluster, binaries, monkeypatch):
    await initialise(new_cluster, binaries, sync=False)
    spawned = []
    spawn = pg_process._spawn

    def remember(*arguments):
        spawned.append(spawn(*arguments))
        return spawned[0]

    monkeypatch.setattr(pg_process, "_spawn", remember)
    task = asyncio.create_task(
        start(new_cluster, binaries, {**OPTIONS, **listen_options(new_cluster)})
    )
    assert await comes_true(lambda: bool(spawned), 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert spawned[0].poll() is not None


async def test_a_server_that_does_not_listen_is_stopped_less_kindly(
    new_cluster, binaries, monkeypatch
):
    monkeypatch.setattr(pg_process, "STOPPING", (("INT", 0.1), ("QUIT", 0.1), ("KILL", 5.0)))
    await initialise(new_cluster, binaries, sync=False)
    # Nobody cleans up after it: its shared memory lies in its own folder.
    options = {"dynamic_shared_memory_type": "mmap", "fsync": "off"}
    options |= {**OPTIONS, **listen_options(new_cluster)}
    process = await start(new_cluster, binaries, options)
    os.kill(process.pid, signal.SIGSTOP)
    await stop(new_cluster, process, binaries)
    assert process.returncode == -signal.SIGKILL


async def test_the_log_is_ours_and_does_not_grow_without_end(new_cluster, binaries):
    await initialise(new_cluster, binaries, sync=False)
    assert stat.S_IMODE(new_cluster.log.stat().st_mode) == 0o600
    with new_cluster.log.open("ab") as file:
        file.truncate(pg_process.LOG_BYTES + 1)
    options = {**OPTIONS, **listen_options(new_cluster), "fsync": "off"}
    process = await start(new_cluster, binaries, options)
    await stop(new_cluster, process, binaries)
    assert new_cluster.log.with_suffix(".old").stat().st_size > pg_process.LOG_BYTES
    text = new_cluster.log.read_text()
    assert "ready to accept connections" in text
    assert len(text) < 5000
