"""Tests of `pantheon.ops.pg_account`."""

import os
import pwd

import pytest

from pantheon.ops.pg_account import Account, server_account

AS_ROOT = os.geteuid() == 0


def test_only_root_needs_another_user(tmp_path):
    account = server_account(tmp_path / "none")
    if AS_ROOT:
        nobody = pwd.getpwnam("nobody")
        assert account == Account("nobody", nobody.pw_uid, nobody.pw_gid)
    else:
        assert account is None


@pytest.mark.skipif(not AS_ROOT, reason="only root gives a folder away")
def test_a_cluster_stays_its_owners(tmp_path):
    other = next(entry for entry in pwd.getpwall() if entry.pw_uid not in (0, 65534))
    os.chown(tmp_path, other.pw_uid, other.pw_gid)
    account = server_account(tmp_path)
    assert account == Account(other.pw_name, other.pw_uid, other.pw_gid)


@pytest.mark.skipif(not AS_ROOT, reason="only root becomes another user")
def test_whether_a_user_can_enter_is_tried(data_dir):
    account = server_account(data_dir / "none")
    assert account is not None
    assert not account.can_enter(data_dir)
    data_dir.chmod(0o711)
    assert account.can_enter(data_dir)
    assert not account.can_enter(data_dir / "none")
