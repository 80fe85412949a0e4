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
    turns: int
    last_turn_at: Time | None
    created_at: Time
    version: int


class Sessions(BaseModel):
    """A page of sessions."""

    items: list[Session]
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


class StepAgent(BaseModel):
    """The agent of a step, as its turn has frozen it."""

    key: str
    name: str
    color: int
    model: str


class StepMessage(BaseModel):
    """What a step said; while it runs `id` is `null` and `content` is the text so far."""

    id: Id | None
    content: str


class StepError(BaseModel):
    """Why a step failed."""

    code: str
    title: str
    detail: str
    retryable: bool


class StepRead(BaseModel):
    """An earlier step that this one was shown."""

    step_id: Id
    status: str


class Step(BaseModel):
    """One unit of a turn that yields one stored result."""

    id: Id
    key: str
    kind: Literal["answer", "route", "approval", "synthesis", "summary", "tool"]
    round: int
    position: int
    agent: StepAgent | None
    status: Literal["pending", "running", "completed", "failed", "cancelled", "skipped"]
    message: StepMessage | None
    decision: dict[str, Any] | None
    error: StepError | None
    read: list[StepRead]
    source_step_id: Id | None
    stale: bool
    siblings: list[Id]
    charged: bool
    attempts: int
    usage: Usage
    time_to_first_token_ms: int | None
    latency_ms: int | None
    started_at: Time | None
    finished_at: Time | None


class Seat(BaseModel):
    """An agent of a turn's frozen roster."""

    agent_id: Id
    key: str
    name: str
    color: int
    model: str
    position: int


class TurnContext(BaseModel):
    """Whether anything was left out of what the agents saw."""

    summarised: bool
    pruned: bool
    overflow: bool


class Warning(BaseModel):
    """Something that the user should know and that stops nothing."""

    code: str
    detail: str


class Turn(BaseModel):
    """One user message and all that answers it."""

    id: Id
    session_id: Id
    index: int
    parent_id: Id | None
    retry_of: Id | None
    mode: Mode
    status: Literal[
        "queued", "running", "awaiting_input", "completed", "partial", "failed", "cancelled"
    ]
    stop_reason: str | None
    input: str
    roster: list[Seat]
    steps: list[Step]
    usage: Usage
    context: TurnContext
    warnings: list[Warning]
    approval: dict[str, Any] | None
    error: dict[str, Any] | None
    created_at: Time
    started_at: Time | None
    finished_at: Time | None
    version: int


class Turns(BaseModel):
    """A page of turns."""

    items: list[Turn]
    next_cursor: str | None


class Timeline(BaseModel):
    """A session as the page shows it; the events go on after `last_event_id`."""

    session: Session
    items: list[Turn]
    next_cursor: str | None
    last_event_id: str


class Message(BaseModel):
    """A message of a session's plain history."""

    id: Id
    turn_id: Id
    step_id: Id | None
    role: Literal["user", "agent"]
    agent_key: str | None
    content: str
    created_at: Time


class Messages(BaseModel):
    """A page of messages."""

    items: list[Message]
    next_cursor: str | None


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
    has_key: bool
    last4: str | None
    models: list[str]
    any_model: bool
    available: bool
    reason: str | None
    note: str | None


class Providers(BaseModel):
    """All providers."""

    items: list[Provider]
    next_cursor: None


class ContextSection(BaseModel):
    """A part of a request: where it comes from, what it says, what it costs."""

    origin: str
    tokens: int
    text: str
    from_: dict[str, Any] | str | None = Field(alias="from")


class ContextAction(BaseModel):
    """Something that was summarised or left out, and why."""

    kind: str
    reason: str
    tokens: int


class StepContext(BaseModel):
    """Exactly what a step's newest attempt sent."""

    attempt_id: Id
    model: str
    sections: list[ContextSection]
    budget: dict[str, Any]
    actions: list[ContextAction]
    request_sha256: str
    cached_tokens: int | None


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
