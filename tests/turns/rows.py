"""Step rows in memory, for what is a pure function of them."""

from decimal import Decimal
from typing import Any

from pantheon.base import clock, ids
from pantheon.turns.types import StepPlan, StepRow

WORKSPACE, TURN = ids.new(), ids.new()


def row(plan: StepPlan, status: str = "completed", **given: Any) -> StepRow:
    """Return the row of a planned step; `given` are columns that differ from an empty result."""
    values: dict[str, Any] = {
        "workspace_id": WORKSPACE, "id": ids.new(), "turn_id": TURN, "step_key": plan.key,
        "kind": plan.kind, "round": plan.round, "position": plan.position,
        "agent_key": plan.agent_key, "status": status, "message_id": None, "decision": None,
        "error": None, "read": [], "context_actions": [], "source_step_id": None, "stale": False,
        "attempts": 1, "lost_attempts": 0, "calls": 1, "unpriced_calls": 0, "input_tokens": 0,
        "cached_input_tokens": 0, "output_tokens": 0, "reasoning_tokens": 0,
        "cost_usd": Decimal(0), "charged_microcredits": 0, "estimated": False,
        "time_to_first_token_ms": None, "latency_ms": None, "started_at": clock.now(),
        "finished_at": clock.now(),
    }  # fmt: skip
    return StepRow(**{**values, **given})
