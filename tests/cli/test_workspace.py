"""The database beside a server: opened as its owner, refused while its schema is old."""

import asyncio
from pathlib import Path

import pytest

from pantheon.accounts.credentials import CredentialKind, resolve
from pantheon.accounts.logins import SESSION_COOKIE, redeem
from pantheon.accounts.workspaces import LOCAL_OWNER
from pantheon.base.errors import Problem
from pantheon.cli.workspace import login_link, open_workspace, sign_in
from pantheon.ops.embedded import Server


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: Server) -> None:
    """The commands' database is the test's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PANTHEON_DATABASE_URL", server.url)


async def test_who_opens_it_is_the_owner(tmp_path: Path) -> None:
    """Also many at once, on a database that has no owner yet."""

    async def open_once() -> object:
        async with open_workspace(tmp_path) as workspace:
            return workspace.who.user_id

    assert set(await asyncio.gather(*(open_once() for _ in range(4)))) == {LOCAL_OWNER}


async def test_a_login_is_good(tmp_path: Path) -> None:
    """The cookie stands for the owner."""
    name, _, cookie = (await sign_in(tmp_path)).partition("=")
    assert name == SESSION_COOKIE
    async with open_workspace(tmp_path) as workspace:
        found = await resolve(workspace.db, CredentialKind.login, cookie)
    assert found is not None
    assert found.who == workspace.who


async def test_a_link_is_good_once(tmp_path: Path) -> None:
    """What stands after `#` signs in, the second time it does not."""
    async with open_workspace(tmp_path) as workspace:
        link = await login_link(workspace.db, workspace.who, "http://here")
        base, _, token = link.partition("/login#")
        assert base == "http://here"
        _, who = await redeem(workspace.db, token)
        assert who == workspace.who
        with pytest.raises(Problem, match="used already"):
            await redeem(workspace.db, token)


async def test_a_named_database_is_not_migrated_by_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_server: Server
) -> None:
    """A brief command does not change somebody's server."""
    monkeypatch.setenv("PANTHEON_DATABASE_URL", empty_server.admin_url)
    with pytest.raises(Problem, match="Run 'pantheon migrate'"):
        async with open_workspace(tmp_path):
            pass
