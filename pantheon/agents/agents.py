"""Agents: named participants of a workspace, reusable in many rooms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from pantheon.accounts.roles import Who
from pantheon.base import cursors, ids
from pantheon.base.clock import rfc3339
from pantheon.base.errors import INVALID, NOT_FOUND, STALE_VERSION, Problem, ProblemType
from pantheon.db.pool import Connection

KEY_TAKEN = ProblemType("key_taken", 409, "An agent with this key exists")

KEY_PATTERN = r"^[a-z][a-z0-9_-]{0,31}$"
RESERVED_KEYS = ("all",)  # `@all` tags a whole roster
COLORS = 8
POLICIES = ("everything", "own", "last", "summary")
EVERYTHING: Mapping[str, Any] = {"policy": "everything"}


@dataclass(frozen=True, slots=True)
class Agent:
    """A row of `agents` with the text of its role prompt."""

    workspace_id: UUID
    id: UUID
    key: str
    name: str
    color: int
    model: str
    prompt_id: UUID
    parameters: dict[str, Any]
    tools: list[str]
    context: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    version: int
    deleted_at: datetime | None
    role_prompt: str


def shape(agent: Agent) -> dict[str, Any]:
    """Return the `Agent` of the HTTP contract, JSON-ready."""
    return {
        "id": str(agent.id),
        "key": agent.key,
        "name": agent.name,
        "color": agent.color,
        "model": agent.model,
        "role_prompt": agent.role_prompt,
        "parameters": agent.parameters,
        "tools": agent.tools,
        "context": agent.context,
        "created_at": rfc3339(agent.created_at),
        "updated_at": rfc3339(agent.updated_at),
        "version": agent.version,
    }


async def create_agent(
    conn: Connection,
    who: Who,
    *,
    key: str,
    name: str,
    model: str,
    role_prompt: str = "",
    color: int | None = None,
    parameters: Mapping[str, Any] | None = None,
    tools: Sequence[str] = (),
    context: Mapping[str, Any] = EVERYTHING,
) -> dict[str, Any]:
    """Add an agent to the workspace. Without a color it gets the one that is used least.

    That there is such a model is for the caller to check. Raises `key_taken`, and
    `validation_error` for a reserved key, a tool or a context policy that is not there.
    """
    _check({"key": key, "tools": tools, "context": context})
    agent_id, prompt_id = ids.new(), ids.new()
    try:
        await conn.execute(
            """
            INSERT INTO agents
                (workspace_id, id, key, name, color, model, prompt_id, parameters, tools, context)
            VALUES (%(workspace)s, %(id)s, %(key)s, %(name)s, coalesce(%(color)s, (
                        SELECT c FROM generate_series(1, %(colors)s) c
                        LEFT JOIN agents a ON a.workspace_id = %(workspace)s AND a.color = c
                            AND a.deleted_at IS NULL
                        GROUP BY c ORDER BY count(a.id), c LIMIT 1)),
                    %(model)s, %(prompt)s, %(parameters)s, %(tools)s, %(context)s)
            """,
            {
                "workspace": who.workspace_id,
                "id": agent_id,
                "key": key,
                "name": name,
                "color": color,
                "colors": COLORS,
                "model": model,
                "prompt": prompt_id,
                "parameters": Jsonb(dict(parameters or {})),
                "tools": list(tools),
                "context": Jsonb(dict(context)),
            },
        )
    except UniqueViolation as violation:
        raise _key_taken(violation, key) from violation
    await conn.execute(
        """
        INSERT INTO agent_prompts (workspace_id, id, agent_id, text) VALUES (%s, %s, %s, %s)
        """,
        (who.workspace_id, prompt_id, agent_id, role_prompt),
    )
    return await get_agent(conn, who, agent_id)


async def get_agent(conn: Connection, who: Who, agent_id: UUID) -> dict[str, Any]:
    """Return one agent. Raises `not_found`, also where it is deleted."""
    async with conn.cursor(row_factory=class_row(Agent)) as cursor:
        await cursor.execute(
            """
            SELECT a.*, p.text AS role_prompt FROM agents a
            JOIN agent_prompts p ON p.workspace_id = a.workspace_id AND p.id = a.prompt_id
            WHERE a.workspace_id = %(workspace)s AND a.id = %(id)s AND a.deleted_at IS NULL
            """,
            {"workspace": who.workspace_id, "id": agent_id},
        )
        agent = await cursor.fetchone()
    if agent is None:
        raise NOT_FOUND(f"There is no agent {agent_id}.")
    return shape(agent)


async def find_agent(conn: Connection, who: Who, key: str) -> UUID:
    """Return the id of the agent that has this key now. Raises `not_found`."""
    rows = await conn.execute(
        """
        SELECT id FROM agents
        WHERE workspace_id = %(workspace)s AND key = %(key)s AND deleted_at IS NULL
        """,
        {"workspace": who.workspace_id, "key": key},
    )
    row = await rows.fetchone()
    if row is None:
        raise NOT_FOUND(f"There is no agent '{key}'.")
    return UUID(str(row[0]))


async def list_agents(
    conn: Connection, who: Who, *, limit: int = 50, cursor: str | None = None
) -> dict[str, Any]:
    """Return a page of the workspace's agents, the newest first."""
    async with conn.cursor(row_factory=class_row(Agent)) as rows:
        await rows.execute(
            """
            SELECT a.*, p.text AS role_prompt FROM agents a
            JOIN agent_prompts p ON p.workspace_id = a.workspace_id AND p.id = a.prompt_id
            WHERE a.workspace_id = %(workspace)s AND a.deleted_at IS NULL
              AND (%(before)s::uuid IS NULL OR a.id < %(before)s)
            ORDER BY a.id DESC LIMIT %(limit)s
            """,
            {"workspace": who.workspace_id, "before": cursors.row(cursor), "limit": limit + 1},
        )
        found = await rows.fetchall()
    page = found[:limit]
    return {
        "items": [shape(agent) for agent in page],
        "next_cursor": cursors.encode(str(page[-1].id)) if len(found) > limit else None,
    }


async def update_agent(
    conn: Connection,
    who: Who,
    agent_id: UUID,
    changes: Mapping[str, Any],
    *,
    version: int | None = None,
) -> dict[str, Any]:
    """Change what `changes` names, by the names of `create_agent`; the rest stays.

    A changed role prompt becomes a new version of it, so that older audits keep theirs; turns that
    were accepted before keep what they froze. Raises `not_found`, `key_taken`,
    `validation_error`, and `stale_version` where `version` is given and no longer the agent's.
    """
    _check(changes)
    values = dict.fromkeys(
        ("key", "name", "color", "model", "role_prompt", "parameters", "tools", "context")
    )
    values.update(changes)
    for name in ("parameters", "context"):
        if values[name] is not None:
            values[name] = Jsonb(values[name])
    try:
        updated = await conn.execute(
            """
            WITH prompt AS (
                INSERT INTO agent_prompts (workspace_id, id, agent_id, text)
                SELECT a.workspace_id, %(prompt)s, a.id, %(role_prompt)s
                FROM agents a
                JOIN agent_prompts p ON p.workspace_id = a.workspace_id AND p.id = a.prompt_id
                WHERE a.workspace_id = %(workspace)s AND a.id = %(id)s AND a.deleted_at IS NULL
                  AND p.text <> %(role_prompt)s
                RETURNING id
            )
            UPDATE agents SET
                key = coalesce(%(key)s, key), name = coalesce(%(name)s, name),
                color = coalesce(%(color)s, color), model = coalesce(%(model)s, model),
                prompt_id = coalesce((SELECT id FROM prompt), prompt_id),
                parameters = coalesce(%(parameters)s, parameters),
                tools = coalesce(%(tools)s::text[], tools),
                context = coalesce(%(context)s, context),
                updated_at = now(), version = version + 1
            WHERE workspace_id = %(workspace)s AND id = %(id)s AND deleted_at IS NULL
              AND (%(version)s::int IS NULL OR version = %(version)s)
            """,
            {
                **values,
                "workspace": who.workspace_id,
                "id": agent_id,
                "prompt": ids.new(),
                "version": version,
            },
        )
    except UniqueViolation as violation:
        raise _key_taken(violation, str(changes.get("key"))) from violation
    if updated.rowcount == 0:
        raise await _stale(conn, who, agent_id, version)
    return await get_agent(conn, who, agent_id)


async def list_prompts(
    conn: Connection, who: Who, agent_id: UUID, *, limit: int = 50, cursor: str | None = None
) -> dict[str, Any]:
    """Return a page of an agent's role prompts, the newest first. Raises `not_found`."""
    await get_agent(conn, who, agent_id)
    rows = await conn.execute(
        """
        SELECT p.id, p.text, p.created_at, p.id = a.prompt_id
        FROM agent_prompts p
        JOIN agents a ON a.workspace_id = p.workspace_id AND a.id = p.agent_id
        WHERE p.workspace_id = %(workspace)s AND p.agent_id = %(agent)s
          AND (%(before)s::uuid IS NULL OR p.id < %(before)s)
        ORDER BY p.id DESC LIMIT %(limit)s
        """,
        {
            "workspace": who.workspace_id,
            "agent": agent_id,
            "before": cursors.row(cursor),
            "limit": limit + 1,
        },
    )
    items = [
        {
            "id": str(prompt_id),
            "text": text,
            "created_at": rfc3339(created_at),
            "current": current,
        }
        for prompt_id, text, created_at, current in await rows.fetchall()
    ]
    more = len(items) > limit
    items = items[:limit]
    return {"items": items, "next_cursor": cursors.encode(items[-1]["id"]) if more else None}


async def delete_agent(
    conn: Connection, who: Who, agent_id: UUID, *, version: int | None = None
) -> None:
    """Retire an agent: its key is free again, its sessions and answers stay.

    The caller takes it out of its rooms next, in the same transaction (`roster.leave_rooms`).
    Raises `not_found` and `stale_version`.
    """
    deleted = await conn.execute(
        """
        UPDATE agents SET deleted_at = now(), version = version + 1
        WHERE workspace_id = %(workspace)s AND id = %(id)s AND deleted_at IS NULL
          AND (%(version)s::int IS NULL OR version = %(version)s)
        """,
        {"workspace": who.workspace_id, "id": agent_id, "version": version},
    )
    if deleted.rowcount == 0:
        raise await _stale(conn, who, agent_id, version)


def check_context(context: Mapping[str, Any]) -> None:
    """Raise `validation_error` unless this is a context policy that this version has.

    `last` needs `last_turns`, how many turns the agent sees; the others take none.
    """
    policy = context.get("policy")
    if policy not in POLICIES:
        raise INVALID(
            f"This version has no context policy '{policy}'. Valid are: {', '.join(POLICIES)}."
        )
    if (policy == "last") != (context.get("last_turns") is not None):
        raise INVALID("'last_turns' goes with the context policy 'last', which needs it.")


def _check(given: Mapping[str, Any]) -> None:
    if given.get("key") in RESERVED_KEYS:
        raise INVALID(f"'@{given['key']}' tags the whole room; choose another key.")
    if given.get("tools"):
        raise INVALID("This version has no tools: 'tools' is an empty list.")
    if given.get("context") is not None:
        check_context(given["context"])


def _key_taken(violation: UniqueViolation, key: str) -> Exception:
    if violation.diag.constraint_name == "agents_key":
        return KEY_TAKEN(f"An agent '{key}' exists already. Choose another key.")
    return violation


async def _stale(conn: Connection, who: Who, agent_id: UUID, version: int | None) -> Problem:
    agent = await get_agent(conn, who, agent_id)
    return STALE_VERSION(
        f"The agent has version {agent['version']} by now, not {version}. Read it again."
    )
