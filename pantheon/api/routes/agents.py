"""`/agents`: the workspace's agents, and the sessions with one of them."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import Response

from pantheon.agents import agents
from pantheon.api import shapes
from pantheon.api.answers import Json, gone, resource
from pantheon.api.bodies import LONGEST_NAME, LONGEST_TEXT, Body, absent
from pantheon.api.deps import Cursor, IfMatch, Limit, OwnProviders, RuntimeOf, SignedIn
from pantheon.api.idempotency import call_once, create_once
from pantheon.api.routes.sessions import NewSession
from pantheon.db.pool import Connection
from pantheon.ledger import usage
from pantheon.ops.trial import try_model
from pantheon.providers.types import Failure
from pantheon.rooms import roster
from pantheon.sessions import sessions

router = APIRouter(prefix="/agents", tags=["agents"])

TEST_SECONDS = 30.0

Key = Annotated[str, Field(pattern=agents.KEY_PATTERN, description="What `@key` tags.")]
Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
Color = Annotated[int, Field(ge=1, le=agents.COLORS)]
ModelId = Annotated[str, Field(min_length=1, max_length=300, description="`provider/model`.")]
Prompt = Annotated[str, Field(max_length=LONGEST_TEXT)]
Tools = Annotated[list[str], Field(max_length=100)]


class Parameters(Body):
    """What is asked of the model beside the messages; what is absent is left to the provider."""

    max_output_tokens: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh"] | None = None

    def given(self) -> dict[str, Any]:
        """Return what was given, as it is stored."""
        return self.model_dump(exclude_none=True)


class Context(Body):
    """What an agent sees of the session; `last_turns` goes with `last`."""

    policy: Literal["everything", "own", "last", "summary"]
    last_turns: Annotated[int, Field(ge=1, le=1000)] | None = None

    def given(self) -> dict[str, Any]:
        """Return what was given, as it is stored."""
        return self.model_dump(exclude_none=True)


class NewAgent(Body):
    """An agent to be made. Without `color` it gets the one that is used least."""

    key: Key
    name: Name
    model: ModelId
    role_prompt: Prompt = ""
    color: Color | None = None
    parameters: Parameters = Parameters()
    tools: Tools = Field(default=[])
    context: Context = Context(policy="everything")


class AgentChange(Body):
    """What is to be changed; `parameters`, `tools` and `context` are replaced as a whole."""

    key: Key = Field(default_factory=absent)
    name: Name = Field(default_factory=absent)
    model: ModelId = Field(default_factory=absent)
    role_prompt: Prompt = Field(default_factory=absent)
    color: Color = Field(default_factory=absent)
    parameters: Parameters = Field(default_factory=absent)
    tools: Tools = Field(default_factory=absent)
    context: Context = Field(default_factory=absent)


@router.post("", status_code=201, response_model=shapes.Agent)
async def create_agent(
    body: NewAgent, request: Request, runtime: RuntimeOf, who: SignedIn, providers: OwnProviders
) -> Json:
    """Make an agent."""
    providers.resolve(body.model)

    async def make(conn: Connection) -> dict[str, Any]:
        return await agents.create_agent(
            conn,
            who,
            key=body.key,
            name=body.name,
            model=body.model,
            role_prompt=body.role_prompt,
            color=body.color,
            parameters=body.parameters.given(),
            tools=body.tools,
            context=body.context.given(),
        )

    async def render(conn: Connection, agent_id: UUID) -> dict[str, Any]:
        return await agents.get_agent(conn, who, agent_id)

    made = await create_once(request, runtime.db, who, make, render)
    return resource(made, 201, location=f"/api/v1/agents/{made['id']}")


@router.get("", response_model=shapes.Agents)
async def list_agents(
    runtime: RuntimeOf, who: SignedIn, limit: Limit = 50, cursor: Cursor = None
) -> Json:
    """The workspace's agents, the newest first."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        return Json(await agents.list_agents(conn, who, limit=limit, cursor=cursor))


@router.get("/{agent_id}", response_model=shapes.Agent)
async def get_agent(agent_id: UUID, runtime: RuntimeOf, who: SignedIn) -> Json:
    """One agent."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        return resource(await agents.get_agent(conn, who, agent_id))


@router.patch("/{agent_id}", response_model=shapes.Agent)
async def update_agent(
    agent_id: UUID,
    body: AgentChange,
    runtime: RuntimeOf,
    who: SignedIn,
    providers: OwnProviders,
    version: IfMatch,
) -> Json:
    """Change an agent; turns that were accepted before keep what they froze."""
    changes = body.changes()
    if "model" in changes:
        providers.resolve(body.model)
    for name in ("parameters", "context"):
        if name in changes:
            changes[name] = changes[name].given()
    async with runtime.db.transaction(who.workspace_id) as conn:
        return resource(await agents.update_agent(conn, who, agent_id, changes, version=version))


@router.delete("/{agent_id}", status_code=204)
async def delete_agent(
    agent_id: UUID, runtime: RuntimeOf, who: SignedIn, version: IfMatch
) -> Response:
    """Retire an agent: it leaves its rooms, its key is free again, its sessions stay."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        await agents.delete_agent(conn, who, agent_id, version=version)
        await roster.leave_rooms(conn, who, agent_id)
    return gone()


@router.get("/{agent_id}/prompts", response_model=shapes.AgentPrompts)
async def list_agent_prompts(
    agent_id: UUID, runtime: RuntimeOf, who: SignedIn, limit: Limit = 50, cursor: Cursor = None
) -> Json:
    """Every role prompt that the agent has had, the newest first; `current` is in force."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        return Json(await agents.list_prompts(conn, who, agent_id, limit=limit, cursor=cursor))


@router.post("/{agent_id}/test", response_model=shapes.AgentTest)
async def test_agent(
    agent_id: UUID, request: Request, runtime: RuntimeOf, who: SignedIn, providers: OwnProviders
) -> Json:
    """Ask the agent's model for one word, with the agent's parameters. It is in the ledger."""

    async def call() -> tuple[UUID, dict[str, Any]]:
        async with runtime.db.transaction(who.workspace_id) as conn:
            agent = await agents.get_agent(conn, who, agent_id)
        provider, model = providers.resolve(agent["model"])
        trial = await try_model(
            runtime.db,
            who,
            provider,
            model,
            seconds=TEST_SECONDS,
            agent_key=agent["key"],
            agent_id=agent_id,
            parameters=agent["parameters"],
        )
        async with runtime.db.transaction(who.workspace_id) as conn:
            tested = await render(conn, trial.attempt_id)
        return trial.attempt_id, {**tested, "text": trial.text, "error": _error(trial.failure)}

    async def render(conn: Connection, attempt_id: UUID) -> dict[str, Any]:
        return {"call": await usage.get_call(conn, who, attempt_id), "text": None, "error": None}

    return Json(await call_once(request, runtime.db, who, call, render))


@router.post("/{agent_id}/sessions", status_code=201, response_model=shapes.Session)
async def create_agent_session(
    agent_id: UUID, body: NewSession, request: Request, runtime: RuntimeOf, who: SignedIn
) -> Json:
    """Open a session with this agent alone."""

    async def make(conn: Connection) -> dict[str, Any]:
        return await sessions.create_session(conn, who, agent_id=agent_id, name=body.name)

    async def render(conn: Connection, session_id: UUID) -> dict[str, Any]:
        return await sessions.get_session(conn, who, session_id)

    made = await create_once(request, runtime.db, who, make, render)
    return resource(made, 201, location=f"/api/v1/sessions/{made['id']}")


@router.get("/{agent_id}/sessions", response_model=shapes.Sessions)
async def list_agent_sessions(
    agent_id: UUID, runtime: RuntimeOf, who: SignedIn, limit: Limit = 50, cursor: Cursor = None
) -> Json:
    """The sessions with this agent alone that you may see, the newest activity first."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        return Json(
            await sessions.list_sessions(conn, who, agent_id=agent_id, limit=limit, cursor=cursor)
        )


def _error(failure: Failure | None) -> dict[str, Any] | None:
    if failure is None:
        return None
    return {
        "code": failure.code,
        "title": failure.title,
        "detail": failure.detail,
        "retryable": failure.retryable,
    }
