"""Tests of `pantheon.ledger.budgets`: one for each thing and period, and what is left of it."""

from uuid import UUID

import pytest

from pantheon.base import ids
from pantheon.base.errors import Problem
from pantheon.ledger import budgets
from tests.ledger.billing import give, take
from tests.make import make_agent, make_room, make_session, make_user


async def made(conn, who, scope: str = "workspace", scope_id=None, period: str = "day") -> dict:
    """Set a budget of a thousand micro-credits."""
    return await budgets.create_budget(
        conn, who, scope=scope, scope_id=scope_id, period=period, limit_microcredits=1_000
    )


async def test_a_budget_tells_what_is_spent_reserved_and_free(conn, who):
    await give(conn, who, 10_000)
    day, turn = await made(conn, who), await made(conn, who, period="turn")
    assert (day["scope_id"], day["limit"]) == (str(who.workspace_id), "0.0010")
    await take(conn, who, 400)
    told = await budgets.get_budget(conn, who, UUID(day["id"]))
    assert (told["spent"], told["reserved"], told["free"]) == ("0.0000", "0.0004", "0.0006")
    told = await budgets.get_budget(conn, who, UUID(turn["id"]))
    assert (told["since"], told["spent"], told["free"]) == (None, None, None)
    page = await budgets.list_budgets(conn, who, limit=1)
    rest = await budgets.list_budgets(conn, who, cursor=page["next_cursor"])
    assert [b["id"] for b in (*page["items"], *rest["items"])] == [day["id"], turn["id"]]


async def test_there_is_one_for_each_thing_and_period(conn, who):
    first = await made(conn, who)
    with pytest.raises(Problem, match="budget_exists"):
        async with conn.transaction():
            await made(conn, who)
    await budgets.delete_budget(conn, who, UUID(first["id"]))
    assert (await made(conn, who))["id"] != first["id"]
    with pytest.raises(Problem, match="not_found"):
        await budgets.delete_budget(conn, who, UUID(first["id"]))


async def test_a_limit_is_changed_against_the_version_that_was_seen(conn, who):
    budget_id = UUID((await made(conn, who))["id"])
    changed = await budgets.change_budget(conn, who, budget_id, 5, 1)
    assert (changed["limit"], changed["version"]) == ("0.000005", 2)
    with pytest.raises(Problem, match="stale_version"):
        await budgets.change_budget(conn, who, budget_id, 6, 1)


@pytest.mark.parametrize("scope", [s for s in budgets.SCOPES if s != "workspace"])
async def test_what_is_not_there_has_no_budget(conn, who, scope):
    with pytest.raises(Problem, match="not_found"):
        await made(conn, who, scope, ids.new())


async def test_a_member_sees_no_budget_of_another_user(conn, who):
    member = await make_user(conn, who)
    agent, room = await make_agent(conn, who), await make_room(conn, who)
    own = await make_session(conn, member, agent=agent)
    others = await make_session(conn, who, agent=agent)
    seen = [
        await made(conn, who),
        await made(conn, who, "room", UUID(room["id"])),
        await made(conn, who, "agent", UUID(agent["id"])),
        await made(conn, who, "user", member.user_id),
        await made(conn, who, "session", UUID(own["id"])),
    ]
    hidden = [
        await made(conn, who, "user", who.user_id),
        await made(conn, who, "session", UUID(others["id"])),
    ]
    listed = (await budgets.list_budgets(conn, member))["items"]
    assert [budget["id"] for budget in listed] == [budget["id"] for budget in seen]
    for budget in hidden:
        with pytest.raises(Problem, match="not_found"):
            await budgets.get_budget(conn, member, UUID(budget["id"]))
    assert len((await budgets.list_budgets(conn, who))["items"]) == 7
