"""Search: the words of messages and of sessions' names, of those that one may see."""

from uuid import UUID

import pytest

from pantheon.base.errors import INVALID, Problem
from pantheon.sessions import sessions
from pantheon.sessions.search import search
from tests import make


async def found(conn, who, text, **page):
    page = {"limit": 20, "cursor": None, **page}
    return await search(conn, who, text, **page)


def marked(hit):
    """Return the parts of an excerpt that are highlighted."""
    return [hit["excerpt"][r["start"] : r["end"]] for r in hit["highlights"]]


async def say(conn, who, *texts):
    """Ask these in one new session; returns it."""
    session = await make.make_session(conn, who)
    for text in texts:
        await make.make_turn(conn, who, session, text, status="completed")
    return session


async def test_a_word_is_found_where_it_stands(conn, who):
    session = await say(conn, who, "Shall we ship the Ünicorn today?", "Nothing else.")
    (hit,) = (await found(conn, who, "ünicorn"))["items"]
    assert (hit["session_id"], hit["role"], hit["agent_key"]) == (session["id"], "user", None)
    assert hit["excerpt"] == "Shall we ship the Ünicorn today?"
    assert marked(hit) == ["Ünicorn"]
    assert hit["session_name"] == "Shall we ship the Ünicorn today?"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("ship", 2),
        ("shi", 2),
        ("shi ", 0),
        ("ship tomorrow", 1),
        ('"we ship"', 1),
        ('"ship we"', 0),
        ("ship -tomorrow", 1),
        ("today or tomorrow", 2),
        ("nowhere", 0),
        ("!?", 0),
        ("' & | ! ( ) : * < > \\", 0),
        ("ship' | 'x", 0),
        (":*", 0),
        ("a <-> b", 0),
        ("ship:*", 2),
        ("-tomorro", 1),
        ('ship -"we ship"', 1),
    ],
)
async def test_how_words_are_asked_for(conn, who, query, expected):
    await say(conn, who, "Will we ship today?", "Or shipping: ship it tomorrow?")
    result = await found(conn, who, query)
    assert len(result["items"]) == expected


async def test_the_words_of_names_find_sessions(conn, who):
    session = await say(conn, who, "Hello.")
    await sessions.update_session(conn, who, UUID(session["id"]), {"name": "The Budget plan"})
    result = await found(conn, who, "budg")
    (named,) = result["sessions"]
    assert named["session"]["id"] == session["id"]
    assert named["highlights"] == [{"start": 4, "end": 10}]
    assert result["items"] == []


async def test_what_is_private_deleted_or_elsewhere_is_not_found(conn, who, db):
    member = await make.make_user(conn, who)
    mine = await say(conn, who, "The secret plan.")
    assert len((await found(conn, who, "secret"))["items"]) == 1
    hidden = await found(conn, member, "secret")
    assert (hidden["items"], hidden["sessions"]) == ([], [])
    await sessions.update_session(conn, who, UUID(mine["id"]), {"shared": True})
    shared = await found(conn, member, "secret")
    assert (len(shared["items"]), len(shared["sessions"])) == (1, 1)
    other = await make.make_workspace(db)
    async with db.transaction(other.workspace_id) as theirs:
        await say(theirs, other, "Another secret.")
        assert len((await found(theirs, other, "secret"))["items"]) == 1
    assert len((await found(conn, who, "secret"))["items"]) == 1
    await sessions.delete_session(conn, who, UUID(mine["id"]))
    gone = await found(conn, who, "secret")
    assert (gone["items"], gone["sessions"]) == ([], [])


async def test_a_reader_cannot_name_another_workspace(conn, who, db):
    """The index is asked with the owner's rights: the workspace is the transaction's own."""
    other = await make.make_workspace(db)
    async with db.transaction(other.workspace_id) as theirs:
        await say(theirs, other, "Their secret.")
    cursor = await conn.execute(
        "SELECT * FROM find_messages('secret'::tsquery, %s, NULL, 10)", (other.user_id,)
    )
    assert await cursor.fetchall() == []


async def test_pages_follow_each_other_newest_first(conn, who):
    await say(conn, who, *(f"word {n}" for n in range(5)))
    seen, cursor, named = [], None, []
    while True:
        page = await found(conn, who, "word", limit=2, cursor=cursor)
        seen += [hit["excerpt"] for hit in page["items"]]
        named.append(len(page["sessions"]))
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [f"word {n}" for n in (4, 3, 2, 1, 0)]
    assert named == [1, 0, 0]


async def test_hostile_text_stays_text(conn, who):
    text = "<b>find</b> \x01me\x02 <script>alert(1)</script> find & <i>me</i>"
    await say(conn, who, text)
    (hit,) = (await found(conn, who, "find"))["items"]
    assert marked(hit) == ["find", "find"]
    assert not set("\x01\x02") & set(hit["excerpt"])


async def test_the_excerpt_of_a_long_text_is_short(conn, who):
    await say(conn, who, "before " * 3_000 + "needle " + "after " * 3_000)
    (hit,) = (await found(conn, who, "needle"))["items"]
    assert marked(hit) == ["needle"]
    assert len(hit["excerpt"]) < 400


@pytest.mark.parametrize("text", ["", "  ", "x" * 301, "a\x00b", "a\ud800"])
async def test_what_cannot_be_asked_for_is_refused(conn, who, text):
    with pytest.raises(Problem) as caught:
        await found(conn, who, text)
    assert caught.value.kind is INVALID
