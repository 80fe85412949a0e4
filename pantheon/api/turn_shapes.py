"""The shapes of turns, for the contract's documentation only, as in `shapes`."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from pantheon.api.shapes import Id, Mode, Session, StepError, Time, Usage


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


class Limits(BaseModel):
    """The caps that a turn has frozen: its own, the room's, or the defaults."""

    turn_seconds: int
    step_seconds: int
    parallel: int
    rounds: int
    calls_per_agent: int
    calls: int
    approval_seconds: int
    credits: str | None = None


class ProposedAssignment(BaseModel):
    """What a manager wants an agent to do."""

    agent: str
    brief: str


class ProposedAssignments(BaseModel):
    """A manager's round, which waits for the user's word."""

    kind: Literal["assignments"]
    reason: str
    assignments: list[ProposedAssignment]


class ProposedAgent(BaseModel):
    """Who speaks next in a round table that pauses between its agents."""

    kind: Literal["next_agent"]
    agent: str


class WaitingApproval(BaseModel):
    """What a waiting turn asks its user; without an answer it ends at `expires_at`."""

    id: Id
    kind: Literal["assignments", "next_agent"]
    proposal: ProposedAssignments | ProposedAgent = Field(discriminator="kind")
    expires_at: Time


class TurnError(BaseModel):
    """What broke a turn as a whole."""

    code: str
    title: str
    detail: str
    status: int


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
    input_message_id: Id
    roster: list[Seat]
    steps: list[Step]
    usage: Usage
    context: TurnContext
    warnings: list[Warning]
    limits: Limits
    approval: WaitingApproval | None
    error: TurnError | None
    created_at: Time
    started_at: Time | None
    finished_at: Time | None
    version: int


class ForecastContext(BaseModel):
    """How full an agent's window would be, in tokens."""

    used: int
    window: int


class CountRange(BaseModel):
    """At least, and at most."""

    low: int
    high: int


class MoneyRange(BaseModel):
    """At least, and at most: decimal strings."""

    low: str
    high: str


class ForecastAgent(BaseModel):
    """What one agent of a turn would use."""

    key: str
    model: str
    calls: CountRange
    tokens: CountRange
    cost_usd: MoneyRange | None
    credits: MoneyRange
    context: ForecastContext


class Forecast(BaseModel):
    """What a turn would cost. `cost_usd` leaves out the models in `unpriced`."""

    mode: str
    agents: list[ForecastAgent]
    calls: CountRange
    tokens: CountRange
    cost_usd: MoneyRange | None
    credits: MoneyRange
    unpriced: list[str]
    warnings: list[Warning]


class Turns(BaseModel):
    """A page of turns; `pinned` are the ids of those of their messages that are pinned."""

    items: list[Turn]
    pinned: list[Id]
    next_cursor: str | None


class Timeline(BaseModel):
    """A session as the page shows it; the events go on after `last_event_id`.

    `pinned` are the ids of those messages of these turns that are pinned.
    """

    session: Session
    items: list[Turn]
    pinned: list[Id]
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
    pinned: bool
    created_at: Time


class Messages(BaseModel):
    """A page of messages."""

    items: list[Message]
    next_cursor: str | None


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
    """Exactly what an attempt of a step sent. `exact`: to the byte; `/request` has the body."""

    attempt_id: Id
    attempt: int
    model: str
    sections: list[ContextSection]
    budget: dict[str, Any]
    actions: list[ContextAction]
    request_sha256: str
    exact: bool
    cached_tokens: int | None


class SummaryItem(BaseModel):
    """One thing that was said, and the turns that it comes from, by their index."""

    text: str
    turns: list[int]


class SummaryContent(BaseModel):
    """What a summary says. A list has items or is `null`."""

    summary: str
    key_facts: list[SummaryItem]
    decisions: list[SummaryItem] | None
    open_questions: list[SummaryItem] | None
    action_items: list[SummaryItem] | None
    figures_and_names: list[SummaryItem] | None


class SummaryDrop(BaseModel):
    """An item that was dropped because what it says was never said."""

    field: str
    text: str
    reason: str


class Summary(BaseModel):
    """A version of what stands for a session's older turns. Agents read the `current` one."""

    id: Id
    session_id: Id
    scope: str = Field(description="`all`, or `own:{key}`: what that agent alone sees.")
    version: int
    from_turn: int
    to_turn: int
    to_turn_id: Id
    previous_id: Id | None
    step_id: Id | None
    edited_by: Id | None
    content: SummaryContent
    dropped: list[SummaryDrop]
    tokens: int = Field(description="What it takes of a window, by the estimate.")
    state: Literal["current", "replaced", "undone", "source_deleted"]
    created_at: Time


class Summaries(BaseModel):
    """A page of summaries."""

    items: list[Summary]
    next_cursor: str | None
