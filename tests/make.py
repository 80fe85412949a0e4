"""Rows that tests start from, made by the product's own functions; every argument has a default."""

from collections.abc import Sequence
from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import UUID

from pantheon.accounts.roles import Who
from pantheon.agents.agents import create_agent
from pantheon.base import ids
from pantheon.context import audits
from pantheon.context.assemble import Assembled
from pantheon.db.pool import Connection, Database
from pantheon.ledger import attempts
from pantheon.ledger.attempts import Attempt, Closing, Outcome
from pantheon.providers.demo import DemoProvider
from pantheon.providers.registry import Entry, Providers
from pantheon.providers.types import TokenUsage
from pantheon.rooms import roster
from pantheon.rooms.rooms import create_room
from pantheon.sessions.sessions import create_session
from pantheon.turns.accept import accept_turn
from pantheon.turns.types import TurnInput

MODEL = "demo/fast"
ROOM_MODES = ("manual", "roundtable")
SCOPES = frozenset({"read", "write", "admin"})


async def make_workspace(db: Database) -> Who:
    """Make another workspace; return its owner."""
    who = Who(ids.new(), ids.new(), "owner", SCOPES)
    async with db.transaction(who.workspace_id) as conn:
        await conn.execute(
            "INSERT INTO workspaces (id, name) VALUES (%s, 'Other')", (who.workspace_id,)
        )
        await _insert_user(conn, who)
    return who


async def make_user(conn: Connection, who: Who, *, role: str = "member") -> Who:
    """Add a user to the workspace of `who`."""
    user = Who(who.workspace_id, ids.new(), role, SCOPES)
    await _insert_user(conn, user)
    return user


async def make_agent(
    conn: Connection, who: Who, key: str | None = None, *, model: str = MODEL, **given: Any
) -> dict[str, Any]:
    """Make an agent; `given` is what else `create_agent` takes. The key is unique by default."""
    key = key or f"a{ids.new().hex[-12:]}"
    given.setdefault("role_prompt", f"You are {key}.")
    return await create_agent(
        conn, who, key=key, name=given.pop("name", key.title()), model=model, **given
    )


async def make_room(
    conn: Connection,
    who: Who,
    *,
    agents: int | Sequence[dict[str, Any] | str] = 3,
    model: str = MODEL,
    **given: Any,
) -> dict[str, Any]:
    """Make a room with a roster: so many new agents, or these (an agent, or a new one's key)."""
    given.setdefault("name", "Room")
    room = await create_room(conn, who, modes=given.pop("modes", ROOM_MODES), **given)
    room_id = UUID(room["id"])
    for agent in [None] * agents if isinstance(agents, int) else agents:
        if not isinstance(agent, dict):
            agent = await make_agent(conn, who, agent, model=model)
        room = await roster.assign(conn, who, room_id, UUID(agent["id"]))
    return room


async def make_session(
    conn: Connection,
    who: Who,
    *,
    room: dict[str, Any] | None = None,
    agent: dict[str, Any] | None = None,
    **given: Any,
) -> dict[str, Any]:
    """Open a session in `room` or with `agent`; by default in a new room of three."""
    if agent is not None:
        return await create_session(conn, who, agent_id=UUID(agent["id"]), **given)
    room = room or await make_room(conn, who)
    return await create_session(conn, who, room_id=UUID(room["id"]), **given)


def demo_providers() -> Providers:
    """Return providers that have the demo alone: no server, no key, no environment."""
    demo = DemoProvider()
    return Providers([Entry(demo, "built in", {model.id: model for model in demo.models()})])


async def make_turn(
    conn: Connection,
    who: Who,
    session: dict[str, Any] | None = None,
    text: str = "What do you think?",
    *,
    status: str | None = None,
    **given: Any,
) -> dict[str, Any]:
    """Accept a turn; it stays `queued` unless a terminal `status` says how it has ended."""
    session = session or await make_session(conn, who)
    wanted = TurnInput(text, **given)
    turn = await accept_turn(conn, demo_providers(), who, UUID(session["id"]), wanted)
    if status is not None:
        await conn.execute(
            "UPDATE turns SET status = %s, finished_at = now() WHERE id = %s",
            (status, UUID(turn["id"])),
        )
        turn["status"] = status
    return turn


async def make_call(
    conn: Connection,
    who: Who,
    *,
    turn: dict[str, Any] | None = None,
    room: dict[str, Any] | None = None,
    agent_key: str | None = None,
    purpose: str = "answer",
    model: str = MODEL,
    outcome: Outcome = Outcome.completed,
    error_code: str | None = None,
    usage: TokenUsage | None = None,
    cost_usd: str | None = "0",
    charged_microcredits: int = 0,
    estimated: bool = False,
) -> UUID:
    """Put a closed request in the ledger, of a turn or (without one) a test call; return its id."""
    attempt_id = ids.new()
    attempt = Attempt(
        workspace_id=who.workspace_id,
        id=attempt_id,
        user_id=who.user_id,
        room_id=UUID(room["id"]) if room else None,
        session_id=UUID(turn["session_id"]) if turn else None,
        turn_id=UUID(turn["id"]) if turn else None,
        step_id=None,
        lease_epoch=1 if turn else None,
        number=1,
        purpose=purpose,
        agent_key=agent_key,
        provider=model.partition("/")[0],
        model=model,
        request_sha256=sha256(attempt_id.bytes).digest(),
        expires_seconds=None if turn else 60,
    )
    await attempts.open_attempt(conn, attempt)
    sent = Assembled((), [], {"window": 0, "reply_reserve": 0, "used": 0, "estimated": True})
    await audits.record(
        conn, who.workspace_id, attempt_id, None, model, sent, attempt.request_sha256
    )
    closing = Closing(
        outcome=outcome,
        error_code=error_code,
        sent=True,
        usage=usage or TokenUsage(input_tokens=100, output_tokens=20),
        estimated=estimated,
        cost_usd=None if cost_usd is None else Decimal(cost_usd),
        pricing_version=None if cost_usd is None else "test",
        charged_microcredits=charged_microcredits,
        provider_request_id=f"req-{attempt_id}",
        time_to_first_token_ms=50,
        latency_ms=200,
    )
    assert await attempts.close(conn, who.workspace_id, attempt_id, closing, billed=False)
    return attempt_id


async def _insert_user(conn: Connection, who: Who) -> None:
    await conn.execute(
        "INSERT INTO users (workspace_id, id, name, role) VALUES (%s, %s, 'Somebody', %s)",
        (who.workspace_id, who.user_id, who.role),
    )
