"""A thousand turns of one user, and what they mean for others: `leases.claim` is fair."""

from uuid import UUID

import psycopg
import pytest

from pantheon.accounts.roles import Who
from pantheon.base import ids
from pantheon.ops.embedded import Server
from pantheon.ops.runtime import Runtime
from pantheon.turns import leases
from pantheon.turns.types import GRAPH_VERSION, TurnRow
from tests import make
from tests.turns.drive import direct_session, send

CROWD = 1_000
SLOTS = 32


async def claim(runtime: Runtime, limit: int, at_once: int | None = None) -> list[TurnRow]:
    async with runtime.db.sweep() as conn:
        return await leases.claim(conn, ids.new(), [GRAPH_VERSION], 600, limit, at_once=at_once)


async def end(runtime: Runtime, turn: TurnRow) -> None:
    async with runtime.db.transaction(turn.workspace_id) as conn:
        await conn.execute(
            "UPDATE turns SET status = 'completed', finished_at = now() WHERE id = %s", (turn.id,)
        )


@pytest.fixture
async def crowd(idle: Runtime, who: Who, server: Server) -> UUID:
    """A thousand turns of `who` that wait, each in a session of its own."""
    turn = await send(idle, who, await direct_session(idle, who, "demo/fast"))
    with psycopg.connect(server.admin_url) as admin:
        # Copies of the one; their sessions and messages are of no interest to a claim.
        admin.execute("SET session_replication_role = replica")
        admin.execute(
            """
            INSERT INTO turns (workspace_id, id, session_id, user_id, index, mode,
                input_message_id, frozen, graph_version, created_at)
            SELECT workspace_id, gen_random_uuid(), gen_random_uuid(), user_id, 1, mode,
                input_message_id, frozen, graph_version, created_at + n * interval '1 ms'
            FROM turns, generate_series(1, %s) AS n
            """,
            (CROWD - 1,),
        )
    return UUID(turn["id"])


@pytest.mark.parametrize("same_workspace", [True, False])
async def test_one_user_beside_a_thousand_turns_of_another_is_next(
    idle: Runtime, who: Who, crowd: UUID, same_workspace: bool
) -> None:
    running = await claim(idle, SLOTS)
    assert len(running) == SLOTS
    assert {turn.user_id for turn in running} == {who.user_id}
    if same_workspace:
        async with idle.db.transaction(who.workspace_id) as conn:
            other = await make.make_user(conn, who)
            agent = await make.make_agent(conn, other)
            session = await make.make_session(conn, other, agent=agent)
        session_id = UUID(session["id"])
    else:
        other = await make.make_workspace(idle.db)
        session_id = await direct_session(idle, other, "demo/fast")
    late = await send(idle, other, session_id)
    await end(idle, running.pop())
    (first,) = await claim(idle, 1)
    assert str(first.id) == late["id"]


async def test_two_users_share_the_slots_evenly(idle: Runtime, who: Who, crowd: UUID) -> None:
    async with idle.db.transaction(who.workspace_id) as conn:
        other = await make.make_user(conn, who)
    for _ in range(20):
        async with idle.db.transaction(who.workspace_id) as conn:
            agent = await make.make_agent(conn, other)
            session = await make.make_session(conn, other, agent=agent)
        await send(idle, other, UUID(session["id"]))
    users = [turn.user_id for turn in await claim(idle, SLOTS)]
    assert (users.count(who.user_id), users.count(other.user_id)) == (16, 16)
    assert len(await claim(idle, CROWD)) == CROWD + 20 - SLOTS


async def test_of_one_user_only_so_many_run_side_by_side(
    idle: Runtime, who: Who, crowd: UUID
) -> None:
    other = await make.make_workspace(idle.db)
    alone = await send(idle, other, await direct_session(idle, other, "demo/fast"))
    running = await claim(idle, SLOTS, at_once=3)
    assert sorted(turn.user_id == who.user_id for turn in running) == [False, True, True, True]
    assert UUID(alone["id"]) in {turn.id for turn in running}
    assert await claim(idle, SLOTS, at_once=3) == []
    await end(idle, next(turn for turn in running if turn.user_id == who.user_id))
    assert len(await claim(idle, SLOTS, at_once=3)) == 1


async def test_what_is_to_be_cancelled_does_not_wait_for_its_user(
    idle: Runtime, who: Who, crowd: UUID
) -> None:
    await claim(idle, SLOTS, at_once=1)
    async with idle.db.transaction(who.workspace_id) as conn:
        await conn.execute(
            "UPDATE turns SET cancel_requested = 'now' WHERE status = 'queued'"
            " AND id = (SELECT max(id::text)::uuid FROM turns WHERE status = 'queued')"
        )
    assert [turn.cancel_requested for turn in await claim(idle, SLOTS, at_once=1)] == ["now"]
