"""The words of a turn: what is wanted, what is frozen, its rows, and the state of a run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from pantheon.events.types import TurnRef
from pantheon.ledger.terms import UNBILLED, Terms

GRAPH_VERSION = 1
"""Changes when step keys or the order of steps change: an old turn needs a build that knows it."""


class TurnStatus(StrEnum):
    """Where a turn is. Terminal is terminal."""

    queued = "queued"
    running = "running"
    awaiting_input = "awaiting_input"
    completed = "completed"
    partial = "partial"
    failed = "failed"
    cancelled = "cancelled"

    @property
    def terminal(self) -> bool:
        """Whether nothing can change any more."""
        return self in (self.completed, self.partial, self.failed, self.cancelled)


class StepStatus(StrEnum):
    """Where a step is."""

    pending = "pending"
    running = "running"
    completed = "completed"
    failed = "failed"
    cancelled = "cancelled"
    skipped = "skipped"

    @property
    def terminal(self) -> bool:
        """Whether the step has its result."""
        return self not in (self.pending, self.running)


@dataclass(frozen=True, slots=True)
class TurnInput:
    """What a user asks for. `agents` are keys beside those tagged in the text."""

    text: str
    mode: str | None = None
    agents: tuple[str, ...] = ()
    order: str | None = None
    models: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, Any] = field(default_factory=dict)
    approve: str | None = None


@dataclass(frozen=True, slots=True)
class Seat:
    """An agent as a turn has frozen it. The room's own manager is no agent and has no prompt."""

    agent_id: str | None
    key: str
    name: str
    color: int
    model: str
    position: int
    prompt_id: str | None
    parameters: Mapping[str, Any]
    context: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Frozen:
    """What a turn keeps from its acceptance on, whatever changes in the room.

    `manager` is an orchestrator's; `manager_prompt` its role where it is no agent of the room.
    `approve` says what waits for the user's word, `summary_model` who summarises: `None` for the
    agent's own model.
    """

    seats: tuple[Seat, ...]
    goal: str | None
    order: str
    limits: Mapping[str, Any]
    in_room: bool
    approve: str = "never"
    manager: Seat | None = None
    manager_prompt: str = ""
    summary_model: str | None = None
    terms: Terms = UNBILLED

    @property
    def everybody(self) -> tuple[Seat, ...]:
        """The seats, and the manager where there is one."""
        return self.seats if self.manager is None else (*self.seats, self.manager)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of those who can be asked, in their order."""
        return tuple(seat.key for seat in self.seats)

    def seat(self, key: str) -> Seat:
        """Return the seat of an agent of this turn, or of its manager."""
        return next(seat for seat in self.everybody if seat.key == key)

    def dump(self) -> dict[str, Any]:
        """Return it as it is stored."""
        return {
            "seats": [_dumped(seat) for seat in self.seats],
            "goal": self.goal,
            "order": self.order,
            "limits": dict(self.limits),
            "in_room": self.in_room,
            "approve": self.approve,
            "manager": self.manager and _dumped(self.manager),
            "manager_prompt": self.manager_prompt,
            "summary_model": self.summary_model,
            "terms": self.terms.dump(),
        }

    @classmethod
    def load(cls, stored: Mapping[str, Any]) -> Self:
        """Read what `dump` wrote."""
        manager = stored["manager"]
        return cls(
            tuple(Seat(**seat) for seat in stored["seats"]),
            stored["goal"],
            stored["order"],
            stored["limits"],
            stored["in_room"],
            stored["approve"],
            manager and Seat(**manager),
            stored["manager_prompt"],
            stored.get("summary_model"),
            Terms.load(stored.get("terms")),
        )


def _dumped(seat: Seat) -> dict[str, Any]:
    return {name: getattr(seat, name) for name in Seat.__slots__}


@dataclass(frozen=True, slots=True)
class StepPlan:
    """A step that a mode wants done. The key is a pure function of the turn's state.

    `agent_key` is who does it; `None` for what the user decides.
    """

    key: str
    kind: str
    round: int
    position: int
    agent_key: str | None


@dataclass(frozen=True, slots=True)
class Stop:
    """Nothing more is to be done.

    `reason` is a cap that was reached, or what else ended the turn early. `whole`: every step
    that the mode wants has its result; else the run was broken off.
    """

    reason: str | None = None
    whole: bool = True


@dataclass(frozen=True, slots=True)
class TurnRow:
    """A row of `turns`."""

    workspace_id: UUID
    id: UUID
    session_id: UUID
    user_id: UUID
    room_id: UUID | None
    index: int
    parent_id: UUID | None
    retry_of: UUID | None
    mode: str
    status: str
    stop_reason: str | None
    error: dict[str, Any] | None
    warnings: list[dict[str, Any]]
    input_message_id: UUID
    frozen: dict[str, Any]
    graph_version: int
    cancel_requested: str | None
    lease_epoch: int
    lease_owner: UUID | None
    lease_expires_at: datetime | None
    awaiting_until: datetime | None
    takeovers: int
    faults: int
    last_seq: int
    events_purged: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def ref(self) -> TurnRef:
        """The turn's place in the logs."""
        return TurnRef(self.workspace_id, self.session_id, self.id, self.index)


@dataclass(frozen=True, slots=True)
class StepRow:
    """A row of `steps`, with its message's text (or, while it runs, its text so far)."""

    workspace_id: UUID
    id: UUID
    turn_id: UUID
    step_key: str
    kind: str
    round: int
    position: int
    agent_key: str | None
    status: str
    message_id: UUID | None
    decision: dict[str, Any] | None
    error: dict[str, Any] | None
    read: list[dict[str, Any]]
    context_actions: list[str]
    source_step_id: UUID | None
    stale: bool
    attempts: int
    lost_attempts: int
    calls: int
    unpriced_calls: int
    input_tokens: int
    cached_input_tokens: int
    output_tokens: int
    reasoning_tokens: int
    cost_usd: Decimal
    charged_microcredits: int
    estimated: bool
    time_to_first_token_ms: int | None
    latency_ms: int | None
    started_at: datetime | None
    finished_at: datetime | None
    content: str | None = None

    @property
    def done(self) -> bool:
        """Whether the step has its result."""
        return StepStatus(self.status).terminal
