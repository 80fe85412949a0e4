"""Tests of `pantheon.sessions.forks`: the row of a session that goes on from another's turn."""

from uuid import UUID

from pantheon.sessions import forks, sessions
from tests import make


async def test_a_fork_has_the_place_and_is_private(conn, who):
    session = await make.make_session(conn, who, name="Plan")
    turn = await make.make_turn(conn, who, session, status="completed")
    await sessions.update_session(conn, who, UUID(session["id"]), {"shared": True})
    reader = await make.make_user(conn, who)
    origin = await sessions.see(conn, reader, UUID(session["id"]))
    fork_id = await forks.open_fork(conn, reader, origin, UUID(turn["id"]), 1)
    await forks.set_head(conn, who.workspace_id, fork_id, UUID(turn["id"]))
    fork = await sessions.get_session(conn, reader, fork_id)
    assert (fork["name"], fork["room_id"], fork["agent_id"]) == ("Plan", session["room_id"], None)
    assert (fork["user_id"], fork["shared"]) == (str(reader.user_id), False)
    assert (fork["turns"], fork["forked_from"], fork["head_turn_id"]) == (1, *[turn["id"]] * 2)
