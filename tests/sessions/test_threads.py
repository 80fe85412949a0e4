"""Tests of `pantheon.sessions.threads`: a conversation leads to its turn, for its user alone."""

from uuid import UUID

from pantheon.sessions import sessions, threads
from tests import make


async def test_a_conversation_is_found_by_its_hash(conn, who):
    session = await make.make_session(conn, who)
    first = await make.make_turn(conn, who, session, status="completed")
    second = await make.make_turn(conn, who, session, status="completed")
    assert await threads.find(conn, who, b"a") is None
    for turn in (first, second):
        await threads.remember(conn, who, b"a", UUID(turn["id"]))
    assert await threads.find(conn, who, b"a") == (UUID(session["id"]), UUID(second["id"]))
    assert await threads.find(conn, await make.make_user(conn, who), b"a") is None
    await sessions.delete_session(conn, who, UUID(session["id"]))
    assert await threads.find(conn, who, b"a") is None
