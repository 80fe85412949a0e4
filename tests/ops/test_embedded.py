"""Tests of `pantheon.ops.embedded`: one server for many processes, whichever of them dies."""

import os
import signal
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import psycopg
import pytest

from pantheon.base.errors import Problem
from pantheon.base.settings import Settings
from pantheon.ops import embedded, pg_leftovers
from pantheon.ops.pg_account import Account, server_account
from pantheon.ops.pg_cluster import SOCKET_PATH_BYTES, read_pid_file


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def server_pids(postmaster: int) -> set[int]:
    process = psutil.Process(postmaster)
    return {postmaster, *(child.pid for child in process.children(recursive=True))}


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_it_starts_from_nothing_and_stops_without_a_trace(data_dir, holder):
    first = holder(data_dir).ready()
    pids = server_pids(first.postmaster)
    assert first.query("SELECT current_user, current_database()") == [("pantheon", "pantheon")]
    assert len(pids) >= 4
    assert first.end() == 0
    assert [pid for pid in pids if is_alive(pid)] == []
    assert not (data_dir / "postgres/data/postmaster.pid").exists()
    assert list((data_dir / "postgres/run").iterdir()) == []


def test_nothing_listens_on_the_network(data_dir, holder):
    first = holder(data_dir).ready()
    assert psutil.Process(first.postmaster).net_connections("inet") == []
    assert len(psutil.Process(first.postmaster).net_connections("unix")) >= 1
    assert first.query("SHOW listen_addresses") == [("",)]
    socket = data_dir / "postgres/run/.s.PGSQL.5432"
    assert stat.S_IMODE(socket.stat().st_mode) == 0o700
    assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700


def test_the_password_is_asked_for_and_is_in_no_url(data_dir, holder):
    first = holder(data_dir).ready()
    lines = (data_dir / "postgres/passwords").read_text().split()
    secrets = [line.rsplit(":", 1)[1] for line in lines]
    assert [len(secret) for secret in secrets] == [43, 43]
    assert stat.S_IMODE((data_dir / "postgres/passwords").stat().st_mode) == 0o600
    assert not any(secret in str(first.answer) for secret in secrets)
    bare = first.answer["url"].replace("passwords", "nothing")
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(bare)


def test_the_login_of_the_pools_never_becomes_a_superuser(data_dir, holder):
    first = holder(data_dir).ready()
    with psycopg.connect(first.answer["url"], autocommit=True) as conn:
        assert conn.execute("SHOW is_superuser").fetchone() == ("off",)
        conn.execute("SET ROLE NONE")
        assert conn.execute("SELECT current_user").fetchone() == ("pantheon",)
        conn.execute("RESET SESSION AUTHORIZATION")
        assert conn.execute("SHOW is_superuser").fetchone() == ("off",)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("SET ROLE postgres")
    roles = first.query(
        "SELECT rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication, rolinherit"
        " FROM pg_roles WHERE rolname = 'pantheon'"
    )
    assert roles == [(False,) * 6]


def test_a_second_process_joins(data_dir, holder):
    first = holder(data_dir).ready()
    second = holder(data_dir).ready()
    assert second.answer == first.answer
    postmaster = first.postmaster
    assert second.end() == 0
    assert first.query("SELECT 1") == [(1,)]
    assert first.postmaster == postmaster
    assert first.end() == 0
    assert not is_alive(postmaster)


def test_many_processes_make_one_cluster(data_dir, holder):
    holders = [holder(data_dir) for _ in range(4)]
    answers = [each.ready().answer for each in holders]
    assert all(answer == answers[0] for answer in answers)
    for each in holders:
        each.let_go()
    assert [each.process.wait(timeout=30) for each in holders] == [0, 0, 0, 0]
    assert read_pid_file(embedded.Cluster(data_dir / "postgres", None)) is None


def test_whoever_started_it_waits_for_those_who_joined(data_dir, holder):
    first = holder(data_dir).ready()
    second = holder(data_dir).ready()
    with psycopg.connect(second.answer["url"], autocommit=True) as conn:
        first.let_go()
        with pytest.raises(subprocess.TimeoutExpired):
            first.process.wait(timeout=1)
        assert conn.execute("SELECT 2").fetchone() == (2,)
    assert second.end() == 0
    assert first.process.wait(timeout=30) == 0


def test_an_owner_waits_for_a_brief_command_and_then_runs_its_own(data_dir, holder):
    brief = holder(data_dir).ready()
    before = brief.postmaster
    owner = holder(data_dir, own=True)
    assert brief.end() == 0
    owner.ready()
    assert owner.query("SELECT 1") == [(1,)]
    assert owner.postmaster != before
    assert owner.end() == 0


def test_a_live_owner_is_not_disturbed(data_dir, holder):
    owner = holder(data_dir, own=True).ready()
    other = holder(data_dir, own=True).ready()
    assert other.process.wait(timeout=30) == 1
    assert other.answer["problem"] == "data_dir_in_use"
    assert f"process {owner.process.pid}" in other.answer["detail"]
    assert owner.query("SELECT 1") == [(1,)]


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="only Linux tells a child of our death")
def test_the_server_shuts_down_when_its_owner_is_killed(data_dir, holder):
    owner = holder(data_dir, own=True).ready()
    owner.query("CREATE TABLE kept AS SELECT 7 AS n", admin=True)
    pids = server_pids(owner.postmaster)
    owner.kill()
    wait_until(lambda: not any(is_alive(pid) for pid in pids))
    assert not (data_dir / "postgres/data/postmaster.pid").exists()
    following = holder(data_dir, own=True).ready()
    assert following.query("SELECT n FROM kept", admin=True) == [(7,)]


def test_it_recovers_when_owner_and_server_are_killed(data_dir, holder):
    owner = holder(data_dir, own=True).ready()
    postmaster = owner.postmaster
    owner.query("CREATE TABLE kept AS SELECT 7 AS n", admin=True)
    owner.process.send_signal(signal.SIGSTOP)
    os.kill(postmaster, signal.SIGKILL)
    owner.kill()
    assert (data_dir / "postgres/data/postmaster.pid").exists()
    assert (data_dir / "postgres/run/.s.PGSQL.5432.lock").exists()
    following = holder(data_dir, own=True).ready()
    assert following.query("SELECT n FROM kept", admin=True) == [(7,)]
    assert following.postmaster != postmaster
    assert following.end() == 0


def test_a_server_that_dies_is_started_again(data_dir, holder):
    owner = holder(data_dir, own=True).ready()
    before = owner.postmaster
    os.kill(before, signal.SIGKILL)

    def answers() -> bool:
        try:
            return owner.query("SELECT 1") == [(1,)]
        except psycopg.OperationalError:
            return False

    wait_until(lambda: not is_alive(before))
    wait_until(answers)
    assert owner.postmaster != before
    assert owner.end() == 0


async def test_a_backend_that_outlives_its_server_is_ended_first(new_cluster, monkeypatch):
    monkeypatch.setattr(pg_leftovers, "ORPHAN_SECONDS", 0.3)
    async with embedded.embedded(new_cluster.folder) as server:
        conn = await psycopg.AsyncConnection.connect(server.admin_url, autocommit=True)
        backend = conn.info.backend_pid
        # Busy, so that it does not notice the death of its parent.
        conn.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 1000000000000)")
        while conn.pgconn.flush():
            pass
        wait_until(lambda: psutil.Process(backend).cpu_times().user > 0.05)
        state = read_pid_file(new_cluster)
        os.kill(state.pid, signal.SIGKILL)
        await embedded.comes_true(lambda: not is_alive(backend), 30)
        assert not is_alive(backend)
        conn.pgconn.finish()

        def is_another() -> bool:
            now = read_pid_file(new_cluster)
            return now is not None and now.ready and now.pid != state.pid

        assert await embedded.comes_true(is_another, 30)
        async with await psycopg.AsyncConnection.connect(server.url, autocommit=True) as conn:
            assert (await (await conn.execute("SELECT 1")).fetchone()) == (1,)


def test_the_server_is_no_part_of_the_terminals_group(data_dir, holder):
    owner = holder(data_dir, own=True).ready()
    assert os.getsid(owner.postmaster) == owner.postmaster


def test_a_long_path_gets_a_short_socket(data_dir, holder):
    deep = data_dir.parent / ("d" * 100)
    first = holder(deep).ready()
    assert first.query("SELECT 1") == [(1,)]
    folder = Path(read_pid_file(embedded.Cluster(deep / "postgres", None)).socket_folder)
    assert folder.parent == Path("/tmp")
    assert len(str(folder / ".s.PGSQL.5432")) < SOCKET_PATH_BYTES
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    second = holder(deep).ready()
    assert second.answer == first.answer
    assert second.end() == 0
    assert first.end() == 0
    assert not folder.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_an_ordinary_user_runs_it_as_itself(data_dir, holder):
    account = server_account(data_dir / "missing")
    assert account is not None
    account.own(data_dir)
    first = holder(data_dir, account=account).ready()
    assert psutil.Process(first.postmaster).uids().real == account.uid
    assert (data_dir / "postgres").stat().st_uid == account.uid
    assert stat.S_IMODE((data_dir / "postgres").stat().st_mode) == 0o700
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
    assert first.end() == 0
    # Root may follow, and the server stays the user's.
    second = holder(data_dir).ready()
    assert psutil.Process(second.postmaster).uids().real == account.uid
    assert second.end() == 0
    third = holder(data_dir, account=account).ready()
    assert third.query("SELECT 1") == [(1,)]
    assert third.end() == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="about root's folders")
def test_root_runs_it_as_nobody_and_opens_only_its_own_folder(data_dir, holder):
    first = holder(data_dir).ready()
    account: Account | None = server_account(data_dir / "missing")
    assert account is not None
    assert psutil.Process(first.postmaster).uids().real == account.uid
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o711
    assert first.end() == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_an_ordinary_user_is_refused_where_root_was(data_dir, holder):
    account = server_account(data_dir / "missing")
    assert account is not None
    assert holder(data_dir).ready().end() == 0
    account.own(data_dir)
    refused = holder(data_dir, account=account).ready()
    assert refused.process.wait(timeout=30) == 1
    assert refused.answer["problem"] == "data_dir_closed"
    assert "belongs to another user" in refused.answer["detail"]


@pytest.mark.skipif(os.geteuid() != 0, reason="about root's folders")
def test_root_is_refused_below_a_closed_folder(data_dir, holder):
    closed = data_dir / "closed"
    closed.mkdir(mode=0o700)
    refused = holder(closed / "data").ready()
    assert refused.process.wait(timeout=30) == 1
    assert refused.answer["problem"] == "data_dir_closed"
    assert "'nobody' cannot enter" in refused.answer["detail"]
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


async def test_an_external_server_is_used_as_it_is():
    settings = Settings(database_url="postgresql://lena:x@db.example/rooms", _env_file=None)
    async with embedded.database(settings) as server:
        assert server == embedded.Server(
            "postgresql://lena:x@db.example/rooms",
            "postgresql://lena:x@db.example/rooms",
            "lena",
            embedded=False,
        )


async def test_a_url_that_cannot_be_read_is_refused():
    settings = Settings(database_url="postgresql//db", _env_file=None)
    with pytest.raises(Problem) as refused:
        async with embedded.database(settings):
            pass
    assert refused.value.kind.code == "database_url_invalid"
