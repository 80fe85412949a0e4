"""The events of a turn: their names, and what one is before and after its commit."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID


class EventType(StrEnum):
    """Every event that a log can hold or a stream can carry."""

    turn_created = "turn.created"
    turn_started = "turn.started"
    step_started = "step.started"
    step_delta = "step.delta"
    step_reasoning = "step.reasoning"
    step_retrying = "step.retrying"
    step_restarted = "step.restarted"
    step_completed = "step.completed"
    step_failed = "step.failed"
    step_cancelled = "step.cancelled"
    step_skipped = "step.skipped"
    route_decided = "route.decided"
    context_summarised = "context.summarised"
    turn_awaiting_input = "turn.awaiting_input"
    turn_completed = "turn.completed"
    stream_reset = "stream.reset"
    session_updated = "session.updated"


@dataclass(frozen=True, slots=True)
class TurnRef:
    """Which turn's log: everything that an event's id and frame need."""

    workspace_id: UUID
    session_id: UUID
    id: UUID
    index: int


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to append; session and turn id are added to `data` by the log."""

    type: EventType
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LogEvent:
    """A committed event. `data` is its JSON as it stands in the log."""

    index: int
    seq: int
    type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class LiveDelta:
    """Text of a running step that is not committed yet, with its place in the step's text.

    `offset` counts code points of the step's text in this attempt.
    """

    ref: TurnRef
    step_id: UUID
    attempt: int
    offset: int
    text: str
