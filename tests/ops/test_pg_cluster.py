"""Tests of `pantheon.ops.pg_cluster`: files, addresses, passwords."""

import os
import stat
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from pantheon.base.errors import Problem
from pantheon.ops import pg_cluster
from pantheon.ops.pg_cluster import (
    DATABASE_FAILED,
    Cluster,
    PidFile,
    conninfo,
    listen_options,
    passwords,
    read_pid_file,
    remove_short_socket,
)

# As PostgreSQL 18 writes it.
RUNNING = "4711\n/data\n1795569865\n5432\n/run/here\n\n  2147029         4\nready   \n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (RUNNING, PidFile(4711, 5432, "/run/here", ready=True)),
        (RUNNING.replace("ready   ", "starting"), PidFile(4711, 5432, "/run/here", ready=False)),
        (RUNNING[:20], None),
        ("", None),
        (None, None),
    ],
)
def test_what_a_server_writes_about_itself(tmp_path, text, expected):
    cluster = Cluster(tmp_path, None)
    cluster.data.mkdir()
    if text is not None:
        (cluster.data / "postmaster.pid").write_text(text)
    assert read_pid_file(cluster) == expected


def test_the_version_of_the_data(tmp_path):
    cluster = Cluster(tmp_path, None)
    assert cluster.major is None
    cluster.data.mkdir()
    (cluster.data / "PG_VERSION").write_text("16\n")
    assert cluster.major == 16


def test_a_conninfo_names_the_file_of_the_password(tmp_path):
    cluster = Cluster(tmp_path / "with 'quotes' and \\", None)
    parts = conninfo_to_dict(conninfo(cluster, PidFile(1, 5432, "/run", True), "lena", "rooms"))
    assert parts == {
        "host": "/run",
        "port": "5432",
        "user": "lena",
        "dbname": "rooms",
        "passfile": str(cluster.passfile),
        "sslmode": "disable",
    }


def test_passwords_are_made_once_and_are_ours_alone(tmp_path):
    cluster = Cluster(tmp_path, None)
    made = passwords(cluster)
    assert set(made) == {"postgres", "pantheon"}
    assert made["postgres"] != made["pantheon"]
    assert passwords(cluster) == made
    assert stat.S_IMODE(cluster.passfile.stat().st_mode) == 0o600


@pytest.mark.parametrize("text", [None, "", "*:*:*:postgres:x\n", "scribble\n"])
def test_a_cluster_without_its_passwords_is_not_given_others(tmp_path, text):
    cluster = Cluster(tmp_path, None)
    cluster.data.mkdir()
    if text is not None:
        cluster.passfile.write_text(text)
    with pytest.raises(Problem) as refused:
        passwords(cluster)
    assert refused.value.kind is DATABASE_FAILED
    assert str(cluster.passfile) in refused.value.detail


def test_the_socket_is_beside_the_cluster(tmp_path):
    options = listen_options(Cluster(tmp_path, None))
    assert options["listen_addresses"] == ""
    assert options["unix_socket_directories"] == str(tmp_path / "run")
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o700
    remove_short_socket(Cluster(tmp_path, None), options)
    assert (tmp_path / "run").is_dir()


def test_a_long_path_has_the_same_short_one_each_time(tmp_path):
    cluster = Cluster(tmp_path / ("d" * 100), None)
    cluster.folder.mkdir()
    first = listen_options(cluster)
    folder = Path(first["unix_socket_directories"])
    assert len(os.fsencode(folder / ".s.PGSQL.5432")) < pg_cluster.SOCKET_PATH_BYTES
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert listen_options(cluster) == first
    remove_short_socket(cluster, first)
    assert not folder.exists()
    # It can be gone already, or somebody may have put something there.
    remove_short_socket(cluster, first)
    listen_options(cluster)
    (folder / "something").touch()
    remove_short_socket(cluster, first)
    assert (folder / "something").exists()
    (folder / "something").unlink()
    folder.rmdir()


@pytest.mark.parametrize("trap", ["open", "link"])
def test_a_short_folder_that_somebody_prepared_is_not_used(tmp_path, trap):
    cluster = Cluster(tmp_path / ("d" * 100), None)
    cluster.folder.mkdir()
    expected = Path(listen_options(cluster)["unix_socket_directories"])
    expected.rmdir()
    if trap == "open":
        expected.mkdir()
        expected.chmod(0o755)
    else:
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        expected.symlink_to(tmp_path / "elsewhere")
    try:
        used = Path(listen_options(cluster)["unix_socket_directories"])
        assert used != expected
        assert stat.S_IMODE(used.stat().st_mode) == 0o700
        used.rmdir()
    finally:
        expected.unlink() if trap == "link" else expected.rmdir()
