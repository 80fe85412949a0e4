"""Summaries as versions: read, edited, undone, ended with what they were made of."""

from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb

from pantheon.accounts.roles import Who
from pantheon.base import ids
from pantheon.base.errors import INVALID, NOT_FOUND, STALE_VERSION, Problem
from pantheon.context import summaries
from pantheon.context.digest import Digest, load_digest, render
from pantheon.context.summaries import NewSummary
from pantheon.db.pool import Connection
from pantheon.turns.fork import fork_session
from tests.make import make_session, make_turn, make_user, make_workspace

FACT = {"text": "The budget is 48,250 EUR.", "turns": [1]}


def digest(summary: str = "They plan Helios.") -> Digest:
    return load_digest({"summary": summary, "key_facts": [FACT]})


async def talk(conn: Connection, who: Who, turns: int = 3) -> list[dict[str, Any]]:
    """Make a session of so many turns."""
    session = await make_session(conn, who)
    return [await make_turn(conn, who, session, f"Q{i}", status="failed") for i in range(turns)]


async def summarise(
    conn: Connection, who: Who, turn: dict[str, Any], scope: str = "all", **given: Any
) -> UUID:
    """Keep a summary that ends with a turn."""
    values: dict[str, Any] = {
        "session_id": UUID(turn["session_id"]), "scope": scope, "from_turn": 1,
        "to_turn": turn["index"], "to_turn_id": UUID(turn["id"]), "previous_id": None,
        "digest": digest(), "step_id": UUID(turn["steps"][0]["id"]), **given,
    }  # fmt: skip
    return await summaries.add(conn, who.workspace_id, NewSummary(**values))


async def listed(conn: Connection, who: Who, turn: dict[str, Any]) -> list[dict[str, Any]]:
    page = await summaries.list_summaries(
        conn, who, UUID(turn["session_id"]), limit=50, cursor=None
    )
    return page["items"]


async def test_versions_are_counted_and_the_newest_counts(conn, who):
    turns = await talk(conn, who)
    first = await summarise(conn, who, turns[0])
    second = await summarise(conn, who, turns[1], previous_id=first, dropped=[{"text": "x"}])
    own = await summarise(conn, who, turns[1], "own:ann")
    told = await listed(conn, who, turns[0])
    assert [(item["id"], item["version"], item["state"]) for item in told] == [
        (str(own), 1, "current"),
        (str(second), 2, "current"),
        (str(first), 1, "replaced"),
    ]
    assert told[1]["previous_id"] == str(first)
    assert told[1]["dropped"] == [{"text": "x"}]
    assert told[1]["content"]["key_facts"] == [FACT]
    assert told[1]["content"]["decisions"] is None


async def test_history_gets_the_newest_of_each_turn_and_scope(conn, who):
    turns = await talk(conn, who)
    old = await summarise(conn, who, turns[0])
    edited = await summaries.edit(conn, who, old, {"summary": "Other words."})
    later = await summarise(conn, who, turns[1])
    found = await summaries.ending_with(conn, who.workspace_id, [UUID(t["id"]) for t in turns])
    assert [(turn_id, recap.id) for turn_id, recap in found] == [
        (UUID(turns[0]["id"]), UUID(edited["id"])),
        (UUID(turns[1]["id"]), later),
    ]
    assert found[0][1].text == render(digest("Other words."))
    assert await summaries.recap(conn, who.workspace_id, old) is not None
    assert await summaries.recap(conn, who.workspace_id, ids.new()) is None


async def test_an_edit_is_a_version_that_can_be_undone(conn, who):
    turns = await talk(conn, who)
    made = await summarise(conn, who, turns[0])
    edited = await summaries.edit(conn, who, made, {"summary": "Mine."}, version=1)
    assert (edited["version"], edited["edited_by"]) == (2, str(who.user_id))
    assert edited["content"]["key_facts"] == [FACT]
    with pytest.raises(Problem) as caught:
        await summaries.edit(conn, who, made, {"summary": "Late."})
    assert caught.value.kind is STALE_VERSION
    undone = await summaries.undo(conn, who, UUID(edited["id"]))
    assert undone["state"] == "undone"
    assert [item["state"] for item in await listed(conn, who, turns[0])] == ["undone", "current"]
    await summaries.undo(conn, who, made)
    assert await summaries.ending_with(conn, who.workspace_id, [UUID(turns[0]["id"])]) == []


@pytest.mark.parametrize("changes", [{"key_facts": []}, {"summary": ""}, {"key_facts": None}])
async def test_an_edit_keeps_the_schema(conn, who, changes):
    made = await summarise(conn, who, (await talk(conn, who))[0])
    with pytest.raises(Problem) as caught:
        await summaries.edit(conn, who, made, changes)
    assert caught.value.kind is INVALID


@pytest.mark.parametrize(
    "content",
    [
        {"summary": "S", "key_facts": []},
        {"summary": "S", "key_facts": [FACT], "decisions": []},
        {"summary": "", "key_facts": [FACT]},
        {"summary": "S"},
        {"summary": "S", "key_facts": None},
    ],
)
async def test_the_database_takes_no_empty_list(conn, who, content):
    made = await summarise(conn, who, (await talk(conn, who))[0])
    with pytest.raises(psycopg.errors.CheckViolation, match="summaries_full"):
        async with conn.transaction():
            await conn.execute(
                "UPDATE summaries SET content = %s WHERE id = %s", (Jsonb(content), made)
            )


async def test_what_a_turn_went_into_ends_with_it(conn, who):
    turns = await talk(conn, who)
    before = await summarise(conn, who, turns[0])
    with_it = await summarise(conn, who, turns[1])
    after = await summarise(conn, who, turns[2], from_turn=3)
    found = await summaries.invalidate(conn, who.workspace_id, UUID(turns[1]["id"]))
    assert found == [with_it]
    states = {item["id"]: item["state"] for item in await listed(conn, who, turns[0])}
    assert states == {
        str(before): "replaced", str(with_it): "source_deleted", str(after): "current",
    }  # fmt: skip


async def test_a_fork_takes_over_what_counts_for_its_turns(conn, who):
    turns = await talk(conn, who)
    old = await summarise(conn, who, turns[0])
    edited = await summaries.edit(conn, who, old, {"summary": "Mine."})
    await summarise(conn, who, turns[2])
    fork = await fork_session(conn, who, UUID(turns[0]["session_id"]), UUID(turns[1]["id"]))
    page = await summaries.list_summaries(conn, who, UUID(fork["id"]), limit=9, cursor=None)
    (told,) = page["items"]
    assert (told["to_turn"], told["version"], told["state"]) == (1, 2, "current")
    assert told["content"] == edited["content"]
    assert told["to_turn_id"] not in {turn["id"] for turn in turns}


async def test_they_are_private_like_their_session(db, conn, who):
    made = await summarise(conn, who, (await talk(conn, who))[0])
    colleague = await make_user(conn, who)
    for other in (colleague, await make_workspace(db)):
        for call in (summaries.undo(conn, other, made), summaries.edit(conn, other, made, {})):
            with pytest.raises(Problem) as caught:
                await call
            assert caught.value.kind is NOT_FOUND
