"""Tests of `pantheon.sessions.titles`: a title takes the place of a name that nobody has chosen."""

from uuid import UUID

import pytest

from pantheon.sessions import sessions
from pantheon.sessions.titles import set_title
from tests.make import make_session


@pytest.mark.parametrize(("name", "taken"), [("First words", True), ("Mine", False), (None, False)])
async def test_only_the_given_name_is_replaced(conn, who, name, taken):
    session = await make_session(conn, who, name=name)
    session_id = UUID(session["id"])
    conn.notices.clear()
    assert taken is await set_title(
        conn, who.workspace_id, session_id, "A title", instead_of="First words"
    )
    now = await sessions.get_session(conn, who, session_id)
    assert now["name"] == ("A title" if taken else name)
    assert now["version"] == session["version"] + taken
    assert [notice.kind for notice in conn.notices] == ["session"] * taken


async def test_a_deleted_session_gets_no_title(conn, who):
    session = await make_session(conn, who, name="First words")
    await sessions.delete_session(conn, who, UUID(session["id"]))
    assert not await set_title(
        conn, who.workspace_id, UUID(session["id"]), "A title", instead_of="First words"
    )
