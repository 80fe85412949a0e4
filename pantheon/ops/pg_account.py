"""The user that runs the embedded PostgreSQL, which refuses to run as root."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pantheon.base.errors import ProblemType

ROOT_REFUSED = ProblemType("postgres_needs_user", 503, "PostgreSQL cannot run as root")


@dataclass(frozen=True, slots=True)
class Account:
    """An unprivileged user of this machine."""

    name: str
    uid: int
    gid: int

    def popen_arguments(self) -> dict[str, Any]:
        """Return the arguments with which `subprocess` starts a program as this user."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Make `path`, which is ours, this user's."""
        if sys.platform != "win32":
            os.chown(path, self.uid, self.gid)

    def can_enter(self, folder: Path) -> bool:
        """Tell whether this user can reach `folder`, by trying it."""
        look = ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)]
        done = subprocess.run(look, capture_output=True, cwd="/", **self.popen_arguments())  # noqa: S603
        return done.returncode == 0


def server_account(data: Path) -> Account | None:
    """Return who has to run the server on the cluster `data`; `None`: ourselves.

    For root that is the owner of a cluster that is there, else `nobody`.
    Raises `postgres_needs_user` where there is no such user.
    """
    if sys.platform == "win32" or os.geteuid() != 0:
        return None
    import pwd

    try:
        owner = data.stat().st_uid if data.exists() else 0
        entry = pwd.getpwuid(owner) if owner else pwd.getpwnam("nobody")
    except KeyError as error:
        raise ROOT_REFUSED(
            "PostgreSQL does not run as root, and this machine has no user"
            f" {error.args[0].split()[-1]} for it. Run Pantheon as an ordinary user, or name a"
            " running server with PANTHEON_DATABASE_URL."
        ) from error
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
