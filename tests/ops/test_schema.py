"""The schema is checked before anything is opened, and brought to head where it may be."""

from dataclasses import replace

import pytest

from pantheon.base.errors import Problem
from pantheon.db.migrate import HEAD
from pantheon.ops import schema
from pantheon.ops.embedded import Server


async def test_an_empty_database_is_refused_with_what_to_do(empty_server: Server) -> None:
    """The problem says where it is, what is needed and which command brings it there."""
    assert await schema.revision_of(empty_server) is None
    with pytest.raises(Problem) as caught:
        await schema.check_head(empty_server)
    assert caught.value.kind is schema.SCHEMA_BEHIND
    assert "revision none" in caught.value.detail
    assert HEAD in caught.value.detail
    assert "pantheon migrate" in caught.value.detail


async def test_an_empty_database_is_brought_to_head(empty_server: Server) -> None:
    """And a second time there is nothing to do."""
    await schema.bring_to_head(empty_server)
    assert await schema.revision_of(empty_server) == HEAD
    await schema.check_head(empty_server)
    await schema.bring_to_head(empty_server)


async def test_who_may_not_migrate_may_look(server: Server) -> None:
    """The pools' login reads the revision of a schema that an administrator brought."""
    as_login = replace(server, admin_url=server.url)
    assert await schema.revision_of(as_login) == HEAD
    await schema.check_head(as_login)
    await schema.bring_to_head(as_login)
