"""The shapes of the contract, for its documentation only: answers are not run through them."""

from typing import Any, Literal

from pydantic import BaseModel, Field

Id = str
Time = str
Mode = Literal["direct", "manual", "roundtable", "orchestrator"]
Scope = Literal["read", "write", "admin"]


class Problem(BaseModel):
    """Every error (RFC 9457). `code` is stable; some problems have further members."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    instance: str
    errors: list[dict[str, str]] = Field(
        default=[], description="Per wrong field: `detail`, and `pointer` or `parameter`."
    )


class Agent(BaseModel):
    """A named participant, reusable in many rooms."""

    id: Id
    key: str
    name: str
    color: int
    model: str
    role_prompt: str
    parameters: dict[str, Any]
    tools: list[str]
    context: dict[str, Any]
    created_at: Time
    updated_at: Time
    version: int


class Agents(BaseModel):
    """A page of agents."""

    items: list[Agent]
    next_cursor: str | None


class AgentPrompt(BaseModel):
    """A version of an agent's role prompt."""

    id: Id
    text: str
    created_at: Time
    current: bool


class AgentPrompts(BaseModel):
    """A page of role prompts."""

    items: list[AgentPrompt]
    next_cursor: str | None


class RoomAgent(BaseModel):
    """An agent's seat in a room."""

    agent_id: Id
    key: str
    name: str
    color: int
    model: str
    position: int
    muted: bool
    context: dict[str, Any] | None


class Room(BaseModel):
    """An ordered roster of agents with a goal and a mode."""

    id: Id
    name: str
    goal: str | None
    mode: Mode
    mentions: Literal["override", "first", "ignore"]
    order: Literal["parallel", "sequence"]
    approve: Literal["never", "plan", "each_round", "each_agent"]
    manager: dict[str, Any] | None
    limits: dict[str, Any]
    summary_model: str | None = Field(
        description="Who summarises older turns; `null`: an agent's own model."
    )
    agents: list[RoomAgent]
    created_at: Time
    updated_at: Time
    version: int


class Rooms(BaseModel):
    """A page of rooms."""

    items: list[Room]
    next_cursor: str | None


class Session(BaseModel):
    """One conversation, in a room or with a single agent."""

    id: Id
    name: str | None
    room_id: Id | None
    agent_id: Id | None
    user_id: Id
    shared: bool
    pinned: bool
    head_turn_id: Id | None
    forked_from: Id | None = Field(description="The turn of another session it went on from.")
    turns: int
    last_turn_at: Time | None
    created_at: Time
    version: int


class Sessions(BaseModel):
    """A page of sessions."""

    items: list[Session]
    next_cursor: str | None


class TextRange(BaseModel):
    """A part of a text: from `start` up to `end`, counted in code points."""

    start: int
    end: int


class NamedSession(BaseModel):
    """A session whose name has the words; `highlights` are ranges of the name."""

    session: Session
    highlights: list[TextRange]


class FoundMessage(BaseModel):
    """A message that has the words; `highlights` are ranges of the excerpt."""

    message_id: Id
    session_id: Id
    session_name: str | None
    turn_id: Id
    step_id: Id | None
    role: Literal["user", "agent"]
    agent_key: str | None
    excerpt: str
    highlights: list[TextRange]
    created_at: Time


class SearchResult(BaseModel):
    """Sessions by name (at most 20, on the first page), and a page of messages, newest first."""

    sessions: list[NamedSession]
    items: list[FoundMessage]
    next_cursor: str | None


class Usage(BaseModel):
    """Tokens and cost. Cached tokens are part of the input, reasoning of the output."""

    input_tokens: int
    cached_input_tokens: int
    output_tokens: int
    reasoning_tokens: int
    calls: int
    unpriced_calls: int
    cost_usd: str | None = Field(description="US dollars; `null` where no call has a price.")
    credits: str
    estimated: bool


class Call(BaseModel):
    """One request to a model provider, as the ledger has it."""

    id: Id
    turn_id: Id | None
    step_id: Id | None
    session_id: Id | None
    room_id: Id | None
    purpose: Literal["answer", "route", "repair", "synthesis", "summary", "title", "test"]
    agent_key: str | None
    provider: str
    model: str
    outcome: Literal["completed", "failed", "cancelled", "lost"]
    error_code: str | None
    usage: Usage
    pricing_version: str | None
    request_sha256: str
    provider_request_id: str | None
    time_to_first_token_ms: int | None
    latency_ms: int | None
    created_at: Time


class Calls(BaseModel):
    """A page of the ledger."""

    items: list[Call]
    next_cursor: str | None


class StepError(BaseModel):
    """Why a step, or a test of an agent, failed."""

    code: str
    title: str
    detail: str
    retryable: bool
    attempts: int | None = Field(default=None, description="How often it was tried.")


class AgentTest(BaseModel):
    """How a test went. `text` and `error` are `null` where it was repeated by its key."""

    call: Call
    text: str | None
    error: StepError | None


class UsageSum(BaseModel):
    """Usage of one combination of what was grouped by; other groups are absent."""

    day: str | None = None
    week: str | None = None
    month: str | None = None
    model: str | None = None
    agent: str | None = None
    room: Id | None = None
    session: Id | None = None
    turn: Id | None = None
    purpose: str | None = None
    user: Id | None = None
    usage: Usage


class UsageReport(BaseModel):
    """A page of sums."""

    items: list[UsageSum]
    next_cursor: str | None


class Prices(BaseModel):
    """US dollars per million tokens; `version` names the price list."""

    input: str
    output: str
    cached_input: str | None
    version: str


class Model(BaseModel):
    """A model that agents can have."""

    id: str
    context_window: int
    max_output_tokens: int
    capabilities: list[str]
    prices: Prices | None = Field(description="`null`: unpriced.")
    available: bool
    reason: str | None


class Models(BaseModel):
    """All models of all providers."""

    items: list[Model]
    next_cursor: None


class Provider(BaseModel):
    """A model provider: where its key comes from, what it has, why it cannot be used."""

    name: str
    kind: str
    source: str
    takes_key: bool = Field(description="Whether a key can be entered here.")
    has_key: bool
    last4: str | None
    models: list[str]
    any_model: bool
    available: bool
    reason: str | None
    note: str | None


class ProviderKeySet(BaseModel):
    """A provider with the key that was just stored, and how its test went.

    `call` is the test as the ledger has it; `null` where the server told of no model to ask.
    """

    provider: Provider
    call: Call | None
    text: str | None
    error: StepError | None


class Providers(BaseModel):
    """All providers."""

    items: list[Provider]
    next_cursor: None


class User(BaseModel):
    """Who is signed in."""

    id: Id
    name: str
    role: Literal["owner", "admin", "member"]
    scopes: list[Scope]


class Workspace(BaseModel):
    """The workspace of who is signed in."""

    id: Id
    name: str


class Info(BaseModel):
    """What this server can do, and who is asking."""

    version: str
    modes: list[Mode]
    features: list[str]
    user: User
    workspace: Workspace


class ApiKey(BaseModel):
    """An API key, without the key itself."""

    id: Id
    name: str
    scopes: list[Scope]
    last4: str
    user_id: Id
    created_at: Time


class NewApiKey(ApiKey):
    """A key that was just made: `token` is shown this once."""

    token: str | None


class ApiKeys(BaseModel):
    """A page of keys."""

    items: list[ApiKey]
    next_cursor: str | None


class Alive(BaseModel):
    """The process is alive."""

    status: Literal["ok"]


class Check(BaseModel):
    """One check of readiness."""

    ok: bool
    detail: str


class Readiness(BaseModel):
    """Whether this process can do its work."""

    status: Literal["ok", "degraded", "down"]
    checks: dict[str, Check]
